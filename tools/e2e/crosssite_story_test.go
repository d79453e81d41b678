package e2e

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// attackerPage is another site's page: forms that Daypass never made, sent with a click, and a request by script.
const attackerPage = `<!doctype html><html lang="en"><title>Win a prize</title><link rel="icon" href="data:,">
<form method="post" action="{{.}}/login"><input type="hidden" name="username" value="` + demoEmail + `">
<input type="hidden" name="password" value="` + demoPassword + `"><button id="login">Win</button></form>
<form method="post" action="{{.}}/logout"><button id="logout">Win</button></form>
<form method="post" action="{{.}}/v1/logout" enctype="text/plain"><button id="v1-logout">Win</button></form>
</html>`

// attacker serves attackerPage against a server, from 127.0.0.1 and from localhost: the first is another site, whose
// requests bear no Lax cookie; the second is the same site on another port, whose requests do.
func attacker(t *testing.T, s *Server) (elsewhere, sameSite string) {
	t.Helper()
	page := template.Must(template.New("").Parse(attackerPage))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := page.Execute(w, s.URL); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

func TestAnotherOriginCanNeitherLogInNorOutNorRefresh(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	elsewhere, sameSite := attacker(t, s)
	ctx := Browser(t)
	for _, origin := range []string{elsewhere, sameSite} {
		Open(t, ctx, origin)
		if got := Submit(t, ctx, "#login"); got != http.StatusForbidden {
			t.Errorf("log-in from %s: status %d, want 403", origin, got)
		}
		wantText(t, ctx, "#error-code", "cross_origin")
		if got := credentials(t, ctx, s.URL); len(got) != 0 {
			t.Errorf("log-in from %s set %d cookies: the user would work in the attacker's account", origin, len(got))
		}
	}
	shoot(t, ctx, "error-cross-origin")

	Open(t, ctx, s.URL+"/login")
	signIn(t, ctx, demoEmail, demoPassword)
	waitLive(t, ctx)
	before := credentials(t, ctx, s.URL)
	for _, origin := range []string{elsewhere, sameSite} {
		for _, button := range []string{"#logout", "#v1-logout"} {
			Open(t, ctx, origin)
			if got := Submit(t, ctx, button); got != http.StatusForbidden {
				t.Errorf("%s from %s: status %d, want 403", button, origin, got)
			}
		}
		Open(t, ctx, origin)
		for _, mode := range []string{"no-cors", "cors"} {
			wantRefusedFetch(t, ctx, s, origin, mode)
		}
	}
	for name, c := range credentials(t, ctx, s.URL) {
		if before[name] == nil || before[name].Value != c.Value {
			t.Errorf("cookie %s changed", name)
		}
	}
	Open(t, ctx, s.URL+"/demo")
	waitLive(t, ctx)
	wantText(t, ctx, "#generation", "0")
	wantText(t, ctx, "#refresh-line", "Alive: you hold the newest")
}

// wantRefusedFetch sends a refresh from the page of another origin, with whatever cookies the browser gives it. The page
// may not know the status, so the server's log is asked.
func wantRefusedFetch(t *testing.T, ctx context.Context, s *Server, origin, mode string) {
	t.Helper()
	answers := regexp.MustCompile(`route="POST /v1/refresh" status=(\d+)`)
	before := len(answers.FindAllString(s.Output(), -1))
	read := Eval[string](t, ctx, fmt.Sprintf(`fetch(%q, {method: 'POST', mode: %q, credentials: 'include'}).then((r) => r.text(), () => '')`, s.URL+"/v1/refresh", mode))
	if read != "" {
		t.Errorf("%s refresh from %s: its page reads %q", mode, origin, read)
	}
	var all [][]string
	err := poll(ctx, func(context.Context) (bool, error) {
		all = answers.FindAllStringSubmatch(s.Output(), -1)
		return len(all) > before, nil
	})
	if err != nil {
		t.Fatalf("%s refresh from %s: the server heard of none: %v", mode, origin, err)
	}
	if got := all[before][1]; got != "403" {
		t.Errorf("%s refresh from %s: status %s, want 403", mode, origin, got)
	}
}
