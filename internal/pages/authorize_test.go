package pages

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// flow answers for the authorization requests: "open" is one that waits for step.
type flow struct {
	step        authorize.Kind
	allowed     []auth.ID
	loggedIn    []auth.ID
	denied      int
	seen        *auth.Session
	reauthErr   error
	mode        oauth.ResponseMode
	locales     []string
	public      bool // the client, on the user's machine
	reauthentic int
}

func (f *flow) Resume(_ context.Context, sealed string) (authorize.Visit, error) {
	if sealed != "open" {
		return authorize.Visit{}, authorize.ErrOver
	}
	uri := "https://app.example/cb"
	if f.public {
		uri = "http://127.0.0.1/cb"
	}
	return authorize.Visit{Asked: authorize.Asked{
		Client: auth.Client{ID: "app", Name: "<b>App</b>", Public: f.public},
		Request: auth.AuthorizationRequest{
			RedirectURI: uri, Scopes: []string{"openid", "email", "offline_access", "write:<x>", "pay"}, LoginHint: `"><script>`,
			Locales: f.locales, Resources: []string{"https://api.example"}, Claims: auth.ClaimsRequest{UserInfo: []string{"phone_number"}},
		},
	}}, nil
}

func (f *flow) Next(_ context.Context, v authorize.Visit) (authorize.Step, error) {
	f.seen = v.Session
	if v.Session == nil {
		return authorize.Step{Kind: authorize.Login}, nil
	}
	return authorize.Step{Kind: f.step}, nil
}

func (f *flow) LoggedIn(_ context.Context, _ string, session auth.ID) error {
	f.loggedIn = append(f.loggedIn, session)
	return nil
}

func (f *flow) Allow(_ context.Context, v authorize.Visit, _ string, _ auth.Caller) error {
	f.allowed = append(f.allowed, v.Session.ID)
	return nil
}

func (f *flow) Deny(context.Context, authorize.Visit, auth.Caller) (*authorize.Answer, error) {
	f.denied++
	return &authorize.Answer{RedirectURI: "https://app.example/cb", Mode: f.mode, Values: url.Values{"error": {"access_denied"}, "state": {`"><script>alert(1)</script>`}}}, nil
}

func (f *flow) Reauthenticate(context.Context, auth.ID, auth.ID, secret.Token, auth.Caller) (secret.Token, error) {
	f.reauthentic++
	return secret.FromString("renewed"), f.reauthErr
}

func (f *flow) Apps(context.Context, auth.ID) ([]auth.App, error) {
	return []auth.App{{Client: auth.Client{ID: "app", Name: "<b>App</b>"}, Consent: auth.Consent{CreatedAt: testNow, Scopes: []string{"email"}}}}, nil
}

func (f *flow) TakeBack(_ context.Context, _ auth.ID, client string, _ auth.Caller) error {
	if client != "app" {
		return auth.ErrNotFound
	}
	return nil
}

func newFlowSite(t *testing.T, step authorize.Kind) (*site, *flow) {
	t.Helper()
	f := &flow{step: step}
	s := newSite(t, func(c *Config, _ *fake) {
		c.Authorizations, c.Reauthentication, c.Apps = f, f, f
		c.Scopes = []auth.Scope{{Name: "pay", Words: map[string]string{"en": "Pay up to 10 €"}}, {Name: "email", Words: map[string]string{"de": "E-Mail"}}}
	})
	return s, f
}

func TestConsentIsTheSessionsOwn(t *testing.T) {
	t.Parallel()
	s, f := newFlowSite(t, authorize.Consent)
	form := url.Values{"interaction": {"open"}, "session": {idOf(2).String()}, "decision": {"allow"}}
	if r := s.post("/consent", form); r.Code != http.StatusSeeOther || len(f.allowed) != 0 {
		t.Errorf("a stranger's yes: got %d, allowed %v", r.Code, f.allowed)
	}
	s.loggedIn = true
	page := s.get("/consent?interaction=open")
	body := page.Body.String()
	for _, want := range []string{`id="allow"`, `id="deny"`, "&lt;b&gt;App&lt;/b&gt;", "Not verified", "app.example", "ann@example.com", "write:&lt;x&gt;", "https://api.example", "while you are away", "Pay up to 10 €", "See your email address", "See your phone number"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, want := range []string{"frame-ancestors 'none'", "form-action 'self'"} {
		if !strings.Contains(page.Header().Get("Content-Security-Policy"), want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
	for public, want := range map[bool]string{false: "You will not be asked again", true: "You will be asked each time"} {
		f.public = public
		if body := s.get("/consent?interaction=open").Body.String(); !strings.Contains(body, want) {
			t.Errorf("a client on the user's machine: %v; the page lacks %q", public, want)
		}
	}
	f.public = false
	if r := s.post("/consent", form); r.Code != http.StatusSeeOther || r.Header().Get("Location") != "/continue?interaction=open" || len(f.allowed) != 1 || f.allowed[0] != idOf(2) {
		t.Errorf("yes: got %d %q, allowed %v", r.Code, r.Header().Get("Location"), f.allowed)
	}
	for name, decision := range map[string]string{"no": "deny", "neither": ""} {
		denied := f.denied
		r := s.post("/consent", url.Values{"interaction": {"open"}, "session": {idOf(2).String()}, "decision": {decision}})
		if r.Code != http.StatusOK || f.denied != denied+1 || !strings.Contains(r.Body.String(), `href="https://app.example/cb?error=access_denied&amp;state=%22`) {
			t.Errorf("%s: got %d, %d times denied\n%s", name, r.Code, f.denied-denied, r.Body)
		}
	}
	f.step = authorize.Login
	if r := s.post("/consent", form); r.Header().Get("Location") != "/continue?interaction=open" || len(f.allowed) != 1 {
		t.Errorf("a yes that nobody waits for: got %q, allowed %v", r.Header().Get("Location"), f.allowed)
	}
	if r := s.get("/consent?interaction=forged"); r.Code != http.StatusBadRequest || !strings.Contains(r.Body.String(), "over") {
		t.Errorf("none of ours: got %d", r.Code)
	}
}

func TestAChoiceStandsOnlyWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	s, f := newFlowSite(t, authorize.Login) // prompt=login: a choice must not pass for a log-in
	s.loggedIn = true
	s.post("/choose", url.Values{"interaction": {"open"}})
	if len(f.loggedIn) != 0 {
		t.Error("a choice was taken for a log-in")
	}
	f.step = authorize.Choose
	page := s.get("/choose?interaction=open")
	if !strings.Contains(page.Body.String(), `name="session" value="`+idOf(2).String()+`"`) {
		t.Errorf("the page does not say whose it is\n%s", page.Body)
	}
	if r := s.get("/choose?interaction=open"); r.Code != http.StatusOK || !strings.Contains(r.Body.String(), "Go on as ann@example.com") {
		t.Errorf("got %d\n%s", r.Code, r.Body)
	}
	s.post("/choose", url.Values{"interaction": {"open"}, "session": {idOf(2).String()}})
	if len(f.loggedIn) != 1 || f.loggedIn[0] != idOf(2) {
		t.Errorf("logged in %v", f.loggedIn)
	}
}

// The page of one user is not answered for another who has signed in meanwhile, in another tab (BR-06).
func TestAPageIsAnsweredByWhomItWasShownTo(t *testing.T) {
	t.Parallel()
	s, f := newFlowSite(t, authorize.Consent)
	s.loggedIn, f.mode = true, oauth.ModeQuery
	if page := s.get("/consent?interaction=open").Body.String(); !strings.Contains(page, `name="session" value="`+idOf(2).String()+`"`) {
		t.Errorf("the page does not say whose it is\n%s", page)
	}
	for name, session := range map[string][]string{"another's": {idOf(3).String()}, "nobody's": nil} {
		for _, decision := range []string{"allow", "deny"} {
			r := s.post("/consent", url.Values{"interaction": {"open"}, "session": session, "decision": {decision}})
			if r.Header().Get("Location") != "/continue?interaction=open" || len(f.allowed) != 0 || f.denied != 0 {
				t.Errorf("%s, %s: led to %q, allowed %v, denied %d times; want to be asked again", name, decision, r.Header().Get("Location"), f.allowed, f.denied)
			}
		}
		f.step = authorize.Choose
		if r := s.post("/choose", url.Values{"interaction": {"open"}, "session": session}); r.Header().Get("Location") != "/continue?interaction=open" || len(f.loggedIn) != 0 {
			t.Errorf("%s, choice: led to %q, chosen %v", name, r.Header().Get("Location"), f.loggedIn)
		}
		f.step = authorize.Consent
	}
}

func TestALogInForAnApplication(t *testing.T) {
	t.Parallel()
	s, f := newFlowSite(t, authorize.Login)
	page := s.get("/login?interaction=open").Body.String()
	for _, want := range []string{"&lt;b&gt;App&lt;/b&gt;", "app.example", `name="interaction" value="open"`, `value="&#34;&gt;&lt;script&gt;"`, "/signup?interaction=open"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	form := url.Values{"username": {"ann@example.com"}, "password": {"pass"}, "interaction": {"open"}}
	if r := s.post("/login", form); r.Header().Get("Location") != "/continue?interaction=open" || len(f.loggedIn) != 1 || f.reauthentic != 0 {
		t.Errorf("a stranger: led to %q, logged in %v, asked again %d", r.Header().Get("Location"), f.loggedIn, f.reauthentic)
	}
	s.loggedIn = true
	r := s.post("/login", form)
	if r.Header().Get("Location") != "/continue?interaction=open" || len(f.loggedIn) != 2 || f.loggedIn[1] != idOf(2) || !strings.Contains(strings.Join(r.Header()["Set-Cookie"], " "), "renewed") {
		t.Errorf("the same user: led to %q, logged in %v: want the session to go on, renewed", r.Header().Get("Location"), f.loggedIn)
	}
	s.post("/login", url.Values{"username": {"bob@example.com"}, "password": {"pass"}, "interaction": {"open"}})
	if f.reauthentic != 1 || s.asked.Email != "bob@example.com" {
		t.Errorf("another user: asked again %d times, logged in as %s", f.reauthentic, s.asked.Email)
	}
	if r := s.post("/login", url.Values{"username": {"ann@example.com"}, "password": {"pass"}, "interaction": {"https://evil.example"}}); r.Code != http.StatusBadRequest {
		t.Errorf("an address instead of a request: got %d, want 400", r.Code)
	}
	if r := s.get("/continue?interaction=https://evil.example"); r.Code != http.StatusBadRequest || strings.Contains(r.Body.String(), "evil") {
		t.Errorf("an open redirect? got %d\n%s", r.Code, r.Body)
	}
}

func TestFormPostLeavesTheFormToTheClient(t *testing.T) {
	t.Parallel()
	s, f := newFlowSite(t, authorize.Consent)
	s.loggedIn, f.mode = true, oauth.ModeFormPost
	r := s.post("/consent", url.Values{"interaction": {"open"}, "session": {idOf(2).String()}, "decision": {"deny"}})
	body, policy := r.Body.String(), r.Header().Get("Content-Security-Policy")
	if !strings.Contains(body, `action="https://app.example/cb"`) || strings.Contains(body, "<script>alert") || !strings.Contains(body, `value="&#34;&gt;&lt;script&gt;`) {
		t.Errorf("got %s", body)
	}
	if strings.Contains(policy, "form-action") || !strings.Contains(policy, "script-src 'self'") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("policy %q", policy)
	}
}
