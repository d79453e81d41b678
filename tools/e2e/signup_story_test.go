package e2e

import (
	"context"
	"net/http"
	"testing"
)

func TestSignUpWorksWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := Browser(t, WithoutJavaScript())
	Open(t, ctx, s.URL+"/")
	shoot(t, ctx, "landing")
	Click(t, ctx, `nav a[href="/signup"]`)
	WaitLocation(t, ctx, "/signup")
	shoot(t, ctx, "signup")
	// The name keeps what HTML would read as a character reference, so the account page shows whether it is escaped.
	const email = "ann&ltx@example.com"
	for _, row := range []struct {
		name, email, password string
		status                int
		says                  string
	}{
		{"a short password", email, "short", http.StatusUnprocessableEntity, "at least 15 characters"},
		{"a common password", email, "passwordpassword", http.StatusUnprocessableEntity, "Many people use this password"},
		{"the address as the password", email, email, http.StatusUnprocessableEntity, "must not be the email address"},
		{"a taken address", demoEmail, "a quiet brass lantern", http.StatusConflict, "cannot be used for a new account"},
	} {
		if got := signIn(t, ctx, row.email, row.password); got != row.status {
			t.Errorf("%s: status %d, want %d", row.name, got, row.status)
		}
		WaitText(t, ctx, "[role=alert]", row.says)
		if got := Eval[string](t, ctx, "username.value + '/' + password.value"); got != row.email+"/" {
			t.Errorf("%s: the form holds %q, want the email kept and no password", row.name, got)
		}
	}
	shoot(t, ctx, "signup-taken")
	if got := credentials(t, ctx, s.URL); len(got) != 0 {
		t.Errorf("refused sign-ups set %d cookies", len(got))
	}
	if got := signIn(t, ctx, email, "a quiet brass lantern"); got != http.StatusOK {
		t.Fatalf("sign up: status %d, want 200", got)
	}
	if got := Location(t, ctx); got != s.URL+"/demo" {
		t.Errorf("landed at %s, want /demo: whoever signs up is signed in", got)
	}
	Open(t, ctx, s.URL+"/account")
	wantText(t, ctx, "main strong", email)
}

// TestMarkupInTheEmailFieldStaysText sends what a browser's own check of the address would stop, as an attacker's form does.
func TestMarkupInTheEmailFieldStaysText(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := Browser(t)
	const canary = `"><img id=canary src=x onerror="window.owned=1"></title><script id=canary>window.owned=1</script>&lt;'{{.}}`
	for _, path := range []string{"/login", "/signup"} {
		Open(t, ctx, s.URL+path)
		withoutBrowserChecks(t, ctx)
		if got := signIn(t, ctx, canary, "a quiet brass lantern"); got < 400 || got >= 500 {
			t.Errorf("%s: status %d, want a refusal", path, got)
		}
		if got := Eval[string](t, ctx, "username.value"); got != canary {
			t.Errorf("%s: the field shows %q, want the canary as it was typed", path, got)
		}
		if Present(t, ctx, "#canary") || Eval[bool](t, ctx, "'owned' in window") {
			t.Errorf("%s: the canary became markup", path)
		}
	}
	shoot(t, ctx, "signup-canary")
}

func withoutBrowserChecks(t *testing.T, ctx context.Context) {
	t.Helper()
	Eval[bool](t, ctx, `document.querySelector('main form').noValidate = true`)
}

// TestSignUpWithAProofOfTheAddress makes an account in two steps, without JavaScript, where sign_up is confirm; a taken
// address looks the same.
func TestSignUpWithAProofOfTheAddress(t *testing.T) {
	t.Parallel()
	s := DaypassWith(t, []string{"DAYPASS_SIGN_UP=confirm"})
	ctx := Browser(t, WithoutJavaScript(), Viewport(1280, 800))
	const password = "a quiet brass lantern"
	for _, email := range []string{demoEmail, "new@example.com"} {
		Open(t, ctx, s.URL+"/signup")
		signIn(t, ctx, email, password)
		WaitLocation(t, ctx, "/signup/code")
		WaitText(t, ctx, "main", email)
	}
	shoot(t, ctx, "signup-code")
	Fill(t, ctx, "code", "AAAA-AAAA")
	if got := Submit(t, ctx, send); got != http.StatusUnprocessableEntity {
		t.Errorf("wrong code: status %d, want 422", got)
	}
	Fill(t, ctx, "code", printedCode(t, s))
	Submit(t, ctx, send)
	Open(t, ctx, s.URL+"/account")
	WaitText(t, ctx, ".profile", "new@example.com")
}
