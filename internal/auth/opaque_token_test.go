package auth

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/secret"
)

// derived has a master key under version 3.
type derived struct{}

func (derived) Derived(version byte, purpose string) (secret.Token, bool) {
	return secret.Derive(secret.FromString(strings.Repeat("m", 32)), purpose), version == 3
}

func (derived) Active() byte { return 3 }

func opaqueSample(t testing.TB) (AccessClaims, secret.Token) {
	t.Helper()
	c := AccessClaims{
		Issuer: "https://id.example", Subject: "ada", Audience: Audience{"urn:dark"}, Expires: 1795435800, IssuedAt: 1795435200, ID: "jti", ClientID: "app",
		Scope: "look", GrantID: "gid", Epoch: 7, AMR: []string{"pwd"},
	}
	key, _ := derived{}.Derived(3, OpaquePurpose)
	token, err := SealOpaque(c, 3, key)
	if err != nil {
		t.Fatal(err)
	}
	return c, token
}

// AT-03; design §3.
func TestAnOpaqueTokenTellsItsClaimsToThisServerAlone(t *testing.T) {
	t.Parallel()
	want, token := opaqueSample(t)
	got, err := OpenOpaque(token, derived{})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if _, again := opaqueSample(t); again.Equal(token) {
		t.Error("the same claims give the same characters")
	}
	for _, told := range []string{"app", "urn:dark", "ada", "look"} {
		if strings.Contains(token.Reveal(), told) {
			t.Errorf("%q can be read in the token", told)
		}
	}
	withRoles := want
	withRoles.Roles = []string{"admin"}
	key, _ := derived{}.Derived(3, OpaquePurpose)
	if token, err = SealOpaque(withRoles, 3, key); err != nil {
		t.Fatal(err)
	}
	if got, err := OpenOpaque(token, derived{}); err != nil || got.Roles != nil {
		t.Errorf("roles travel in the token: %v, %v", got.Roles, err)
	}
}

func TestAChangedOpaqueTokenIsNone(t *testing.T) {
	t.Parallel()
	_, token := opaqueSample(t)
	s := token.Reveal()
	for i := range len(s) {
		for _, c := range "AB_" {
			changed := s[:i] + string(c) + s[i+1:]
			if changed == s {
				continue
			}
			if _, err := OpenOpaque(secret.FromString(changed), derived{}); !errors.Is(err, ErrNotOpaque) && !errors.Is(err, ErrKeyUnknown) {
				t.Fatalf("character %d changed: got %v", i, err)
			}
		}
	}
	for _, bad := range []string{"", "dpa_", "dpa_AAAA", s[:len(s)-1], s + "A", s + "\n", s[:40] + "\r\n" + s[40:], "dpr_" + s[4:], strings.ToUpper(s), s + "=", "dpa_" + strings.Repeat("A", 9000)} {
		if _, err := OpenOpaque(secret.FromString(bad), derived{}); !errors.Is(err, ErrNotOpaque) && !errors.Is(err, ErrKeyUnknown) {
			t.Errorf("%.20q…: got %v", bad, err)
		}
	}
	// Made under a key for another purpose, with everything else right.
	key, _ := derived{}.Derived(3, RefreshTagPurpose)
	other, err := SealOpaque(AccessClaims{Subject: "ada"}, 3, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenOpaque(other, derived{}); !errors.Is(err, ErrNotOpaque) {
		t.Errorf("another purpose: got %v", err)
	}
	// A version that this node does not know is no verdict about the token.
	unknown, err := SealOpaque(AccessClaims{Subject: "ada"}, 4, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenOpaque(unknown, derived{}); !errors.Is(err, ErrKeyUnknown) {
		t.Errorf("a key version not loaded: got %v", err)
	}
}

func FuzzOpenOpaque(f *testing.F) {
	want, token := opaqueSample(f)
	f.Add(token.Reveal())
	f.Add("dpa_")
	f.Add("dpa_AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		// Each process of the fuzzer has a seed of its own, so that the claims are compared and not the characters.
		if got, err := OpenOpaque(secret.FromString(s), derived{}); err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("opened %q: %+v", s, got)
		}
	})
}
