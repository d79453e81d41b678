package accounts

import (
	"errors"
	"slices"
	"strings"
	"testing"

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
		{"15 characters of 2 bytes", strings.Repeat("éàüöç", 3), true},
		{"14 characters of 4 bytes", strings.Repeat("🔑", 14), false},
		{"15 letters written as 30 code points", strings.Repeat("e\u0301a\u0300u\u0308o\u0308c\u0327", 3), true},
		{"14 letters written as 28 code points", strings.Repeat("e\u0301", 14), false},
		{"64 characters", strings.Repeat("a quiet lantern ", 4), true},
		{"1024 bytes", strings.Repeat("a quiet lantern ", 64), true},
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

// Whoever speaks another language than the reason tells it by the rule.
func TestARefusedPasswordNamesItsRule(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for password, want := range map[string]auth.WeakPassword{
		strings.Repeat("\xff", 20):  {Rule: auth.PasswordIsNoText},
		strings.Repeat("y", 1025):   {Rule: auth.PasswordTooLong, Limit: 1024},
		"fourteen chars":            {Rule: auth.PasswordTooShort, Limit: 15},
		strings.Repeat("ab", 10):    {Rule: auth.PasswordRepeats},
		"passwordpassword":          {Rule: auth.PasswordCommon},
		"somebody@example.com":      {Rule: auth.PasswordObvious},
		"somebody@example.com 1234": {Rule: auth.PasswordObvious},
	} {
		var weak *auth.WeakPassword
		err := f.checkPassword(normalizePassword(secret.FromString(password)), "somebody@example.com")
		if !errors.As(err, &weak) || weak.Rule != want.Rule || weak.Limit != want.Limit {
			t.Errorf("%q: got %#v, want %#v", password[:4], weak, want)
		}
	}
}

func TestCommonPasswordsAreRefusedHoweverTheyAreDressedUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(n *Needs) { n.MinPassword = 8 })
	for password, ok := range map[string]bool{
		"password": false, "12345678": false, "qwertyuiop": false, "iloveyou": false, "1q2w3e4r5t": false, // short and common
		"Password1!": false, "P@ssw0rd": false, "$unsh1ne2026": false, "123dragon123": false, "Pa$$w0rd2026!!": false, // dressed up
		"passwordpasswordpassword": false, "Sunsh1neSunsh1ne": false, "contrase\u00f1a123456": false, "CONTRASEN\u0303A123456": false,
		"correct horse": true, "password of a whale": true, "7d8K#p2q": true, "12 monkeys on a raft": true, "0a1b2c3d": true,
	} {
		err := f.checkPassword(normalizePassword(secret.FromString(password)), "somebody@example.com")
		if ok != (err == nil) || err != nil && !errors.Is(err, auth.ErrWeakPassword) {
			t.Errorf("%s: got %v, want ok = %v", password, err, ok)
		}
	}
}

func TestPasswordsThatSayLittleAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for password, ok := range map[string]bool{
		strings.Repeat(" ", 15): false, strings.Repeat(".", 20): false, strings.Repeat("\t", 15): false, strings.Repeat("\u200b", 15): false,
		strings.Repeat("\u0301", 15): false, "abababababababab": false, "aaaaaaaaaaaaaab": false, "121212121212121212": false,
		"passwordpasswordp": false, "password password": false, "password-password": false, "pass\u200bword password": false,
		"p.a.s.s.w.o.r.d.1.2.3": false, "passwordqwertyuiop": false, "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44": false,
		"correct horse battery staple": true, "a quiet brass lantern": true, "three purple monkeys": true, "\u4f60\u597d\u4e16\u754c\u5982\u6b64\u7f8e\u4e3d\u7684\u4e00\u5929\u7ed9\u6211\u4eec\u5927\u5bb6": true,
	} {
		err := f.checkPassword(normalizePassword(secret.FromString(password)), "somebody@example.com")
		if ok != (err == nil) || err != nil && !errors.Is(err, auth.ErrWeakPassword) {
			t.Errorf("%q: got %v, want ok = %v", password, err, ok)
		}
	}
}

func TestPasswordIsMoreThanItsContext(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(n *Needs) { n.MinPassword = 8 })
	const email = "bartholomew.featherstone@widgets.example"
	for password, ok := range map[string]bool{
		"Bartholomew.Featherstone": false, "featherstone": false, "Featherstone2026!": false, "1bartholomew1": false, "widgets2026": false,
		email: false, "DayPass!": false, "daypassdaypass": false, "Daypass-2026": false, "daypass-password": false, "my.daypass.1": false,
		"featherstone likes tea": true, "a daypass for the whale": true, "correct horse battery": true,
	} {
		err := f.checkPassword(secret.FromString(password), email)
		if ok != (err == nil) || err != nil && !errors.Is(err, auth.ErrWeakPassword) {
			t.Errorf("%s: got %v, want ok = %v", password, err, ok)
		}
	}
	// A short name is no reason to refuse whatever has its letters.
	if err := f.checkPassword(secret.FromString("planning manners"), "ann@example.com"); err != nil {
		t.Errorf("got %v, want it accepted", err)
	}
}

func TestCommonPasswordsAreSortedLowerCaseAndLongEnoughToMatter(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(embeddedCommon, "\n"), "\n")
	if len(lines) < 10_000 || !slices.IsSorted(lines) {
		t.Errorf("%d passwords, sorted %v, want at least 10000", len(lines), slices.IsSorted(lines))
	}
	for _, l := range lines {
		if len(l) < minCore || l != fold(l) || strings.TrimSpace(l) != l {
			t.Errorf("%q can never be matched", l)
		}
	}
	if len(slices.Compact(slices.Clone(lines))) != len(lines) || len(newCommon(embeddedCommon)) != len(lines) {
		t.Error("a password stands twice")
	}
}

func TestListOfCommonPasswordsIsReplaceable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(n *Needs) { n.Common, n.MinPassword = "Zebra Crossing\r\n\nthe local football club", 8 })
	for password, ok := range map[string]bool{"zebra crossing": false, "The Local Football Club": false, "password": true} {
		if err := f.checkPassword(secret.FromString(password), "a@example.com"); ok != (err == nil) {
			t.Errorf("%s: got %v, want ok = %v", password, err, ok)
		}
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
