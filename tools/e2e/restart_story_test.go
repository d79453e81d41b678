package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// TestARestartInTheMiddleLosesNobody stops the server in order, and then kills it, under an open demo page.
func TestARestartInTheMiddleLosesNobody(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := atDemo(t, s.URL)
	program := logInByProgram(t, s.URL)
	wantVerdicts(t, "before", press(t, ctx, "refresh"), "Current")

	s.Stop(t)
	if told := press(t, ctx, "refresh"); len(told) != 1 || !strings.Contains(told[0].What, "No answer") {
		t.Errorf("while the server is down: told %+v, want that no answer came", told)
	}
	shoot(t, ctx, "demo-server-down")
	s.Start(t)
	wantVerdicts(t, "call with the pass from before", press(t, ctx, "call"), "Allowed")
	wantVerdicts(t, "refresh after a restart", press(t, ctx, "refresh"), "Current")
	wantText(t, ctx, "#generation", "2")

	s.Kill(t)
	s.Start(t)
	wantVerdicts(t, "refresh after a crash", press(t, ctx, "refresh"), "Current")
	wantText(t, ctx, "#generation", "3")
	wantText(t, ctx, "#refresh-line", "Alive: you hold the newest")
	if got, status := refreshByProgram(t, s.URL, program.Refresh); status != http.StatusOK || got.Refresh == program.Refresh {
		t.Errorf("refresh of a program after both: status %d, error %q", status, got.Error)
	}
	if got := Open(t, ctx, s.URL+"/account"); got != http.StatusOK || Location(t, ctx) != s.URL+"/account" {
		t.Errorf("the account after both: status %d at %s", got, Location(t, ctx))
	}
	WaitText(t, ctx, "main", demoEmail)
}
