package e2e

import (
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Whoever copies the tutorial of the web application line by line has one that logs its users in and out.
func TestTheTutorialOfTheWebApplicationWorks(t *testing.T) {
	t.Parallel()
	r, s, address := newReader(t, "web-app-go", "8082")
	_, server := r.goOn()
	getWhenUp(t, "http://"+address+"/", "")
	ctx := Browser(t)
	home := "http://" + address + "/"
	logIn := func() {
		Open(t, ctx, home)
		Click(t, ctx, "#login")
		signInFor(t, ctx)
	}
	logIn()
	WaitVisible(t, ctx, "#allow")
	Click(t, ctx, "#allow")
	WaitText(t, ctx, "#who", demoEmail)
	if got := Location(t, ctx); got != home {
		t.Errorf("the code is still in the address: %s", got)
	}
	if c := Cookies(t, ctx, home)["notes_session"]; c == nil || !c.HTTPOnly || c.SameSite != "Lax" {
		t.Errorf("the session's cookie: %+v", c)
	}
	Click(t, ctx, "#logout")
	WaitVisible(t, ctx, "#login")
	if got := credentials(t, ctx, s.URL); len(got) != 0 {
		t.Errorf("the session at Daypass goes on: %d cookies", len(got))
	}
	logIn() // the password again, and no question: it was allowed
	WaitText(t, ctx, "#who", demoEmail)

	refused := func(ctx context.Context, answer, why string) {
		t.Helper()
		before := len(server.String())
		if status := Open(t, ctx, home+"callback"+answer); status != http.StatusBadRequest || !strings.Contains(server.String()[before:], why) {
			t.Errorf("callback%s: status %d, and it says %q; want 400 and %q", answer, status, server.String()[before:], why)
		}
	}
	Click(t, ctx, "#logout") // else a request would be answered at once
	WaitVisible(t, ctx, "#login")
	refused(Browser(t), "?code=c&state=s&iss="+s.URL, "asked for no log-in")
	for answer, why := range map[string]string{
		"?code=c&iss=" + s.URL:                          "not to what this browser asked",
		"?code=c&state=guessed&iss=" + s.URL:            "not to what this browser asked",
		"?code=c&state=STATE&iss=https://evil.example":  "another issuer",
		"?code=c&state=STATE":                           "another issuer",
		"?error=access_denied&state=STATE&iss=" + s.URL: "access_denied",
		"?code=c&state=STATE&iss=" + s.URL:              "invalid_grant",
	} {
		Open(t, ctx, home+"login")
		state, _, _ := strings.Cut(Cookies(t, ctx, home)["notes_login"].Value, ".")
		refused(ctx, strings.Replace(answer, "STATE", state, 1), why)
	}
}

// Whoever copies the tutorial of the page has one whose tokens are renewed, and seen by nobody else.
func TestTheTutorialOfTheSinglePageApplicationWorks(t *testing.T) {
	t.Parallel()
	r, s, address := newReader(t, "single-page-app", "8083")
	r.goOn()
	getWhenUp(t, "http://"+address+"/", "")
	home := "http://" + address + "/"
	ctx := Browser(t)
	Open(t, ctx, home)
	WaitText(t, ctx, "#status", "not logged in")
	Click(t, ctx, "#login")
	signInFor(t, ctx)
	WaitVisible(t, ctx, "#allow")
	Click(t, ctx, "#allow")
	WaitText(t, ctx, "#status", "You are "+demoEmail+". The tokens were renewed 0 times.")
	if got := Location(t, ctx); got != home {
		t.Errorf("the code is still in the address: %s", got)
	}
	for i, want := range []string{"renewed 1 times", "renewed 2 times"} {
		Click(t, ctx, "#refresh")
		WaitText(t, ctx, "#status", want)
		if kept := Eval[int](t, ctx, "localStorage.length + sessionStorage.length"); kept != 0 {
			t.Errorf("after renewal %d the browser's storage holds %d entries, want tokens in memory alone", i+1, kept)
		}
	}
	// The issuer answers to a page elsewhere as well; its browser does not let it see the answer.
	elsewhere := Browser(t, AllowPageProblems())
	Open(t, elsewhere, strings.Replace(home, "localhost", "127.0.0.1", 1)+"oauth.js")
	blocked := `fetch("` + s.URL + `/oauth/token", {method: "POST", body: new URLSearchParams({grant_type: "x"})}).then(() => "read", (e) => e.name)`
	if got := Eval[string](t, elsewhere, blocked); got != "TypeError" {
		t.Errorf("a script of another origin: %s, want TypeError", got)
	}
	Click(t, ctx, "#logout")
	WaitText(t, ctx, "#status", "not logged in")
	if got := credentials(t, ctx, s.URL); len(got) != 0 {
		t.Errorf("the session at Daypass goes on: %d cookies", len(got))
	}
}

// Whoever copies the tutorial of the command-line program has one that logs in by any browser and keeps its token to itself.
func TestTheTutorialOfTheCommandLineProgramWorks(t *testing.T) {
	t.Parallel()
	r, s, _ := newReader(t, "native-app", "")
	_, waiting := r.goOn()
	address := awaitPrinted(t, waiting, regexp.MustCompile(`http://localhost\S+`))
	where, text := LogInAndAllow(t, address)
	if where.Hostname() != "127.0.0.1" || !strings.Contains(text, "go back to the terminal") {
		t.Errorf("the browser ended at %s and showed %q", where.Host, text)
	}
	awaitPrinted(t, waiting, regexp.MustCompile("You are logged in"))
	file := filepath.Join(r.dir, "config", "notes-cli", "refresh-token")
	first := keptToken(t, file)
	if got := r.typed("./notes whoami"); got != demoEmail+"\n" {
		t.Errorf("whoami printed %q", got)
	}
	if keptToken(t, file) == first {
		t.Error("the refresh token was not renewed")
	}
	printed, _ := r.goOn()
	if printed != demoEmail+"\nYou are logged out.\n" {
		t.Errorf("the last lines printed %q", printed)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the refresh token is still there: %v", err)
	}
	if got := r.typed("! ./notes whoami"); !strings.Contains(got, "not logged in") {
		t.Errorf("whoami after the log-out printed %q", got)
	}
	if _, status := refreshByProgram(t, s.URL, first); status != 400 {
		t.Errorf("the old token: status %d, want 400", status)
	}
}

// keptToken reads the file of the refresh token, which must be for its owner alone.
func keptToken(t *testing.T, file string) string {
	t.Helper()
	for path, want := range map[string]fs.FileMode{file: 0o600, filepath.Dir(file): 0o700 | fs.ModeDir} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", filepath.Base(path), info.Mode(), want)
		}
	}
	token, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(token), "dpr_") {
		t.Fatalf("the file holds no refresh token (%v)", err)
	}
	return string(token)
}

// Whoever copies the tutorial of the machine has one that calls an API in its own name.
func TestTheTutorialOfTheMachineWorks(t *testing.T) {
	t.Parallel()
	r, s, address := newReader(t, "machine-client", "8081")
	r.environment = append(r.environment, "LISTEN="+address, "ISSUER="+s.URL) // the API is run as it is
	r.goOn()
	getWhenUp(t, "http://"+address+"/hello", "")
	printed, _ := r.goOn()
	if !strings.HasPrefix(printed, "401\n") || !strings.HasSuffix(printed, "200 OK: hello reports\n200 OK: hello reports\n") {
		t.Errorf("printed %q", printed)
	}
	s.Command(t, "", "client", "disable", "reports", "--yes")
	waitFor(t, "the client to be refused", func() bool { return strings.Contains(r.typed("go run . 2>&1 || true"), "invalid_client") })
}
