package resource_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/oauth"
	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

func newIssuer(t testing.TB) *resourcetest.Issuer {
	t.Helper()
	issuer := resourcetest.NewIssuer()
	t.Cleanup(issuer.Close)
	return issuer
}

func newProtector(t testing.TB, issuer *resourcetest.Issuer, change func(*resource.Config)) *resource.Protector {
	t.Helper()
	cfg := issuer.Config()
	if change != nil {
		change(&cfg)
	}
	p, err := resource.New(issuer.URL(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hello tells whom it let in; a request that it never saw leaves no such body.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	token, ok := resource.FromContext(r.Context())
	fmt.Fprintf(w, "hello %s %v", token.Subject, ok)
})

func call(h http.Handler, change func(*http.Request)) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "https://api.example.test/orders", nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func body(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const realm = `Bearer realm="` + resourcetest.Audience + `"`

func TestAnswersFollowRFC6750(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	h := newProtector(t, issuer, nil).Require("orders:read", "orders:write")(hello)
	for name, tc := range map[string]struct {
		request   func(*http.Request)
		status    int
		challenge string
		body      string
	}{
		"no credentials": {nil, 401, realm + `, scope="orders:read orders:write"`, "Unauthorized\n"},
		"malformed": {
			bearer("a b"), 400,
			realm + `, error="invalid_request", error_description="the request must carry exactly one well-formed access token", scope="orders:read orders:write"`,
			`{"error":"invalid_request","error_description":"the request must carry exactly one well-formed access token"}` + "\n",
		},
		"invalid": {
			bearer("a.b.c"), 401,
			realm + `, error="invalid_token", error_description="the access token is not valid here", scope="orders:read orders:write"`,
			`{"error":"invalid_token","error_description":"the access token is not valid here"}` + "\n",
		},
		"a scope missing": {
			bearer(issuer.Token(map[string]any{"scope": "orders:read"})), 403,
			realm + `, error="insufficient_scope", error_description="the access token lacks a scope that is needed here", scope="orders:read orders:write"`,
			`{"error":"insufficient_scope","error_description":"the access token lacks a scope that is needed here"}` + "\n",
		},
		"good": {
			bearer(issuer.Token(map[string]any{"scope": "x orders:write orders:read"})), 200, "", "hello user-1 true",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := call(h, tc.request)
			if got := body(t, res); res.StatusCode != tc.status || res.Header.Get("WWW-Authenticate") != tc.challenge || got != tc.body {
				t.Fatalf("got %d\n%s\n%s", res.StatusCode, res.Header.Get("WWW-Authenticate"), got)
			}
			if tc.status != 200 && res.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("the refusal may be cached: %v", res.Header)
			}
		})
	}
}

func TestScopesAreComparedWhole(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	for _, tc := range []struct {
		has, needs string
		status     int
	}{
		{"read", "read", 200},
		{"", "", 200},
		{"a b c", "c a", 200},
		{"read", "read:all", 403},
		{"read:all", "read", 403},
		{"admin", "administrator", 403},
		{"administrator", "admin", 403},
		{"READ", "read", 403},
		{"", "read", 403},
		{"a", "a b", 403},
	} {
		h := p.Require(strings.Fields(tc.needs)...)(hello)
		if res := call(h, bearer(issuer.Token(map[string]any{"scope": tc.has}))); res.StatusCode != tc.status {
			t.Errorf("has %q, needs %q: got %d, want %d", tc.has, tc.needs, res.StatusCode, tc.status)
		}
	}
}

func TestContextCarriesTheTypedClaims(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	now := issuer.Now()
	var got resource.Token
	h := newProtector(t, issuer, nil).Require()(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = resource.FromContext(r.Context())
	}))
	call(h, bearer(issuer.Token(map[string]any{
		"aud": []string{"https://other.example", resourcetest.Audience}, "scope": "a b a", "gid": "g1", "sid": "s1", "jti": "j1",
		"roles": []string{"staff"}, "auth_time": now.Add(-time.Hour).Unix(), "acr": "2", "amr": []string{"pwd", "otp"},
		"exp": float64(now.Add(time.Minute).Unix()) + 0.75,
	})))
	want := resource.Token{
		Issuer: issuer.URL(), Subject: "user-1", ClientID: "app-1", Audience: []string{"https://other.example", resourcetest.Audience},
		Scopes: []string{"a", "b"}, Expires: now.Add(time.Minute), IssuedAt: now, ID: "j1", GrantID: "g1", SessionID: "s1",
		Roles: []string{"staff"}, AuthTime: now.Add(-time.Hour), ACR: "2", AMR: []string{"pwd", "otp"},
	}
	if g, w := fmt.Sprintf("%+v", resource.WithoutClaims(got)), fmt.Sprintf("%+v", want); g != w {
		t.Fatalf("got  %s\nwant %s", g, w)
	}
	if !got.HasScope("a") || got.HasScope("a b") || got.HasScope("") {
		t.Fatalf("HasScope is wrong about %q", got.Scopes)
	}
	if _, ok := resource.FromContext(t.Context()); ok {
		t.Fatal("a token without verification")
	}
}

func TestCheckDecidesAfterVerification(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	for name, tc := range map[string]struct {
		err        error
		status     int
		challenged string
	}{
		"passes":               {nil, 200, ""},
		"revoked":              {&resource.Refusal{Code: oauth.InvalidToken}, 401, "invalid_token"},
		"wrapped":              {fmt.Errorf("look up: %w", &resource.Refusal{Code: oauth.InvalidToken}), 401, "invalid_token"},
		"step-up":              {&resource.Refusal{Code: oauth.InsufficientUserAuthentication}, 401, "insufficient_user_authentication"},
		"scopes of its own":    {&resource.Refusal{Code: oauth.InsufficientScope, Scopes: []string{"a", `b"`, "c"}}, 403, `scope="a c"`},
		"not allowed":          {&resource.Refusal{Code: oauth.AccessDenied}, 403, ""},
		"an odd code":          {&resource.Refusal{Code: "teapot\r\n"}, 401, "invalid_token"},
		"a nil refusal":        {(*resource.Refusal)(nil), 503, ""},
		"cannot decide":        {errors.New("database down"), 503, ""},
		"cannot decide, typed": {&resource.Refusal{Code: oauth.TemporarilyUnavailable}, 503, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			h := newProtector(t, issuer, func(c *resource.Config) {
				c.Check = func(_ context.Context, token resource.Token) error {
					asked = append(asked, token.Subject)
					return tc.err
				}
			}).Require()(hello)
			res := call(h, bearer(issuer.Token(nil)))
			challenge := res.Header.Get("WWW-Authenticate")
			if res.StatusCode != tc.status || !strings.Contains(challenge, tc.challenged) || (tc.challenged == "") != (challenge == "") {
				t.Fatalf("got %d, %q", res.StatusCode, challenge)
			}
			if (res.StatusCode == 503) != (res.Header.Get("Retry-After") != "") {
				t.Fatalf("Retry-After: %q", res.Header.Get("Retry-After"))
			}
			call(h, bearer(issuer.Token(map[string]any{"iss": "https://evil.example"})))
			if len(asked) != 1 || asked[0] != "user-1" {
				t.Fatalf("asked about %q, want once and only after verification", asked)
			}
		})
	}
}

func TestNestedRequireVerifiesOnce(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	checks := 0
	p := newProtector(t, issuer, func(c *resource.Config) {
		c.Check = func(context.Context, resource.Token) error { checks++; return nil }
	})
	good, bad := issuer.Token(map[string]any{"scope": "a"}), issuer.Token(map[string]any{"scope": "b"})
	h := p.Require()(p.Require("a")(hello))
	if res := call(h, bearer(good)); res.StatusCode != 200 || checks != 1 {
		t.Fatalf("got %d after %d checks", res.StatusCode, checks)
	}
	if res := call(h, bearer(bad)); res.StatusCode != 403 {
		t.Fatalf("got %d for a token without the inner scope", res.StatusCode)
	}
	other := newProtector(t, issuer, func(c *resource.Config) { c.Audience = "https://other.example" })
	if res := call(p.Require()(other.Require()(hello)), bearer(good)); res.StatusCode != 401 {
		t.Fatalf("got %d: another protector relied on the first one's verdict", res.StatusCode)
	}
}

func TestRefusedHearsTheReasonAndNeverTheToken(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	var heard []*resource.Refusal
	h := newProtector(t, issuer, func(c *resource.Config) {
		c.Refused = func(_ *http.Request, refusal *resource.Refusal) { heard = append(heard, refusal) }
	}).Require("x")(hello)
	token := issuer.Token(nil)
	issuer.Advance(time.Hour)
	for _, tc := range []struct {
		request func(*http.Request)
		reason  string
	}{
		{nil, "no credentials"},
		{bearer(token), "exp is past"},
		{bearer("hush-hush.hush-hush.hush-hush"), "malformed"},
		{bearer("hush hush"), "malformed"},
		{bearer(issuer.Token(map[string]any{"exp": "hush-hush"})), "exp"},
		{bearer(issuer.Token(nil)), "insufficient_scope"},
	} {
		heard = nil
		call(h, tc.request)
		if len(heard) != 1 || !strings.Contains(heard[0].Error(), tc.reason) || strings.Contains(heard[0].Error(), "hush") || strings.Contains(heard[0].Error(), token) {
			t.Errorf("%s: heard %v", tc.reason, heard)
		}
	}
}

func TestNewRefusesWhatCannotBeSafe(t *testing.T) {
	t.Parallel()
	const issuer, audience = "https://id.example.com", "https://api.example.com"
	for name, tc := range map[string]struct {
		issuer string
		cfg    resource.Config
		ok     bool
	}{
		"minimal":                  {issuer, resource.Config{Audience: audience}, true},
		"urn as audience":          {issuer, resource.Config{Audience: "urn:example:api"}, true},
		"localhost":                {"http://localhost:8080", resource.Config{Audience: audience}, true},
		"loopback":                 {"http://[::1]:8080", resource.Config{Audience: audience}, true},
		"longest leeway":           {issuer, resource.Config{Audience: audience, Leeway: time.Minute}, true},
		"no audience":              {issuer, resource.Config{}, false},
		"relative audience":        {issuer, resource.Config{Audience: "/api"}, false},
		"audience with fragment":   {issuer, resource.Config{Audience: audience + "#x"}, false},
		"no issuer":                {"", resource.Config{Audience: audience}, false},
		"plain http":               {"http://id.example.com", resource.Config{Audience: audience}, false},
		"like localhost":           {"http://localhost.evil.example", resource.Config{Audience: audience}, false},
		"like loopback":            {"http://127.0.0.1.evil.example", resource.Config{Audience: audience}, false},
		"loopback before an at":    {"http://127.0.0.1@evil.example", resource.Config{Audience: audience}, false},
		"issuer with query":        {issuer + "?a", resource.Config{Audience: audience}, false},
		"HS256":                    {issuer, resource.Config{Audience: audience, Algorithms: []resource.Algorithm{"HS256"}}, false},
		"none":                     {issuer, resource.Config{Audience: audience, Algorithms: []resource.Algorithm{resource.ES256, "none"}}, false},
		"too much leeway":          {issuer, resource.Config{Audience: audience, Leeway: time.Minute + 1}, false},
		"negative leeway":          {issuer, resource.Config{Audience: audience, Leeway: -1}, false},
		"quote in realm":           {issuer, resource.Config{Audience: audience, Realm: `a"`}, false},
		"line break in realm":      {issuer, resource.Config{Audience: audience, Realm: "a\r\nb"}, false},
		"cookie name with a space": {issuer, resource.Config{Audience: audience, AccessCookie: "a b"}, false},
	} {
		p, err := resource.New(tc.issuer, tc.cfg)
		if (err == nil) != tc.ok || (p == nil) == tc.ok {
			t.Errorf("%s: got %v, want ok %v", name, err, tc.ok)
		}
	}
}

func TestRequirePanicsOnWhatIsNoScope(t *testing.T) {
	t.Parallel()
	p := newProtector(t, newIssuer(t), nil)
	for _, scope := range []string{"", "a b", `a"`} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q: want a panic", scope)
				}
			}()
			p.Require("good", scope)
		}()
	}
}
