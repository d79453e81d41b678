package auth

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Whatever is accepted re-encodes to the very same characters, and every refusal is one of the two.
func FuzzParseRefreshToken(f *testing.F) {
	f.Add(golden)
	f.Add(RefreshPrefix)
	f.Add(golden[:len(golden)-1])
	f.Add(golden + "=")
	f.Add(golden[:20] + "\n" + golden[20:])
	f.Add(RefreshPrefix + strings.Repeat("A", 76))
	f.Add(RefreshPrefix + strings.Repeat("_", 76))
	body := goldenBody(f)
	for _, version := range []byte{0, 2, 255} {
		body[0] = version
		f.Add(reseal(body))
	}
	f.Fuzz(func(t *testing.T, s string) {
		token, err := parse(s)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrKeyUnknown) {
				t.Fatalf("refused by %v", err)
			}
			return
		}
		if again := encode(t, token); again != s {
			t.Fatalf("accepted %q, which encodes to %q", s, again)
		}
	})
}

func FuzzParseID(f *testing.F) {
	f.Add("019a9f2e-7c00-7abc-8def-0123456789ab")
	f.Add("019A9F2E-7C00-7ABC-8DEF-0123456789AB")
	f.Add("00000000-0000-0000-0000-000000000000")
	f.Add("019a9f2e7c007abc8def0123456789ab")
	f.Add("{019a9f2e-7c00-7abc-8def-0123456789a}")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		switch {
		case err == nil && id.String() != s:
			t.Fatalf("accepted %q, which prints as %q", s, id)
		case err != nil && !errors.Is(err, ErrID):
			t.Fatalf("refused by %v", err)
		case err != nil && !id.IsZero():
			t.Fatalf("refused and returned %v", id)
		}
	})
}

// Two spellings of one address must meet in one row, and a stored address must be found again.
func FuzzNormalizeEmail(f *testing.F) {
	for _, s := range []string{
		"demo@example.com", " Demo@Example.COM ", "a@localhost", "a@b", "@", "", "a b@c.d", "a@b.c,d@e.f", "A <a@b.c>", "\"a b\"@c.d",
		"J\u030c@example.com", "\u0130@example.com", "e\u0301@example.com", "\u212a@example.com", "a\x00@b.c", "a\xff@b.c", "a@[127.0.0.1]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := NormalizeEmail(s)
		if err != nil {
			if !errors.Is(err, ErrEmail) || got != "" {
				t.Fatalf("%q: %q, %v", s, got, err)
			}
			return
		}
		if again, err := NormalizeEmail(got); err != nil || again != got {
			t.Fatalf("%q became %q, which becomes %q (%v)", s, got, again, err)
		}
		if !utf8.ValidString(got) || !norm.NFC.IsNormalString(got) || len(got) > 254 || strings.Count(got, "@") < 1 ||
			strings.ContainsFunc(got, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
			t.Fatalf("%q became %q", s, got)
		}
	})
}
