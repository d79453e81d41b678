package auth

import (
	"errors"
	"strings"
	"testing"
)

func TestAddressesAreComparedInOneForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"demo@example.com":          "demo@example.com",
		"  Demo@EXAMPLE.com\t":      "demo@example.com",
		"first.last+tag@sub.ex.org": "first.last+tag@sub.ex.org",
		"root@localhost":            "root@localhost",
		"e\u0301@example.com":       "é@example.com",
		"É@example.com":             "é@example.com",
		"J\u030c@example.com":       "ǰ@example.com", // only its lower case has one code point
		"\u212a@example.com":        "k@example.com", // the Kelvin sign
		"用户@例子.中国":                  "用户@例子.中国",
	} {
		if got, err := NormalizeEmail(in); err != nil || got != want {
			t.Errorf("NormalizeEmail(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestWhatIsNoSingleAddressIsRefused(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", " ", "@", "a@", "@b.c", "a", "a@b", "a@@b.c", "a@b..c", "a@.b.c", "a@b.c.", "a b@c.d", "a@b .c", "a@b.c,d@e.f", "a@b.c;", "g:a@b.c;",
		"A <a@b.c>", "<a@b.c>", `"a"@b.c`, "a@b.c (note)", "a@b.c(note)", "a\n@b.c", "a@b.c\r\nBcc: x@y.z", "a\x00@b.c", "a\x7f@b.c", "a\xff@b.c",
		"a\u00a0b@c.d", "mailto:a@b.c", strings.Repeat("a", 251) + "@b.c", strings.Repeat("\u023a", 120) + "@b.c",
	} {
		if got, err := NormalizeEmail(in); !errors.Is(err, ErrEmail) || got != "" {
			t.Errorf("NormalizeEmail(%q) = %q, %v; want ErrEmail", in, got, err)
		}
	}
}

func TestWeakPasswordIsErrWeakPassword(t *testing.T) {
	t.Parallel()
	err := error(&WeakPassword{Reason: "too short"})
	if !errors.Is(err, ErrWeakPassword) || errors.Is(err, ErrEmail) || err.Error() != "too short" {
		t.Errorf("%v", err)
	}
}
