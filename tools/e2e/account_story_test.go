package e2e

import (
	"context"
	"net/http"
	"regexp"
	"testing"
)

// TestTheAccountPagesWorkWithoutJavaScript is the way of a user who looks after the account: see who one is and where one
// is signed in, change the password, end what is elsewhere, sign out everywhere.
func TestTheAccountPagesWorkWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := Browser(t, WithoutJavaScript(), Viewport(1280, 800))
	const email, first, second = "ann@example.com", "a quiet brass lantern", "another quiet brass lantern"
	Open(t, ctx, s.URL+"/signup")
	signIn(t, ctx, email, first)
	Open(t, ctx, s.URL+"/account")
	WaitText(t, ctx, ".profile", "Member since")
	WaitText(t, ctx, ".sessions", "with a password")
	if Present(t, ctx, "#end-others") {
		t.Error("a single session can end others")
	}
	shoot(t, ctx, "account-one-session")

	Click(t, ctx, `a[href="/account/password"]`)
	WaitLocation(t, ctx, "/account/password")
	shoot(t, ctx, "password")
	expectRefusedChanges(t, ctx, first, second)
	shoot(t, ctx, "password-wrong")
	elsewhere := credentials(t, enter(t, s.URL, email, first), s.URL)
	if len(elsewhere) != 3 {
		t.Fatalf("the other browser has %d cookies", len(elsewhere))
	}
	before := credentials(t, ctx, s.URL)["daypass-session"].Value
	if got := change(t, ctx, first, second); got != http.StatusOK {
		t.Fatalf("change the password: status %d, want 200", got)
	}
	WaitText(t, ctx, "[role=status]", "Your password is changed.")
	if after := credentials(t, ctx, s.URL)["daypass-session"].Value; after == before {
		t.Error("the SSO cookie is the one from before")
	}
	if Present(t, ctx, "#end-others") {
		t.Error("the other browser's session outlived the change of password")
	}

	other := enter(t, s.URL, email, second)
	Open(t, ctx, s.URL+"/account")
	WaitText(t, ctx, ".sessions", "End")
	shoot(t, ctx, "account-two-browsers")
	if got := Submit(t, ctx, "#end-others"); got != http.StatusOK {
		t.Errorf("end all others: status %d, want 200", got)
	}
	WaitText(t, ctx, "[role=status]", "All other sessions have ended")
	Open(t, other, s.URL+"/account")
	if got := Location(t, other); got != s.URL+"/login" {
		t.Errorf("the other browser is led to %s, want /login", got)
	}
	signIn(t, other, email, second)
	Open(t, ctx, s.URL+"/account")
	Submit(t, ctx, "#end-all")
	WaitText(t, ctx, "h1", "Signed out")
	if left := credentials(t, ctx, s.URL); len(left) != 0 {
		t.Errorf("after signing out everywhere %d cookies are left, want none", len(left))
	}
	Open(t, other, s.URL+"/account")
	if got := Location(t, other); got != s.URL+"/login" {
		t.Errorf("after signing out everywhere the other browser is led to %s, want /login", got)
	}
}

// expectRefusedChanges tries what the form for a new password must not take.
func expectRefusedChanges(t *testing.T, ctx context.Context, first, second string) {
	t.Helper()
	for _, row := range []struct {
		current, next string
		status        int
		says          string
	}{
		{"a guess", second, http.StatusUnauthorized, "The current password is not right."},
		{first, "short", http.StatusUnprocessableEntity, "at least 15 characters"},
		{first, "daypassdaypass1", http.StatusUnprocessableEntity, "the name of this service"},
	} {
		if got := change(t, ctx, row.current, row.next); got != row.status {
			t.Errorf("from %q to %q: status %d, want %d", row.current, row.next, got, row.status)
		}
		WaitText(t, ctx, "[role=alert]", row.says)
	}
}

// TestTheAddressIsChangedWithTheCodeThatWasMailed moves an account to another address, without JavaScript; dev prints the
// mail.
func TestTheAddressIsChangedWithTheCodeThatWasMailed(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := Browser(t, WithoutJavaScript(), Viewport(1280, 800))
	const before, after, password = "ann@example.com", "ann@new.example.com", "a quiet brass lantern"
	Open(t, ctx, s.URL+"/signup")
	signIn(t, ctx, before, password)
	Open(t, ctx, s.URL+"/account")
	Click(t, ctx, `a[href="/account/email"]`)
	WaitLocation(t, ctx, "/account/email")
	shoot(t, ctx, "email")
	Fill(t, ctx, "new-email", after)
	Fill(t, ctx, "password", "a guess")
	if got := Submit(t, ctx, send); got != http.StatusUnauthorized {
		t.Errorf("wrong password: status %d, want 401", got)
	}
	shoot(t, ctx, "email-wrong")
	Fill(t, ctx, "password", password)
	Submit(t, ctx, send)
	WaitLocation(t, ctx, "/account/email/code")
	WaitText(t, ctx, "main", after)
	shoot(t, ctx, "code")
	Fill(t, ctx, "code", "AAAA-AAAA")
	if got := Submit(t, ctx, send); got != http.StatusUnprocessableEntity {
		t.Errorf("wrong code: status %d, want 422", got)
	}
	shoot(t, ctx, "code-wrong")
	Fill(t, ctx, "code", printedCode(t, s))
	if got := Submit(t, ctx, send); got != http.StatusOK {
		t.Errorf("the code: status %d, want 200", got)
	}
	WaitText(t, ctx, "[role=status]", "Your email address is changed.")
	WaitText(t, ctx, ".profile", after)
	enter(t, s.URL, after, password)
	old := Browser(t, WithoutJavaScript())
	Open(t, old, s.URL+"/login")
	if got := signIn(t, old, before, password); got != http.StatusUnauthorized {
		t.Errorf("log in with the old address: status %d, want 401", got)
	}
}

var printed = regexp.MustCompile(`text=([A-Z2-9]{4}-[A-Z2-9]{4})\b`)

// printedCode waits for the code in the mail that dev prints.
func printedCode(t *testing.T, s *Server) (code string) {
	t.Helper()
	err := poll(t.Context(), func(context.Context) (bool, error) {
		if found := printed.FindStringSubmatch(s.Output()); found != nil {
			code = found[1]
		}
		return code != "", nil
	})
	if err != nil {
		t.Fatalf("no code in the log: %v", err)
	}
	return code
}

// enter logs in with a browser of its own.
func enter(t *testing.T, base, email, password string) context.Context {
	t.Helper()
	ctx := Browser(t, WithoutJavaScript())
	Open(t, ctx, base+"/login")
	if got := signIn(t, ctx, email, password); got != http.StatusOK {
		t.Fatalf("log in: status %d, want 200", got)
	}
	return ctx
}

// change fills the form of /account/password.
func change(t *testing.T, ctx context.Context, current, next string) int {
	t.Helper()
	Fill(t, ctx, "password", current)
	Fill(t, ctx, "new-password", next)
	return Submit(t, ctx, send)
}
