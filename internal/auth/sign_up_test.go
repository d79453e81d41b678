package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

func TestSignUpTokenOpensForItsServerAlone(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	begun := SignUp{ID: NewID(now), Email: "zoë@example.com", Password: secret.FromString("$argon2id$x"), CodeMAC: [32]byte{5}, ExpiresAt: now}
	token, err := begun.Token(derivedKeys(3))
	if err != nil {
		t.Fatal(err)
	}
	got, ok := ReadSignUp(token, derivedKeys(3))
	if !ok || got.ID != begun.ID || got.Email != begun.Email || !got.Password.Equal(begun.Password) || got.CodeMAC != begun.CodeMAC || !got.ExpiresAt.Equal(now) {
		t.Errorf("got %+v, %v", got, ok)
	}
	text := token.Reveal()
	if strings.Contains(text, "argon2id") {
		t.Error("the hash can be read")
	}
	for name, bad := range map[string]string{
		"empty": "", "prefix alone": SignUpPrefix, "short": SignUpPrefix + "AAAA", "no base64": SignUpPrefix + "!" + text[5:],
		"changed": text[:len(text)-6] + "AAAAA" + text[len(text)-1:], "another version": SignUpPrefix + "BQ" + text[6:], "too long": text + strings.Repeat("A", 4096),
	} {
		if _, ok := ReadSignUp(secret.FromString(bad), derivedKeys(3)); ok {
			t.Errorf("%s: opens", name)
		}
	}
}

func TestCodesAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 200 {
		code := NewCode().Reveal()
		if len(code) != 9 || code[4] != '-' || strings.Trim(code, codeAlphabet+"-") != "" || seen[code] {
			t.Fatalf("code %q", code)
		}
		seen[code] = true
	}
	c := AddressChange{UserID: ID{1}, SessionID: ID{2}, Email: "a@example.com", ExpiresAt: time.Unix(100, 0)}
	mac, _ := c.MAC(secret.FromString("ABCD-EFGH"), derivedKeys(1))
	c.CodeMAC = mac
	for typed, want := range map[string]bool{"ABCD-EFGH": true, " abcd efgh ": true, "abcdefgh": true, "ABCD-EFGJ": false, "": false} {
		if got := c.Proven(secret.FromString(typed), ID{2}, derivedKeys(1), time.Unix(99, 0)); got != want {
			t.Errorf("%q: got %v, want %v", typed, got, want)
		}
	}
	for name, got := range map[string]bool{
		"too late":        c.Proven(secret.FromString("ABCD-EFGH"), ID{2}, derivedKeys(1), time.Unix(100, 0)),
		"another session": c.Proven(secret.FromString("ABCD-EFGH"), ID{3}, derivedKeys(1), time.Unix(99, 0)),
	} {
		if got {
			t.Errorf("%s: proven", name)
		}
	}
}
