package e2e

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func TestAStrangerAtTheDemoIsToldWhatItIsAndHowToEnter(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := Browser(t)
	if got := Open(t, ctx, s.URL+"/demo"); got != http.StatusOK {
		t.Errorf("status %d, want 200", got)
	}
	wantText(t, ctx, "#demo-email", demoEmail)
	wantText(t, ctx, "#demo-password", demoPassword)
	if Present(t, ctx, "[data-story]") {
		t.Error("a stranger is offered buttons that cannot work")
	}
	shoot(t, ctx, "demo-stranger")
	Click(t, ctx, `main a[href="/login"]`)
	WaitLocation(t, ctx, "/login")
	if got := signIn(t, ctx, demoEmail, demoPassword); got != http.StatusOK {
		t.Errorf("log in as the page says: status %d, want 200", got)
	}
	WaitLocation(t, ctx, "/demo")
	waitLive(t, ctx)
}

// TestBothTokensAreLive follows the plain story: see both tokens, call the API, refresh, lose the pass, end the session.
func TestBothTokensAreLive(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := atDemo(t, s.URL)
	shoot(t, ctx, "demo-fresh")
	wantText(t, ctx, "#generation", "0")
	WaitText(t, ctx, `[data-claim="aud"] .claim-value`, s.URL+"/demo/api")
	if told := timeline(t, ctx); len(told) != 1 || !strings.Contains(told[0].What, "Logged in") {
		t.Errorf("the timeline begins with %+v, want the log-in alone", told)
	}
	before := secondsLeft(t, ctx)
	if before < 8*60 || before > 10*60 {
		t.Errorf("the access token says %d s left, want about ten minutes", before)
	}
	waitTrue(t, ctx, `(([m, s]) => m * 60 + +s)(document.getElementById('access-left').textContent.split(':')) < `+strconv.Itoa(before))

	wantVerdicts(t, "call", press(t, ctx, "call"), "Allowed")
	jti := claim(t, ctx, "jti")
	wantVerdicts(t, "refresh", press(t, ctx, "refresh"), "Current")
	wantText(t, ctx, "#generation", "1")
	if claim(t, ctx, "jti") == jti {
		t.Error("the refresh brought no new access token")
	}
	wantVerdicts(t, "lapse", press(t, ctx, "lapse"), "- Refused Current Allowed")
	wantText(t, ctx, "#generation", "2")
	wantVerdicts(t, "lose", press(t, ctx, "lose"), "Current Replay")
	wantText(t, ctx, "#generation", "3")
	wantVerdicts(t, "lose-late", press(t, ctx, "lose-late"), "Current - Recover")
	wantText(t, ctx, "#generation", "5")
	wantText(t, ctx, "#fact-presented", "generation 5")
	wantNoTokenInPage(t, ctx, s.URL)
	shoot(t, ctx, "demo-used")
}

func TestTheTimelineSurvivesAReload(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := atDemo(t, s.URL)
	press(t, ctx, "call")
	press(t, ctx, "refresh")
	before := timeline(t, ctx)
	Open(t, ctx, s.URL+"/account")
	Open(t, ctx, s.URL+"/demo")
	waitLive(t, ctx)
	after := timeline(t, ctx)
	if len(before) != 3 || len(after) != len(before) {
		t.Fatalf("before %d entries, after the reload %d, want 3 and 3", len(before), len(after))
	}
	for i := range before {
		if before[i] != after[i] {
			t.Errorf("entry %d: before %+v, after %+v", i, before[i], after[i])
		}
	}
	wantText(t, ctx, "#generation", "1")
	wantNoTokenInPage(t, ctx, s.URL)
	shoot(t, ctx, "demo-reloaded")
}

func TestAnEndedSessionAsksToLogInAgainAndLeadsThere(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := atDemo(t, s.URL)
	if Eval[bool](t, ctx, `!document.getElementById('ended').hidden`) {
		t.Error("a fresh log-in is called ended")
	}
	wantVerdicts(t, "end", press(t, ctx, "end"), "- Expired")
	wantText(t, ctx, "#ended-title", "Log in again")
	WaitText(t, ctx, "#ended-why", "has run out")
	shoot(t, ctx, "demo-ended")
	Open(t, ctx, s.URL+"/account")
	if got := Location(t, ctx); got != s.URL+"/login" {
		t.Errorf("the account of an ended session leads to %s, want /login", got)
	}
	Open(t, ctx, s.URL+"/demo")
	if len(credentials(t, ctx, s.URL)) == 0 {
		t.Error("the end of a session must not clear cookies: only a log-out does")
	}
	Click(t, ctx, `main a[href="/login"]`)
	WaitLocation(t, ctx, "/login")
	if got := signIn(t, ctx, demoEmail, demoPassword); got != http.StatusOK {
		t.Fatalf("log in again: status %d, want 200", got)
	}
	waitLive(t, ctx)
	wantText(t, ctx, "#generation", "0")
	wantText(t, ctx, "#refresh-line", "Alive: you hold the newest")
}

func TestAReplayedCopyKillsTheGrantAndThePageSaysWhy(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := atDemo(t, s.URL, Viewport(390, 844))
	for i, want := range []string{"-", "Current", "-", "Current", "Reuse", "Revoked"} {
		step := press(t, ctx, "heist")
		wantVerdicts(t, "step "+strconv.Itoa(i+1), step, want)
		if i == 3 {
			shoot(t, ctx, "demo-theft-before")
		}
		if i == 4 && (step[0].Actor != "Thief" || step[0].Status != "HTTP 401" || !strings.Contains(step[0].Why, "copy")) {
			t.Errorf("the thief's attempt is told as %+v", step[0])
		}
	}
	wantText(t, ctx, "#ended-title", "You are logged out, and so is the thief")
	WaitText(t, ctx, "#ended-why", "copied refresh token was used")
	wantText(t, ctx, "#refresh-line", "Dead: revoked")
	wantVerdicts(t, "call", press(t, ctx, "call"), "Refused") // the demo's API asks for the grant, so the pass died with it
	wantNoTokenInPage(t, ctx, s.URL)
	shoot(t, ctx, "demo-theft-after")
	Click(t, ctx, "#ended a")
	WaitLocation(t, ctx, "/login")
	if got := signIn(t, ctx, demoEmail, demoPassword); got != http.StatusOK {
		t.Fatalf("log in again: status %d, want 200", got)
	}
	waitLive(t, ctx)
	wantVerdicts(t, "refresh in the new grant", press(t, ctx, "refresh"), "Current")
}

// secondsLeft reads the countdown of the access token.
func secondsLeft(t *testing.T, ctx context.Context) int {
	t.Helper()
	text := Text(t, ctx, "#access-left")
	minutes, seconds, ok := strings.Cut(text, ":")
	m, err := strconv.Atoi(minutes)
	n, err2 := strconv.Atoi(seconds)
	if !ok || err != nil || err2 != nil {
		t.Fatalf("countdown: got %q, want minutes:seconds", text)
	}
	return 60*m + n
}

// claim reads one claim of the access token as the page shows it.
func claim(t *testing.T, ctx context.Context, name string) string {
	t.Helper()
	return Text(t, ctx, `[data-claim="`+name+`"] .claim-value`)
}
