package resource_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

var nothing = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// typical is a token as Daypass issues them.
func typical(issuer *resourcetest.Issuer) string {
	return issuer.Token(map[string]any{
		"scope": "read write", "roles": []string{"staff"}, "sid": "mXn2vT0aQ1y7cZb4", "gid": "0199d1c0f3a47b0e8a2f4c5d6e7f8092",
		"auth_time": issuer.Now().Unix(), "acr": "1", "amr": []string{"pwd"}, "sub": "0199d1c0f3a47b0e8a2f4c5d6e7f8091",
	})
}

// BenchmarkBareVerify is the floor of BenchmarkVerifyFirst: one ES256 signature over a text of a token's size.
func BenchmarkBareVerify(b *testing.B) {
	input := []byte(typical(newIssuer(b)))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256(input)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		digest := sha256.Sum256(input)
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			b.Fatal("wrong signature")
		}
	}
}

// BenchmarkVerifyFirst is a token that is met for the first time.
func BenchmarkVerifyFirst(b *testing.B) {
	issuer := newIssuer(b)
	p := newProtector(b, issuer, func(c *resource.Config) { c.Remember = -1 })
	token := typical(issuer)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRequireRemembered is a request with a token that was met before, from the header to the handler.
func BenchmarkRequireRemembered(b *testing.B) {
	issuer := newIssuer(b)
	token := typical(issuer)
	requireRemembered(b, newProtector(b, issuer, func(c *resource.Config) { c.Now = nil }), func(r *http.Request) {
		bearer(token)(r)
	})
}

// BenchmarkRequireCookie is the same with the token in a cookie, where the request's origin is checked, too.
func BenchmarkRequireCookie(b *testing.B) {
	issuer := newIssuer(b)
	token := typical(issuer)
	p := newProtector(b, issuer, func(c *resource.Config) { c.Now, c.AccessCookie = nil, "__Host-daypass-access" })
	requireRemembered(b, p, func(r *http.Request) { r.Header.Set("Cookie", "__Host-daypass-access="+token) })
}

func requireRemembered(b *testing.B, p *resource.Protector, with func(*http.Request)) {
	b.Helper()
	h := p.Require("read")(nothing)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	with(r)
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
	if w.Code != http.StatusOK {
		b.Fatalf("got %d", w.Code)
	}
}

// BenchmarkIntrospectFirst is an opaque token that is met for the first time, the issuer being a fake one on this machine:
// the floor of what a question costs.
func BenchmarkIntrospectFirst(b *testing.B) {
	issuer := newIssuer(b)
	p := newProtector(b, issuer, func(c *resource.Config) { c.Remember, c.Introspection = -1, issuer.Introspection() })
	token := issuer.OpaqueToken(map[string]any{"scope": "read write"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareHash is the floor of BenchmarkRequireRemembered: SHA-256 over a token.
func BenchmarkBareHash(b *testing.B) {
	input := []byte(typical(newIssuer(b)))
	for b.Loop() {
		if sha256.Sum256(input) == [32]byte{} {
			b.Fatal("no hash")
		}
	}
}
