package resource_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

// RS-14: who guesses at tokens learns nothing from the answers; the reason is for Config.Refused.
func TestAllFaultsOfATokenLookAlike(t *testing.T) {
	t.Parallel()
	issuer, other := newIssuer(t), newIssuer(t)
	reasons := make(map[string]bool)
	p := newProtector(t, issuer, func(c *resource.Config) {
		c.Introspection = issuer.Introspection()
		c.Metadata = &resource.Metadata{}
		c.Refused = func(_ *http.Request, r *resource.Refusal) { reasons[r.Error()] = true }
	})
	revoked := issuer.OpaqueToken(nil)
	issuer.Revoke(revoked)
	h := p.Require("a")(hello)
	first := ""
	for name, token := range map[string]string{
		"garbage":             "x",
		"three parts of it":   "a.b.c",
		"too long":            strings.Repeat("x", 9<<10),
		"expired":             issuer.Token(map[string]any{"exp": issuer.Now().Add(-time.Hour).Unix(), "iat": 1}),
		"of tomorrow":         issuer.Token(map[string]any{"nbf": issuer.Now().Add(time.Hour).Unix()}),
		"for another API":     issuer.Token(map[string]any{"aud": "https://other.example"}),
		"another issuer's":    other.Token(nil),
		"a wrong signature":   other.Token(map[string]any{"iss": issuer.URL()}),
		"an unknown key":      issuer.Sign(strings.Replace(issuer.Header(), "test-key-1", "x", 1), "{}"),
		"another algorithm":   issuer.Sign(strings.Replace(issuer.Header(), "ES256", "HS256", 1), "{}"),
		"another type":        issuer.Sign(strings.Replace(issuer.Header(), "at+jwt", "JWT", 1), "{}"),
		"without claims":      issuer.Sign(issuer.Header(), "{}"),
		"bound to a key":      issuer.Token(map[string]any{"cnf": map[string]any{}}),
		"opaque and revoked":  revoked,
		"opaque and unknown":  resourcetest.OpaquePrefix + "nobody",
		"opaque, for another": issuer.OpaqueToken(map[string]any{"aud": "https://other.example"}),
	} {
		dump, err := httputil.DumpResponse(call(h, bearer(token)), true)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(dump)
		}
		if string(dump) != first {
			t.Errorf("%s: got\n%s\nothers get\n%s", name, dump, first)
		}
	}
	if !strings.Contains(first, "401 Unauthorized") || len(reasons) < 12 {
		t.Errorf("%d different reasons heard behind\n%s", len(reasons), first)
	}
}

// RS-13: there is no way to a Token but through verification.
func TestIdentityCanBeReadBehindVerificationAlone(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	good := issuer.Token(nil)
	outside := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if token, ok := resource.FromContext(r.Context()); ok || token.Subject != "" {
			t.Errorf("a handler without Require read %+v", token)
		}
	})
	call(outside, bearer(good))
	never := func(http.ResponseWriter, *http.Request, resource.Token) { t.Error("the handler ran") }
	for _, h := range []http.Handler{
		p.Handle(never), p.Handle(never, resource.AllScopes("a")), p.Require()(p.Handle(never)),
		p.Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { never(w, r, resource.Token{}) })),
	} {
		if got := call(h, bearer(good+"x")).StatusCode; got != 401 {
			t.Errorf("got %d", got)
		}
	}
	w := httptest.NewRecorder()
	if token, ok := p.Permit(w, httptest.NewRequest(http.MethodGet, "/", nil), resource.AllScopes()); ok || token.Subject != "" || w.Code != 401 {
		t.Errorf("Permit: got %+v, %v, %d", token, ok, w.Code)
	}
	if err := (resource.Token{Subject: "made up"}).Claims(&struct{}{}); err == nil {
		t.Error("a token made by hand has claims")
	}
}

func TestClaimsAreReadStrictly(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	token, err := newProtector(t, issuer, nil).Verify(t.Context(), issuer.Token(map[string]any{"tenant": "acme", "authorization_details": []any{map[string]any{"type": "payment"}}}))
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Tenant  string           `json:"tenant"`
		Details []map[string]any `json:"authorization_details"`
		Absent  string           `json:"absent"`
	}
	if err := token.Claims(&c); err != nil || c.Tenant != "acme" || c.Details[0]["type"] != "payment" || c.Absent != "" {
		t.Errorf("got %+v, %v", c, err)
	}
	var upper struct {
		Tenant string `json:"TENANT"`
	}
	if err := token.Claims(&upper); err != nil || upper.Tenant != "" {
		t.Errorf("got %+v, %v for a name in another case", upper, err)
	}
	var wrong struct {
		Tenant int `json:"tenant"`
	}
	if err := token.Claims(&wrong); err == nil || strings.Contains(err.Error(), "acme") {
		t.Errorf("got %v for a claim of another type", err)
	}
}
