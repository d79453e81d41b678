package accounts

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for _, c := range []struct {
		name, password string
		ok             bool
	}{
		{"the demo's password", "correct horse battery staple", true},
		{"15 characters", "fifteen charact", true},
		{"14 characters", "fourteen chars", false},
		{"15 characters of 2 bytes", strings.Repeat("é", 15), true},
		{"14 characters of 4 bytes", strings.Repeat("🔑", 14), false},
		{"15 letters written as 30 code points", strings.Repeat("e\u0301", 15), true},
		{"14 letters written as 28 code points", strings.Repeat("e\u0301", 14), false},
		{"64 characters", strings.Repeat("x", 64), true},
		{"1024 bytes", strings.Repeat("y", 1024), true},
		{"1025 bytes", strings.Repeat("y", 1025), false},
		{"far too long", strings.Repeat("y", 60_000), false},
		{"no digits, signs or capitals", "nothingbutletters", true},
		{"spaces at the ends stay", " fourteen char ", true},
		{"the address", "somebody@example.com", false},
		{"the address in capitals", "SOMEBODY@EXAMPLE.COM", false},
		{"common", "passwordpassword", false},
		{"common in capitals", "PasswordPassword", false},
		{"common, first of the list", "000000000000000", false},
		{"common, last of the list", "zxcvbnmzxcvbnmzxcvbnm", false},
		{"empty", "", false},
		{"broken UTF-8", strings.Repeat("\xff", 20), false},
	} {
		err := f.checkPassword(normalizePassword(secret.FromString(c.password)), "somebody@example.com")
		var weak *auth.WeakPassword
		if c.ok != (err == nil) || err != nil && (!errors.As(err, &weak) || weak.Reason == "") {
			t.Errorf("%s: got %v, want ok = %v", c.name, err, c.ok)
		}
	}
}

func TestLongLocalPartIsNoPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	if err := f.checkPassword(secret.FromString("Bartholomew.Featherstone"), "bartholomew.featherstone@example.com"); !errors.Is(err, auth.ErrWeakPassword) {
		t.Errorf("got %v, want a weak password", err)
	}
}

func TestCommonPasswordsAreSortedLowerCaseAndLongEnoughToMatter(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(commonPasswords, "\n"), "\n")
	if len(lines) < 100 {
		t.Errorf("%d passwords, want at least 100", len(lines))
	}
	for _, l := range lines {
		if utf8.RuneCountInString(l) < defaultMinPassword || l != strings.ToLower(l) || strings.TrimSpace(l) != l {
			t.Errorf("%q can never be matched", l)
		}
	}
	if slices.Sort(lines); len(slices.Compact(lines)) != len(lines) {
		t.Error("a password stands twice")
	}
}

func TestMinimumLengthIsConfigurable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(n *Needs) { n.MinPassword = 8 })
	if err := f.checkPassword(secret.FromString("12 chars ok!"), "a@example.com"); err != nil {
		t.Errorf("got %v, want it accepted", err)
	}
	if err := f.checkPassword(secret.FromString("7 chars"), "a@example.com"); !errors.Is(err, auth.ErrWeakPassword) {
		t.Errorf("got %v, want a weak password", err)
	}
}
