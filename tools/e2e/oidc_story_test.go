package e2e

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// party is a web application as its developers write one: x/oauth2 and go-oidc, and nothing of ours.
type party struct {
	t        *testing.T
	url      string
	provider *oidc.Provider
	config   oauth2.Config
	answers  chan http.Request // as they come back to the redirect URI
}

// newParty serves a redirect URI and registers the application at s.
func newParty(t *testing.T, s *Server, id string, more ...string) *party {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &party{t: t, url: "http://" + listener.Addr().String(), answers: make(chan http.Request, 8)}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" && r.URL.Path != "/bye" {
			http.NotFound(w, r)
			return
		}
		_ = r.ParseForm()
		p.answers <- *r
		http.Redirect(w, r, p.home(), http.StatusSeeOther)
	})}
	go func() { _ = server.Serve(listener) }() // ends with the test
	t.Cleanup(func() { _ = server.Close() })
	args := append([]string{"client", "create", "--id", id, "--name", "Notes & Co", "--public", "--redirect-uri", p.url + "/callback"}, more...)
	s.Command(t, "", args...)
	if p.provider, err = oidc.NewProvider(t.Context(), s.URL); err != nil {
		t.Fatal(err)
	}
	p.config = oauth2.Config{
		ClientID: id, Endpoint: p.provider.Endpoint(), RedirectURL: p.url + "/callback",
		Scopes: []string{oidc.ScopeOpenID, "email", oidc.ScopeOfflineAccess},
	}
	p.config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	return p
}

// home is where the application sends its users in the end: another origin, as some do.
func (p *party) home() string { return strings.Replace(p.url, "127.0.0.1", "localhost", 1) + "/home" }

// answer waits for what came back, checks what every client has to check, and lets the browser arrive.
func (p *party) answer(ctx context.Context, state string) *http.Request {
	p.t.Helper()
	defer WaitLocation(p.t, ctx, p.home())
	select {
	case r := <-p.answers:
		if r.Form.Get("state") != state || r.Form.Get("iss") != strings.TrimSuffix(p.config.Endpoint.AuthURL, "/oauth/authorize") {
			p.t.Errorf("the answer has state %q and iss %q", r.Form.Get("state"), r.Form.Get("iss"))
		}
		return &r
	case <-time.After(20 * time.Second):
		p.t.Fatal("nothing came back to the client")
		return nil
	}
}

// signInFor fills the log-in of a request and does not wait for where it leads: that is the client's.
func signInFor(t *testing.T, ctx context.Context) {
	t.Helper()
	Fill(t, ctx, "username", demoEmail)
	Fill(t, ctx, "password", demoPassword)
	Click(t, ctx, "button[type=submit]")
}

// TestAnApplicationOfOthersLogsItsUsersIn goes the whole way with libraries that others wrote, without JavaScript.
func TestAnApplicationOfOthersLogsItsUsersIn(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	p := newParty(t, s, "notes")
	ctx := Browser(t, WithoutJavaScript(), AllowPageProblems())
	verifier := oauth2.GenerateVerifier()
	Open(t, ctx, p.config.AuthCodeURL("state-1", oidc.Nonce("nonce-1"), oauth2.S256ChallengeOption(verifier)))
	WaitText(t, ctx, "main", "Notes & Co")
	shoot(t, ctx, "login-for-an-application")
	signInFor(t, ctx)
	WaitVisible(t, ctx, "#allow")
	WaitText(t, ctx, ".party", "Not verified")
	WaitText(t, ctx, ".wishes", "See your email address")
	WaitText(t, ctx, "main", "You will be asked each time") // the application is on this machine
	shoot(t, ctx, "consent")
	Click(t, ctx, "#allow")
	code := p.answer(ctx, "state-1").Form.Get("code")

	tokens, err := p.config.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := p.provider.Verifier(&oidc.Config{ClientID: "notes"}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	info, errInfo := p.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(tokens))
	if err := errors.Join(errInfo, id.VerifyAccessToken(tokens.AccessToken)); err != nil || id.Nonce != "nonce-1" || info.Subject != id.Subject || info.Email != demoEmail {
		t.Errorf("%v, nonce %q, UserInfo %+v", err, id.Nonce, info)
	}
	tokens.Expiry = time.Now().Add(-time.Minute)
	renewed, err := p.config.TokenSource(t.Context(), tokens).Token()
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := renewed.Extra("id_token").(string); again == "" || renewed.AccessToken == tokens.AccessToken {
		t.Error("the refresh brought no ID token, or the same access token")
	}

	_, err = p.config.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" {
		t.Errorf("the code again: %v, want invalid_grant", err)
	}
	if _, err := p.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(renewed)); err == nil {
		t.Error("what the replayed code bought is still good")
	}

	Open(t, ctx, p.config.AuthCodeURL("state-2", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "none")))
	if got := p.answer(ctx, "state-2").Form; got.Get("error") != "consent_required" { // anybody on this machine could be that client
		t.Errorf("in silence: got %v, want consent_required", got)
	}
	Open(t, ctx, p.config.AuthCodeURL("state-3", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "login")))
	WaitVisible(t, ctx, "#password")
	signInFor(t, ctx)
	WaitVisible(t, ctx, "#allow")
	Click(t, ctx, "#allow")
	if got := p.answer(ctx, "state-3").Form; got.Get("code") == "" {
		t.Errorf("signed in anew: got %v, want a code", got)
	}
	Open(t, ctx, p.config.AuthCodeURL("state-4", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "consent"),
		oauth2.SetAuthURLParam("response_mode", "form_post")))
	WaitVisible(t, ctx, "#deny")
	Click(t, ctx, "#deny")
	WaitVisible(t, ctx, "#continue")
	shoot(t, ctx, "form-post")
	Click(t, ctx, "#continue")
	if got := p.answer(ctx, "state-4"); got.Method != http.MethodPost || got.Form.Get("error") != "access_denied" {
		t.Errorf("denied: got %s %v, want access_denied by POST", got.Method, got.Form)
	}
}

// Somebody else signs in in another tab while a consent page is open: what it says "as" is what its button does.
func TestAConsentPageStandsForWhomItNames(t *testing.T) {
	t.Parallel()
	const other, password = "eve@example.com", "a horse of another colour"
	s := Daypass(t)
	p := newParty(t, s, "notes")
	s.Command(t, password, "user", "create", "--email", other, "--password-stdin")
	ctx := Browser(t, WithoutJavaScript(), AllowPageProblems())
	Open(t, ctx, p.config.AuthCodeURL("state-1", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	signInFor(t, ctx)
	WaitText(t, ctx, "main", demoEmail)
	tab := Tab(t, ctx)
	Open(t, tab, s.URL+"/login")
	Fill(t, tab, "username", other)
	Fill(t, tab, "password", password)
	Submit(t, tab, "button[type=submit]")
	Click(t, ctx, "#allow")
	WaitText(t, ctx, "main", other)
	shoot(t, ctx, "consent-of-another")
	select {
	case r := <-p.answers:
		t.Fatalf("the yes of %s was taken for that of %s: %v", demoEmail, other, r.Form)
	default:
	}
	Click(t, ctx, "#allow")
	if got := p.answer(ctx, "state-1").Form; got.Get("code") == "" {
		t.Errorf("their own yes: got %v, want a code", got)
	}
}

// An application may ask as whom its user goes on.
func TestTheUserSaysAsWhomToGoOn(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	p := newParty(t, s, "notes")
	ctx := Browser(t, WithoutJavaScript(), AllowPageProblems())
	Open(t, ctx, s.URL+"/login")
	signIn(t, ctx, demoEmail, demoPassword)
	Open(t, ctx, p.config.AuthCodeURL("state-1", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("prompt", "select_account")))
	WaitText(t, ctx, "#choose-current", demoEmail)
	shoot(t, ctx, "choose")
	Click(t, ctx, "#choose-current")
	WaitVisible(t, ctx, "#allow")
	Click(t, ctx, "#allow")
	if got := p.answer(ctx, "state-1").Form; got.Get("code") == "" {
		t.Errorf("got %v, want a code", got)
	}
}

// What was allowed is shown, and taken back with every token.
func TestWhatWasAllowedIsTakenBack(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	p := newParty(t, s, "notes")
	ctx := Browser(t, WithoutJavaScript(), AllowPageProblems())
	verifier := oauth2.GenerateVerifier()
	Open(t, ctx, p.config.AuthCodeURL("state-1", oauth2.S256ChallengeOption(verifier)))
	signInFor(t, ctx)
	WaitVisible(t, ctx, "#allow")
	Click(t, ctx, "#allow")
	tokens, err := p.config.Exchange(t.Context(), p.answer(ctx, "state-1").Form.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	Open(t, ctx, s.URL+"/account")
	shoot(t, ctx, "account-with-applications")
	Click(t, ctx, `a[href="/account/apps"]`)
	WaitText(t, ctx, "main", "Notes & Co")
	shoot(t, ctx, "apps")
	Submit(t, ctx, `form[action="/account/apps/take-back"] button`)
	WaitText(t, ctx, "[role=status]", "ended")
	WaitText(t, ctx, "main", "No application has been let in")
	shoot(t, ctx, "apps-none")
	if _, err := p.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(tokens)); err == nil {
		t.Error("the access token is still good")
	}
	tokens.Expiry = time.Now().Add(-time.Minute)
	if _, err := p.config.TokenSource(t.Context(), tokens).Token(); err == nil {
		t.Error("the refresh token is still good")
	}
}

// An application signs its user out here as well: at once when it proves which session it means, and else after a question.
func TestAnApplicationSignsItsUserOut(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	p := newParty(t, s, "notes")
	s.Command(t, "", "client", "update", "notes", "--post-logout-redirect-uri", p.url+"/bye")
	ctx := Browser(t, WithoutJavaScript(), AllowPageProblems())
	verifier := oauth2.GenerateVerifier()
	signIn := func(state string) string {
		Open(t, ctx, p.config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)))
		signInFor(t, ctx)
		WaitVisible(t, ctx, "#allow")
		Click(t, ctx, "#allow")
		tokens, err := p.config.Exchange(t.Context(), p.answer(ctx, state).Form.Get("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		id, _ := tokens.Extra("id_token").(string)
		return id
	}
	leave := func(q url.Values) {
		q.Set("post_logout_redirect_uri", p.url+"/bye")
		q.Set("state", "bye-1")
		Open(t, ctx, s.URL+"/oauth/logout?"+q.Encode())
	}
	left := func(how string) {
		t.Helper()
		select {
		case r := <-p.answers:
			if r.URL.Path != "/bye" || r.Form.Get("state") != "bye-1" {
				t.Errorf("%s: came back to %s", how, r.URL)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: nobody came back", how)
		}
		WaitLocation(t, ctx, p.home())
		if got := credentials(t, ctx, s.URL); len(got) != 0 {
			t.Errorf("%s: %d cookies are left", how, len(got))
		}
	}
	leave(url.Values{"id_token_hint": {signIn("state-1")}})
	left("proven")
	signIn("state-2")
	leave(url.Values{"client_id": {"notes"}})
	WaitVisible(t, ctx, "#logout-confirm")
	shoot(t, ctx, "logout-for-an-application")
	Click(t, ctx, "#logout-confirm")
	left("asked")
}

// A page of an error that nobody can be told but the user.
func TestAMistakeOfAnApplicationIsShownToItsUser(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	p := newParty(t, s, "notes")
	ctx := Browser(t)
	p.config.RedirectURL = "https://evil.example/callback"
	if status := Open(t, ctx, p.config.AuthCodeURL("state")); status != http.StatusBadRequest {
		t.Errorf("status %d, want 400", status)
	}
	WaitText(t, ctx, "#error-parameter", "redirect_uri")
	shoot(t, ctx, "authorize-error")
}
