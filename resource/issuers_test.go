package resource_test

import (
	"strings"
	"testing"

	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

// twoIssuers is a protector of tokens of both, whose keys bear the same name.
func twoIssuers(t testing.TB, a, b *resourcetest.Issuer, change func(*resource.Config)) *resource.Protector {
	t.Helper()
	return newProtector(t, a, func(c *resource.Config) {
		c.Issuers = []resource.Issuer{{URL: b.URL()}}
		if change != nil {
			change(c)
		}
	})
}

func TestTokensOfSeveralIssuersPass(t *testing.T) {
	t.Parallel()
	a, b := newIssuer(t), newIssuer(t)
	p := twoIssuers(t, a, b, nil)
	seen := make(map[resource.Identity]bool)
	for range 2 {
		for _, issuer := range []*resourcetest.Issuer{a, b} {
			token, err := p.Verify(t.Context(), issuer.Token(nil))
			if err != nil || token.Issuer != issuer.URL() || token.Subject != resourcetest.Subject {
				t.Fatalf("got %+v, %v", token, err)
			}
			seen[token.Identity()] = true
		}
	}
	if len(seen) != 2 {
		t.Errorf("one subject of two issuers is %d users, want 2", len(seen))
	}
	wantStatus(t, "key fetches from a", a.KeyFetches(), 1)
	wantStatus(t, "key fetches from b", b.KeyFetches(), 1)
}

func TestTokenOfOneIssuerSignedByAnotherIsRefused(t *testing.T) {
	t.Parallel()
	a, b, stranger := newIssuer(t), newIssuer(t), newIssuer(t)
	p := twoIssuers(t, a, b, nil)
	for name, token := range map[string]string{
		"of a, signed by b":              b.Token(map[string]any{"iss": a.URL()}),
		"of b, signed by a":              a.Token(map[string]any{"iss": b.URL()}),
		"of a, signed by a stranger":     stranger.Token(map[string]any{"iss": a.URL()}),
		"of a stranger":                  stranger.Token(nil),
		"of a stranger, signed by a":     a.Token(map[string]any{"iss": stranger.URL()}),
		"of a with a slash":              a.Token(map[string]any{"iss": a.URL() + "/"}),
		"of nobody":                      a.Token(map[string]any{"iss": nil}),
		"of the empty name":              a.Token(map[string]any{"iss": ""}),
		"of a list":                      a.Token(map[string]any{"iss": []string{a.URL(), b.URL()}}),
		"of a, said twice":               a.Sign(a.Header(), strings.Replace(string(mustJSON(t, a.Claims())), "{", `{"iss":"`+b.URL()+`",`, 1)),
		"of a under another member name": a.Token(map[string]any{"iss": nil, "ISS": a.URL()}),
		"of no issuer that can be read":  "a.b.c",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustRefuse(t, p, token)
		})
	}
}

func TestOneIssuersOutageIsNotTheOthers(t *testing.T) {
	t.Parallel()
	a, b := newIssuer(t), newIssuer(t)
	h := twoIssuers(t, a, b, nil).Require()(hello)
	b.SetDown(true)
	wantStatus(t, "of the one that is up", call(h, bearer(a.Token(nil))).StatusCode, 200)
	wantStatus(t, "of the one that is down", call(h, bearer(b.Token(nil))).StatusCode, 503)
	b.SetDown(false)
	b.SetFault(resourcetest.WrongKeys)
	a.Advance(resourcetest.Lifetime / 10)
	wantStatus(t, "of the one that publishes wrong keys", call(h, bearer(b.Token(nil))).StatusCode, 401)
	wantStatus(t, "of the other", call(h, bearer(a.Token(nil))).StatusCode, 200)
}

func TestOpaqueTokensGoToTheIssuerOfTheLongestPrefix(t *testing.T) {
	t.Parallel()
	a, b := newIssuer(t), newIssuer(t)
	h := newProtector(t, a, func(c *resource.Config) {
		c.Introspection = a.Introspection()
		other := b.Introspection()
		other.Prefix = ""
		c.Issuers = []resource.Issuer{{URL: b.URL(), Introspection: other}}
	}).Require()(hello)
	for range 2 {
		wantStatus(t, "of a", call(h, bearer(a.OpaqueToken(nil))).StatusCode, 200)
		wantStatus(t, "of nobody", call(h, bearer("xyz_1")).StatusCode, 401)
	}
	wantStatus(t, "questions to a", a.Introspections(), 2)
	wantStatus(t, "questions to b, the second one remembered", b.Introspections(), 1)
	// b's token looks like one of a's, so a is asked, which knows nothing of it.
	wantStatus(t, "of b with a's prefix", call(h, bearer(b.OpaqueToken(map[string]any{"sub": "x"})+"0")).StatusCode, 401)
	wantStatus(t, "questions to b", b.Introspections(), 1)
}

func TestIssuerListsThatCannotBeSafeAreRefused(t *testing.T) {
	t.Parallel()
	const main, other = "https://id.example.com", "https://id2.example.com"
	auth := resource.ClientSecretBasic("a", "b")
	for name, tc := range map[string]struct {
		issuers []resource.Issuer
		main    *resource.Introspection
		ok      bool
	}{
		"two":                    {[]resource.Issuer{{URL: other}}, nil, true},
		"two that are asked":     {[]resource.Issuer{{URL: other, Introspection: &resource.Introspection{Auth: auth, Prefix: "b_"}}}, &resource.Introspection{Auth: auth}, true},
		"an endpoint":            {nil, &resource.Introspection{Auth: auth, Endpoint: main + "/i"}, true},
		"longest":                {nil, &resource.Introspection{Auth: auth, Remember: 60e9}, true},
		"one twice":              {[]resource.Issuer{{URL: main}}, nil, false},
		"without a name":         {[]resource.Issuer{{}}, nil, false},
		"plain http":             {[]resource.Issuer{{URL: "http://id2.example.com"}}, nil, false},
		"with HS256":             {[]resource.Issuer{{URL: other, Algorithms: []resource.Algorithm{"HS256"}}}, nil, false},
		"two of one prefix":      {[]resource.Issuer{{URL: other, Introspection: &resource.Introspection{Auth: auth}}}, &resource.Introspection{Auth: auth}, false},
		"asked without auth":     {nil, &resource.Introspection{}, false},
		"asked over plain http":  {nil, &resource.Introspection{Auth: auth, Endpoint: "http://id.example.com/i"}, false},
		"asked at no URL":        {nil, &resource.Introspection{Auth: auth, Endpoint: "/introspect"}, false},
		"believed for too long":  {nil, &resource.Introspection{Auth: auth, Remember: 60e9 + 1}, false},
		"believed for less":      {nil, &resource.Introspection{Auth: auth, Remember: -1}, false},
		"a prefix with a space":  {nil, &resource.Introspection{Auth: auth, Prefix: "a b"}, false},
		"https asks by loopback": {nil, &resource.Introspection{Auth: auth, Endpoint: "http://127.0.0.1/i"}, false},
	} {
		p, err := resource.New(main, resource.Config{Audience: "urn:api", Issuers: tc.issuers, Introspection: tc.main})
		if (err == nil) != tc.ok || (p == nil) == tc.ok {
			t.Errorf("%s: got %v, want ok %v", name, err, tc.ok)
		}
	}
}
