package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"golang.org/x/oauth2"
)

// spoken returns the language that the page says it is in, and fails when something sticks out of it: German words are long.
func spoken(t *testing.T, ctx context.Context) string {
	t.Helper()
	if got := Eval[int](t, ctx, "document.documentElement.scrollWidth - innerWidth"); got > 0 {
		t.Errorf("%s: %d pixels stick out", Location(t, ctx), got)
	}
	return Eval[string](t, ctx, "document.documentElement.lang")
}

// An application says which language its user speaks, whatever the browser says: from the log-in to the log-out.
func TestAnApplicationAsksForALanguage(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	p := newParty(t, s, "notes")
	ctx := Browser(t, WithoutJavaScript(), AllowPageProblems(), Viewport(360, 780))
	german := oauth2.SetAuthURLParam("ui_locales", "fr-CA de-AT")
	says := func(where, want string) {
		t.Helper()
		WaitText(t, ctx, "main", want)
		if got := spoken(t, ctx); got != "de" {
			t.Errorf("%s: the page is in %q, want de", where, got)
		}
		shootAt(t, ctx, 360, "de-"+where)
	}
	Open(t, ctx, p.config.AuthCodeURL("state-1", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), german))
	says("login", "Weiter zu Notes & Co")
	Fill(t, ctx, "username", demoEmail)
	Fill(t, ctx, "password", "not the password")
	Submit(t, ctx, send)
	says("login-wrong", "E-Mail-Adresse oder Passwort ist nicht richtig.")
	signInFor(t, ctx)
	WaitVisible(t, ctx, "#allow")
	says("consent", "Ihre E-Mail-Adresse sehen")
	Click(t, ctx, "#allow")
	if got := p.answer(ctx, "state-1").Form; got.Get("code") == "" {
		t.Errorf("got %v, want a code", got)
	}
	Open(t, ctx, p.config.AuthCodeURL("state-2", german)) // without PKCE
	p.answer(ctx, "state-2")
	p.config.RedirectURL = "https://evil.example/callback"
	if status := Open(t, ctx, p.config.AuthCodeURL("state-3", german)); status != http.StatusBadRequest {
		t.Errorf("status %d, want 400", status)
	}
	says("error", "hat einen Fehler gemacht")
	Open(t, ctx, s.URL+"/oauth/logout?"+url.Values{"client_id": {"notes"}, "ui_locales": {"de"}}.Encode())
	says("logout", "Notes & Co möchte Ihre Sitzung hier beenden.")
	Click(t, ctx, "#logout-confirm")
	says("logout-done", "In diesem Browser besteht keine Sitzung.")
}

// Where nobody asks for a language, it is the browser's.
func TestTheBrowserSpeaksALanguage(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := Browser(t, Speaks("de-DE"), Viewport(360, 780))
	for name, path := range map[string]string{"landing": "/", "signup": "/signup", "not-found": "/nowhere"} {
		Open(t, ctx, s.URL+path)
		if got := spoken(t, ctx); got != "de" {
			t.Errorf("%s is in %q, want de", path, got)
		}
		shootAt(t, ctx, 360, "de-"+name)
	}
	Open(t, ctx, s.URL+"/login")
	signIn(t, ctx, demoEmail, demoPassword)
	for name, path := range map[string]string{"account": "/account", "password": "/account/password", "apps": "/account/apps", "email": "/account/email"} {
		Open(t, ctx, s.URL+path)
		if got := spoken(t, ctx); got != "de" {
			t.Errorf("%s is in %q, want de", path, got)
		}
		shootAt(t, ctx, 360, "de-"+name)
	}
	Open(t, ctx, s.URL+"/demo")
	if got := spoken(t, ctx); got != "en" {
		t.Errorf("/demo is in %q, want en", got)
	}
}

func TestTheMetadataTellsTheLanguages(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		reply, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var document struct {
			Languages []string `json:"ui_locales_supported"`
		}
		err = json.NewDecoder(reply.Body).Decode(&document)
		_ = reply.Body.Close()
		if err != nil || !slices.Equal(document.Languages, []string{"en", "de"}) {
			t.Errorf("%s: got %v, %v, want en and de", path, document.Languages, err)
		}
	}
}
