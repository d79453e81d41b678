package resource_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

// asking is a protector that asks a fake issuer about opaque tokens.
func asking(t testing.TB, issuer *resourcetest.Issuer, change func(*resource.Introspection)) *resource.Protector {
	t.Helper()
	return newProtector(t, issuer, func(c *resource.Config) {
		c.Introspection = issuer.Introspection()
		if change != nil {
			change(c.Introspection)
		}
	})
}

func TestIssuerJudgesOpaqueTokens(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := asking(t, issuer, nil)
	text := issuer.OpaqueToken(map[string]any{"scope": "orders:read", "tenant": "acme", "sub": "bob"})
	token, err := p.Verify(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Tenant string `json:"tenant"`
	}
	if err := token.Claims(&claims); err != nil || claims.Tenant != "acme" {
		t.Errorf("got %+v, %v", claims, err)
	}
	if (token.Identity() != resource.Identity{Issuer: issuer.URL(), Subject: "bob"}) || !token.HasScope("orders:read") || token.ClientID != resourcetest.ClientID {
		t.Errorf("got %+v", token)
	}
	h := p.Require("orders:read")(hello)
	wantStatus(t, "good", call(h, bearer(text)).StatusCode, 200)
	wantStatus(t, "without the scope", call(h, bearer(issuer.OpaqueToken(nil))).StatusCode, 403)
	wantStatus(t, "unknown to the issuer", call(h, bearer(resourcetest.OpaquePrefix+"nobody")).StatusCode, 401)
	wantStatus(t, "a JWT, verified here", call(h, bearer(issuer.Token(map[string]any{"scope": "orders:read"}))).StatusCode, 200)
	wantStatus(t, "questions", issuer.Introspections(), 3)
}

func TestAnswersThatRefuseAToken(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := asking(t, issuer, nil)
	now := issuer.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for name, changes := range map[string]map[string]any{
		"not active":              {"active": false},
		"iss another":             {"iss": "https://evil.example"},
		"iss a list":              {"iss": []string{issuer.URL()}},
		"aud missing":             {"aud": nil},
		"aud another":             {"aud": "https://other.example"},
		"aud the client":          {"aud": resourcetest.APIClientID},
		"aud as prefix":           {"aud": resourcetest.Audience + ".evil.example"},
		"sub missing":             {"sub": nil},
		"client_id missing":       {"client_id": nil},
		"exp missing":             {"exp": nil},
		"exp past":                {"exp": at(-time.Minute), "iat": at(-time.Hour)},
		"exp a string":            {"exp": fmt.Sprint(at(time.Minute))},
		"exp beyond 2^53":         {"exp": 1 << 60},
		"iat in the future":       {"iat": at(time.Minute)},
		"nbf in the future":       {"nbf": at(time.Minute)},
		"auth_time in the future": {"auth_time": at(time.Minute)},
		"scope malformed":         {"scope": "a  b"},
		"scope a list":            {"scope": []string{"a"}},
		"bound to a key":          {"cnf": map[string]any{"jkt": "x"}},
		"bound to a certificate":  {"cnf": map[string]any{"x5t#S256": "x"}},
		"a DPoP token":            {"token_type": "DPoP"},
		"a refresh token":         {"token_type": "refresh_token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustRefuse(t, p, issuer.OpaqueToken(changes))
		})
	}
	for name, changes := range map[string]map[string]any{
		"iss missing":        {"iss": nil},
		"iat missing":        {"iat": nil},
		"jti missing":        {"jti": nil},
		"token_type missing": {"token_type": nil},
		"token_type small":   {"token_type": "bearer"},
		"aud a list":         {"aud": []string{"x", resourcetest.Audience}},
	} {
		if res := call(p.Require()(hello), bearer(issuer.OpaqueToken(changes))); res.StatusCode != 200 {
			t.Errorf("%s: got %d", name, res.StatusCode)
		}
	}
}

func TestTokensAreShownToNobodyTheyDoNotBelongTo(t *testing.T) {
	t.Parallel()
	issuer, other := newIssuer(t), newIssuer(t)
	p := newProtector(t, issuer, func(c *resource.Config) {
		c.Introspection = issuer.Introspection()
		c.Introspection.JWTs = true
		c.AccessCookie = "access"
	})
	h := p.Require()(hello)
	for name, token := range map[string]string{
		"without the prefix":     "xyz_123",
		"with half the prefix":   "dpa",
		"another issuer's JWT":   other.Token(nil),
		"a JWT of no issuer":     issuer.Token(map[string]any{"iss": nil}),
		"a JWT that is garbage":  "a.b.c",
		"a JWE":                  "a.b.c.d.e",
		"longer than the limit":  resourcetest.OpaquePrefix + strings.Repeat("x", 8<<10),
		"empty":                  "",
		"JSON":                   `{"payload":"x"}`,
		"of letters not allowed": resourcetest.OpaquePrefix + "\u00e4",
	} {
		res := call(h, func(r *http.Request) { r.Header.Set("Cookie", "access="+token) })
		if res.StatusCode != 401 {
			t.Errorf("%s: got %d", name, res.StatusCode)
		}
		if _, err := p.Verify(t.Context(), token); err == nil {
			t.Errorf("%s: passed", name)
		}
	}
	wantStatus(t, "questions", issuer.Introspections(), 0)
	anyOpaque := asking(t, issuer, func(i *resource.Introspection) { i.Prefix = "" })
	for name, token := range map[string]string{"another issuer's JWT": other.Token(nil), "a JWT that is garbage": "a.b.c", "a JWE": "a.b.c.d.e"} {
		if _, err := anyOpaque.Verify(t.Context(), token); err == nil {
			t.Errorf("%s: passed for opaque", name)
		}
	}
	wantStatus(t, "questions of an API that asks about anything opaque", issuer.Introspections(), 0)
	mustRefuse(t, newProtector(t, issuer, nil), issuer.OpaqueToken(nil))
	wantStatus(t, "questions of an API that does not ask", issuer.Introspections(), 0)
	wantStatus(t, "its own JWT", call(h, bearer(issuer.Token(nil))).StatusCode, 200)
	wantStatus(t, "questions", issuer.Introspections(), 1)
}

func TestIssuerMayJudgeItsJWTs(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	h := asking(t, issuer, func(i *resource.Introspection) { i.JWTs = true }).Require()(hello)
	token := issuer.Token(nil)
	wantStatus(t, "good", call(h, bearer(token)).StatusCode, 200)
	issuer.Revoke(token)
	wantStatus(t, "revoked a moment ago", call(h, bearer(token)).StatusCode, 200)
	issuer.Advance(10 * time.Second)
	wantStatus(t, "ten seconds later", call(h, bearer(token)).StatusCode, 401)
	wantStatus(t, "key fetches", issuer.KeyFetches(), 0)
}

func TestAnswerIsBelievedForAMomentAndNeverBeyondTheTokensEnd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		remember time.Duration
		life     time.Duration
		passes   []time.Duration // after which there is no new question
		asks     time.Duration   // after which there is
		after    int             // the answer then
	}{
		"default":           {0, time.Hour, []time.Duration{9 * time.Second, 999 * time.Millisecond}, time.Millisecond, 200},
		"longest":           {time.Minute, time.Hour, []time.Duration{59 * time.Second}, time.Second, 200},
		"each time":         {1, time.Hour, nil, time.Millisecond, 200},
		"to the end of exp": {time.Minute, 20 * time.Second, []time.Duration{19 * time.Second}, time.Second, 401},
	} {
		issuer := newIssuer(t)
		h := asking(t, issuer, func(i *resource.Introspection) { i.Remember = tc.remember }).Require()(hello)
		token := issuer.OpaqueToken(map[string]any{"exp": issuer.Now().Add(tc.life).Unix()})
		wantStatus(t, name+": first", call(h, bearer(token)).StatusCode, 200)
		for _, d := range tc.passes {
			issuer.Advance(d)
			wantStatus(t, name+": remembered", call(h, bearer(token)).StatusCode, 200)
			wantStatus(t, name+": questions", issuer.Introspections(), 1)
		}
		issuer.Advance(tc.asks)
		wantStatus(t, name+": asked again", call(h, bearer(token)).StatusCode, tc.after)
		wantStatus(t, name+": questions", issuer.Introspections(), 2)
	}
}

func TestInactiveIsBelievedForFiveSeconds(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	h := asking(t, issuer, nil).Require()(hello)
	token := issuer.OpaqueToken(nil)
	issuer.SetFault(resourcetest.Forgetful)
	for range 10 {
		wantStatus(t, "inactive", call(h, bearer(token)).StatusCode, 401)
	}
	wantStatus(t, "questions", issuer.Introspections(), 1)
	issuer.SetFault(resourcetest.Healthy)
	issuer.Advance(5*time.Second - 1)
	wantStatus(t, "still", call(h, bearer(token)).StatusCode, 401)
	issuer.Advance(1)
	wantStatus(t, "asked again", call(h, bearer(token)).StatusCode, 200)
}

func TestIssuerThatCannotAnswerMakes503(t *testing.T) {
	t.Parallel()
	for _, fault := range []resourcetest.Fault{resourcetest.Down, resourcetest.Garbage, resourcetest.WrongIssuer} {
		issuer := newIssuer(t)
		h := asking(t, issuer, nil).Require()(hello)
		issuer.SetFault(fault)
		res := call(h, bearer(issuer.OpaqueToken(nil)))
		if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || res.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("fault %v: got %d %v", fault, res.StatusCode, res.Header)
		}
	}
	issuer := newIssuer(t)
	h := asking(t, issuer, nil).Require()(hello)
	token := issuer.OpaqueToken(nil)
	wantStatus(t, "before the outage", call(h, bearer(token)).StatusCode, 200)
	issuer.SetDown(true)
	issuer.Advance(9 * time.Second)
	wantStatus(t, "while the answer is believed", call(h, bearer(token)).StatusCode, 200)
	issuer.Advance(time.Second)
	wantStatus(t, "when it is not", call(h, bearer(token)).StatusCode, 503)
	issuer.SetDown(false)
	wantStatus(t, "at once after the outage", call(h, bearer(token)).StatusCode, 200)
}
