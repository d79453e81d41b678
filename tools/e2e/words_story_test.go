package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// The account that `daypass dev` prints.
const (
	demoEmail    = DemoEmail
	demoPassword = DemoPassword
)

// send is the only button of a form page; the header's links are no buttons.
const send = "main button[type=submit]"

// signIn fills and sends the form on /login or /signup and returns the status of the page that follows.
func signIn(t *testing.T, ctx context.Context, email, password string) int {
	t.Helper()
	Fill(t, ctx, "username", email)
	Fill(t, ctx, "password", password)
	return Submit(t, ctx, send)
}

// atDemo opens a browser, logs the demo user in at base and waits until the demo page is live.
func atDemo(t *testing.T, base string, options ...BrowserOption) context.Context {
	t.Helper()
	ctx := Browser(t, options...)
	Open(t, ctx, base+"/login")
	if got := signIn(t, ctx, demoEmail, demoPassword); got != http.StatusOK {
		t.Fatalf("log in: status %d, want 200", got)
	}
	WaitLocation(t, ctx, "/demo")
	waitLive(t, ctx)
	return ctx
}

// waitLive waits until the demo page has read the state and its buttons work.
func waitLive(t *testing.T, ctx context.Context) {
	t.Helper()
	WaitVisible(t, ctx, `[data-story="call"]:enabled`)
}

// entry is one line of the demo's timeline, as a reader sees it.
type entry struct{ Actor, Status, Verdict, What, Why string }

// timeline reads the demo's timeline, oldest first.
func timeline(t *testing.T, ctx context.Context) []entry {
	t.Helper()
	return Eval[[]entry](t, ctx, `[...document.querySelectorAll('#timeline .entry')].reverse().map((e) => ({
		Actor: e.querySelector('.entry-who')?.textContent ?? '',
		Status: [...e.querySelectorAll('.entry-top span')].map((s) => s.textContent).find((s) => s.startsWith('HTTP ')) ?? '',
		Verdict: e.dataset.verdict ?? '-',
		What: e.querySelector('.entry-what')?.textContent ?? '',
		Why: e.querySelector('.entry-why')?.textContent ?? ''}))`)
}

// press runs one of the demo's stories to its end and returns what the timeline tells about it, oldest first.
func press(t *testing.T, ctx context.Context, story string) []entry {
	t.Helper()
	before := len(timeline(t, ctx))
	Click(t, ctx, `[data-story="`+story+`"]:enabled`)
	return told(t, ctx, before)
}

// told waits until the story under way is over and returns the entries beyond the first `before`.
func told(t *testing.T, ctx context.Context, before int) []entry {
	t.Helper()
	waitTrue(t, ctx, fmt.Sprintf(`document.querySelectorAll('#timeline .entry').length > %d && !document.querySelector('#demo[data-busy]')`, before))
	return timeline(t, ctx)[before:]
}

// verdicts joins the verdicts of entries; "-" stands for an entry without one.
func verdicts(entries []entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Verdict)
	}
	return strings.Join(all, " ")
}

// wantVerdicts fails the test when a story told other verdicts.
func wantVerdicts(t *testing.T, what string, got []entry, want string) {
	t.Helper()
	if verdicts(got) != want {
		t.Errorf("%s: told %q, want %q; in full: %+v", what, verdicts(got), want, got)
	}
}

// waitTrue waits until a JavaScript expression is true in the page.
func waitTrue(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	run(t, ctx, "wait for "+expression, untilTrue(expression))
}

// wantText fails the test unless the visible text of css is exactly want, at once.
func wantText(t *testing.T, ctx context.Context, css, want string) {
	t.Helper()
	if got := Text(t, ctx, css); got != want {
		t.Errorf("text of %s: got %q, want %q", css, got, want)
	}
}

// credentials returns the cookies of a browser at Daypass by name, those restricted to /v1 among them. The one that a
// browser is known again by is none: it opens nothing and outlives a log-out.
func credentials(t *testing.T, ctx context.Context, base string) map[string]*network.Cookie {
	t.Helper()
	all := Cookies(t, ctx, base+"/v1/refresh")
	delete(all, "daypass-device")
	return all
}

// wantNoTokenInPage fails the test when any credential of the browser, or anything that looks like one, can be found where
// a script or a person looking over a shoulder could read it: the document, its storages, its address, the script's cookies.
func wantNoTokenInPage(t *testing.T, ctx context.Context, base string) {
	t.Helper()
	seen := Eval[string](t, ctx, `[document.documentElement.outerHTML, JSON.stringify({...sessionStorage}), JSON.stringify({...localStorage}),
		document.cookie, location.href, JSON.stringify(history.state), document.referrer, window.name].join('\n')`)
	for what, secret := range secretsOf(credentials(t, ctx, base)) {
		if strings.Contains(seen, secret) {
			t.Errorf("the page holds %s", what)
		}
	}
}

// secretsOf lists what must be seen nowhere: how tokens begin, the values of the cookies, and the parts of a JWT.
func secretsOf(cookies map[string]*network.Cookie) map[string]string {
	secrets := map[string]string{"something like a refresh token": "dpr_", "something like a JWT": "eyJ"}
	for name, cookie := range cookies {
		for i, part := range strings.Split(cookie.Value, ".") {
			if part != "" {
				secrets[fmt.Sprintf("part %d of the cookie %s", i+1, name)] = part
			}
		}
	}
	return secrets
}

// tokens is the reply of token mode and of the token endpoint, or their error.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Code    string `json:"code"`  // of /v1
	Error   string `json:"error"` // of /oauth/token
}

// logInByProgram logs in as a program does, without a browser, and returns the tokens.
func logInByProgram(t *testing.T, base string) tokens {
	t.Helper()
	got, status := post(t, base+"/v1/login", "application/json", `{"email":"`+demoEmail+`","password":"`+demoPassword+`"}`)
	if status != http.StatusOK || got.Access == "" || got.Refresh == "" {
		t.Fatalf("log in by program: status %d, code %q", status, got.Code)
	}
	return got
}

// refreshByProgram presents a refresh token at the token endpoint as the built-in client.
func refreshByProgram(t *testing.T, base, refresh string) (tokens, int) {
	t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {"daypass"}, "refresh_token": {refresh}}
	return post(t, base+"/oauth/token", "application/x-www-form-urlencoded", form.Encode())
}

func post(t *testing.T, address, kind, body string) (got tokens, status int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&got); err != nil {
		t.Fatalf("POST %s: status %d, %v", address, response.StatusCode, err)
	}
	return got, response.StatusCode
}
