package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// TestLogInAccountAndLogOutWorkWithoutJavaScript is the way of a user who needs no demo: log in, see where else the
// account is signed in, end that, log out.
func TestLogInAccountAndLogOutWorkWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := Browser(t, WithoutJavaScript(), Viewport(390, 844))
	Open(t, ctx, s.URL+"/account")
	if got := Location(t, ctx); got != s.URL+"/login" {
		t.Errorf("a stranger at /account is led to %s, want /login", got)
	}
	shoot(t, ctx, "login")
	if got := signIn(t, ctx, demoEmail, demoPassword); got != http.StatusOK {
		t.Fatalf("log in: status %d, want 200", got)
	}
	if got := Location(t, ctx); got != s.URL+"/demo" {
		t.Errorf("landed at %s, want /demo", got)
	}
	WaitText(t, ctx, "main noscript", "JavaScript")
	shoot(t, ctx, "demo-noscript")

	elsewhere := logInByProgram(t, s.URL)
	Click(t, ctx, `nav a[href="/account"]`)
	WaitText(t, ctx, "main", demoEmail)
	WaitText(t, ctx, ".sessions", "This device")
	shoot(t, ctx, "account-two-sessions")
	if got := Submit(t, ctx, `form[action="/account/sessions/end"] button`); got != http.StatusOK {
		t.Errorf("end a session: status %d, want 200", got)
	}
	WaitText(t, ctx, "[role=status]", "ended")
	if Present(t, ctx, `form[action="/account/sessions/end"]`) {
		t.Error("the ended session is still listed")
	}
	if got, status := refreshByProgram(t, s.URL, elsewhere.Refresh); status != http.StatusBadRequest || got.Error != "invalid_grant" {
		t.Errorf("refresh of the ended session: got %d %q, want 400 invalid_grant", status, got.Error)
	}
	shoot(t, ctx, "account-session-ended")

	Click(t, ctx, `nav a[href="/logout"]`)
	WaitVisible(t, ctx, "#logout-confirm")
	shoot(t, ctx, "logout")
	Submit(t, ctx, "#logout-confirm")
	WaitText(t, ctx, "h1", "Signed out")
	shoot(t, ctx, "logout-done")
	if left := credentials(t, ctx, s.URL); len(left) != 0 {
		t.Errorf("after the log-out %d cookies are left, want none", len(left))
	}
	Open(t, ctx, s.URL+"/account")
	if got := Location(t, ctx); got != s.URL+"/login" {
		t.Errorf("after the log-out /account leads to %s, want /login", got)
	}
}

func TestTheThreeCookiesAreOutOfReachOfScripts(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := atDemo(t, s.URL)
	cookies := credentials(t, ctx, s.URL)
	for name, path := range map[string]string{"daypass-session": "/", "daypass-access": "/", "daypass-refresh": "/v1"} {
		c := cookies[name]
		if c == nil {
			t.Errorf("cookie %s is missing", name)
			continue
		}
		if !c.HTTPOnly || c.SameSite != network.CookieSameSiteLax || c.Path != path || c.Session {
			t.Errorf("cookie %s: HttpOnly %v, SameSite %s, Path %s, ends with the browser %v; want true, Lax, %s, false",
				name, c.HTTPOnly, c.SameSite, c.Path, c.Session, path)
		}
	}
	if Cookies(t, ctx, s.URL+"/demo")["daypass-refresh"] != nil {
		t.Error("the refresh cookie travels outside /v1")
	}
	if got := Eval[string](t, ctx, "document.cookie"); got != "" {
		t.Errorf("a script reads the cookies %q, want none", got)
	}
	wantNoTokenInPage(t, ctx, s.URL)
	for what, secret := range secretsOf(cookies) {
		if strings.Contains(s.Output(), secret) {
			t.Errorf("the server printed %s", what)
		}
	}
}

func TestAWrongPasswordKeepsTheEmailAndSaysNoMore(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := Browser(t, WithoutJavaScript())
	for _, email := range []string{demoEmail, "nobody@example.com"} {
		Open(t, ctx, s.URL+"/login")
		if got := signIn(t, ctx, email, "correct horse battery stable"); got != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want 401", email, got)
		}
		wantText(t, ctx, "[role=alert]", "Email or password is not right.")
		if got := Eval[string](t, ctx, "username.value + '/' + password.value"); got != email+"/" {
			t.Errorf("the form holds %q, want the email kept and no password", got)
		}
	}
	shoot(t, ctx, "login-wrong")
	if got := credentials(t, ctx, s.URL); len(got) != 0 {
		t.Errorf("a refused log-in set %d cookies", len(got))
	}
}
