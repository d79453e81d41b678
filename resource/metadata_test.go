package resource_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

func checkFunc(f func() error) func(context.Context, resource.Token) error {
	return func(context.Context, resource.Token) error { return f() }
}

func TestMetadataNamesTheResourceAndItsIssuers(t *testing.T) {
	t.Parallel()
	p, err := resource.New("https://id.example.com", resource.Config{
		Audience: "https://api.example.com/v1", Issuers: []resource.Issuer{{URL: "https://id2.example.com"}},
		Metadata: &resource.Metadata{Scopes: []string{"orders:read"}, Name: "Orders", Documentation: "https://api.example.com/docs"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.MetadataPath(); got != "/.well-known/oauth-protected-resource/v1" {
		t.Fatalf("path %q", got)
	}
	mux := http.NewServeMux()
	mux.Handle(p.MetadataPath(), p.MetadataHandler())
	const doc = `{"resource":"https://api.example.com/v1","authorization_servers":["https://id.example.com","https://id2.example.com"],` +
		`"scopes_supported":["orders:read"],"bearer_methods_supported":["header"],"resource_name":"Orders","resource_documentation":"https://api.example.com/docs"}`
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "OPTIONS": 405} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, "https://api.example.com/.well-known/oauth-protected-resource/v1", nil))
		if w.Code != want || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: got %d %v", method, w.Code, w.Header())
		}
		if method == "GET" && (w.Body.String() != doc || w.Header().Get("Content-Type") != "application/json") {
			t.Errorf("got %v\n%s\nwant\n%s", w.Header(), w.Body, doc)
		}
	}
}

func TestChallengesNameMetadataAndScopes(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	const address = `, resource_metadata="https://api.example.test/.well-known/oauth-protected-resource"`
	h := newProtector(t, issuer, func(c *resource.Config) { c.Metadata = &resource.Metadata{} }).Require("a", "b")(hello)
	for name, tc := range map[string]struct {
		request   func(*http.Request)
		status    int
		challenge string
	}{
		"no credentials": {nil, 401, realm + `, scope="a b"` + address},
		"malformed":      {bearer("a b"), 400, `, scope="a b"` + address},
		"invalid":        {bearer("a.b.c"), 401, `, scope="a b"` + address},
		"scope missing":  {bearer(issuer.Token(map[string]any{"scope": "a"})), 403, `, scope="a b"` + address},
	} {
		res := call(h, tc.request)
		if got := res.Header.Get("WWW-Authenticate"); res.StatusCode != tc.status || !strings.HasSuffix(got, tc.challenge) {
			t.Errorf("%s: got %d %s", name, res.StatusCode, got)
		}
	}
}

func TestWithoutMetadataNoneIsServedOrNamed(t *testing.T) {
	t.Parallel()
	p := newProtector(t, newIssuer(t), nil)
	if got := call(p.MetadataHandler(), nil).StatusCode; got != 404 || p.MetadataPath() != "" {
		t.Errorf("got %d at %q", got, p.MetadataPath())
	}
	if got := call(p.Require()(hello), nil).Header.Get("WWW-Authenticate"); got != realm {
		t.Errorf("got %s", got)
	}
}

func TestMetadataThatWouldMisleadIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		audience string
		metadata resource.Metadata
		ok       bool
	}{
		"minimal":                 {resourcetest.Audience, resource.Metadata{}, true},
		"on this machine":         {"http://localhost:8081/api", resource.Metadata{}, true},
		"a name, not an address":  {"urn:example:api", resource.Metadata{}, false},
		"plain http":              {"http://api.example.com", resource.Metadata{}, false},
		"with a query":            {"https://api.example.com?v=1", resource.Metadata{}, false},
		"host in capitals":        {"https://API.example.com", resource.Metadata{}, false},
		"scheme in capitals":      {"HTTPS://api.example.com", resource.Metadata{}, false},
		"a quote in the path":     {`https://api.example.com/"`, resource.Metadata{}, true},
		"offline_access":          {resourcetest.Audience, resource.Metadata{Scopes: []string{"offline_access"}}, false},
		"no scope":                {resourcetest.Audience, resource.Metadata{Scopes: []string{"a b"}}, false},
		"a page on an odd scheme": {resourcetest.Audience, resource.Metadata{Terms: "javascript:alert(1)"}, false},
	} {
		p, err := resource.New("https://id.example.com", resource.Config{Audience: tc.audience, Realm: "api", Metadata: &tc.metadata})
		if (err == nil) != tc.ok {
			t.Errorf("%s: got %v, want ok %v", name, err, tc.ok)
			continue
		}
		if err == nil {
			challenge := call(p.Require()(hello), nil).Header.Get("WWW-Authenticate")
			if strings.Count(challenge, `"`) != 4 {
				t.Errorf("%s: the challenge is broken: %s", name, challenge)
			}
		}
	}
}
