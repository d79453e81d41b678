package resource_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/daypass/daypass/oauth"
	"github.com/daypass/daypass/resource"
)

func TestRulesDecideAndTheChallengeSaysHowToMeetThem(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	ago := func(d time.Duration) int64 { return issuer.Now().Add(-d).Unix() }
	const (
		lacks = `, error="insufficient_scope", error_description="the access token lacks a scope that is needed here"`
		weak  = `, error="insufficient_user_authentication", error_description="a more recent or stronger log-in is needed"`
	)
	rules := func(r ...resource.Rule) []resource.Rule { return r }
	for name, tc := range map[string]struct {
		rules     []resource.Rule
		claims    map[string]any
		status    int
		challenge string
	}{
		"no rule":                     {nil, nil, 200, ""},
		"no scope demanded":           {rules(resource.AllScopes()), nil, 200, ""},
		"all scopes":                  {rules(resource.AllScopes("a", "b")), map[string]any{"scope": "b c a"}, 200, ""},
		"all scopes but one":          {rules(resource.AllScopes("a", "b")), map[string]any{"scope": "b c"}, 403, lacks + `, scope="a b"`},
		"any scope, the last":         {rules(resource.AnyScope("a", "b")), map[string]any{"scope": "b"}, 200, ""},
		"any scope, none":             {rules(resource.AnyScope("a", "b")), map[string]any{"scope": "ab c"}, 403, lacks + `, scope="a"`},
		"several rules, one unmet":    {rules(resource.AllScopes("a"), resource.AnyScope("b", "c")), map[string]any{"scope": "a"}, 403, lacks + `, scope="a b"`},
		"acr":                         {rules(resource.ACR("3", "2")), map[string]any{"acr": "2"}, 200, ""},
		"acr too weak":                {rules(resource.ACR("3", "2")), map[string]any{"acr": "1"}, 401, weak + `, acr_values="3 2"`},
		"acr a substring":             {rules(resource.ACR("32")), map[string]any{"acr": "3"}, 401, weak + `, acr_values="32"`},
		"acr not told":                {rules(resource.ACR("2")), nil, 401, weak + `, acr_values="2"`},
		"acr empty":                   {rules(resource.ACR("2")), map[string]any{"acr": ""}, 401, weak + `, acr_values="2"`},
		"fresh":                       {rules(resource.MaxAge(time.Minute)), map[string]any{"auth_time": ago(time.Minute)}, 200, ""},
		"at the end of the leeway":    {rules(resource.MaxAge(time.Minute)), map[string]any{"auth_time": ago(90 * time.Second)}, 200, ""},
		"too old":                     {rules(resource.MaxAge(time.Minute)), map[string]any{"auth_time": ago(91 * time.Second)}, 401, weak + `, max_age="60"`},
		"auth_time not told":          {rules(resource.MaxAge(time.Hour)), nil, 401, weak + `, max_age="3600"`},
		"the shorter age counts":      {rules(resource.MaxAge(time.Hour), resource.MaxAge(time.Minute)), map[string]any{"auth_time": ago(2 * time.Hour)}, 401, weak + `, max_age="60"`},
		"whichever comes first":       {rules(resource.MaxAge(time.Minute), resource.MaxAge(time.Hour)), map[string]any{"auth_time": ago(2 * time.Hour)}, 401, weak + `, max_age="60"`},
		"log-in and scope, both told": {rules(resource.AllScopes("a"), resource.ACR("2"), resource.MaxAge(time.Minute)), map[string]any{"scope": "b"}, 401, weak + `, acr_values="2", max_age="60", scope="a"`},
		"log-in met, scope not":       {rules(resource.AllScopes("a"), resource.ACR("2")), map[string]any{"acr": "2"}, 403, lacks + `, scope="a"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := issuer.Token(tc.claims)
			for how, h := range map[string]http.Handler{
				"RequireThat": p.RequireThat(tc.rules...)(hello),
				"nested":      p.Require()(p.RequireThat(tc.rules...)(hello)),
				"Handle": p.Handle(func(w http.ResponseWriter, r *http.Request, token resource.Token) {
					if inside, ok := resource.FromContext(r.Context()); !ok || inside.ID != token.ID {
						t.Error("argument and context differ")
					}
				}, tc.rules...),
				"Permit": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if got, ok := p.Permit(w, r, tc.rules...); ok != (tc.status == 200) || ok != (got.Subject != "") {
						t.Errorf("got %+v, %v", got, ok)
					}
				}),
			} {
				res := call(h, bearer(token))
				want := ""
				if tc.challenge != "" {
					want = realm + tc.challenge
				}
				if got := res.Header.Get("WWW-Authenticate"); res.StatusCode != tc.status || got != want {
					t.Errorf("%s: got %d\n%s\nwant %d\n%s", how, res.StatusCode, got, tc.status, want)
				}
			}
		})
	}
}

func TestRulesThatNobodyCouldMeetPanic(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() resource.Rule{
		"scope with a quote": func() resource.Rule { return resource.AllScopes("a", `b"`) },
		"empty scope":        func() resource.Rule { return resource.AllScopes("") },
		"any of none":        func() resource.Rule { return resource.AnyScope() },
		"any with a space":   func() resource.Rule { return resource.AnyScope("a b") },
		"acr of none":        func() resource.Rule { return resource.ACR() },
		"acr with a quote":   func() resource.Rule { return resource.ACR(`"`) },
		"age of nothing":     func() resource.Rule { return resource.MaxAge(0) },
		"age below nothing":  func() resource.Rule { return resource.MaxAge(-time.Hour) },
		"age of fractions":   func() resource.Rule { return resource.MaxAge(1500 * time.Millisecond) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: want a panic", name)
				}
			}()
			make()
		}()
	}
}

func TestRuleKeepsNoHoldOfItsArguments(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	scopes := []string{"admin"}
	h := newProtector(t, issuer, nil).Require(scopes...)(hello)
	scopes[0] = "read"
	wantStatus(t, "after the caller changed its slice", call(h, bearer(issuer.Token(map[string]any{"scope": "read"}))).StatusCode, 403)
}

func TestStepUpFromInsideAHandler(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	transfer := p.Handle(func(w http.ResponseWriter, r *http.Request, _ resource.Token) {
		if r.URL.Query().Get("amount") == "large" {
			if _, ok := p.Permit(w, r, resource.MaxAge(time.Minute)); !ok {
				return
			}
		}
		w.WriteHeader(http.StatusAccepted)
	})
	for _, tc := range []struct {
		amount string
		age    time.Duration
		want   int
	}{{"small", time.Hour, 202}, {"large", time.Hour, 401}, {"large", time.Second, 202}} {
		r := httptest.NewRequest(http.MethodPost, "/?amount="+tc.amount, nil)
		bearer(issuer.Token(map[string]any{"auth_time": issuer.Now().Add(-tc.age).Unix()}))(r)
		w := httptest.NewRecorder()
		transfer.ServeHTTP(w, r)
		wantStatus(t, tc.amount, w.Code, tc.want)
	}
}

func TestChallengeNeverCarriesWhatCheckMadeUp(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	refusal := &resource.Refusal{
		Code: oauth.InsufficientUserAuthentication, ACRValues: []string{"2", "a\"b", "c\r\nd", "", "3"}, MaxAge: 90*time.Second + 1,
		Scopes: []string{"x\"", "y"},
	}
	h := newProtector(t, issuer, func(c *resource.Config) {
		c.Check = checkFunc(func() error { return refusal })
	}).Require("z")(hello)
	got := call(h, bearer(issuer.Token(nil))).Header.Get("WWW-Authenticate")
	want := realm + `, error="insufficient_user_authentication", error_description="a more recent or stronger log-in is needed"` +
		`, acr_values="2 3", max_age="90", scope="y"`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
