package protocol_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

const (
	browserApp = "https://app.example"
	spaID      = "spa"
)

// withBrowserApp adds a client that runs at browserApp.
func withBrowserApp(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	must(t, w.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Clients.Insert(t.Context(), auth.Client{ID: spaID, Public: true, Metadata: auth.ClientMetadata{AllowedOrigins: []string{browserApp}}})
		return err
	}))
	must(t, w.origins.Load(t.Context()))
	return w
}

// ask sends a request without a body, with the headers given in pairs.
func (w *world) ask(method, path string, headers ...string) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, w.server.URL+path, nil)
	must(w.t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return w.do(req)
}

// corsHeaders are those of an answer that begin so, as one text.
func (r reply) corsHeaders() string {
	var all []string
	for name, values := range r.header {
		if strings.HasPrefix(name, "Access-Control-") {
			all = append(all, name+": "+strings.Join(values, "|"))
		}
	}
	return strings.Join(all, "\n")
}

// scriptEndpoints are where scripts of listed origins may ask, with what a preflight there allows.
func scriptEndpoints() map[string]struct{ methods, headers string } {
	return map[string]struct{ methods, headers string }{
		"/oauth/token":    {"POST", "Content-Type"},
		"/oauth/revoke":   {"POST", "Content-Type"},
		"/oauth/par":      {"POST", "Content-Type"},
		"/oauth/userinfo": {"GET, POST", "Authorization"},
	}
}

// A preflight allows exactly what is needed there, and never credentials.
func TestAPreflightOfAListedOriginIsAnswered(t *testing.T) {
	t.Parallel()
	w := withBrowserApp(t)
	for path, want := range scriptEndpoints() {
		r := w.ask("OPTIONS", path, "Origin", browserApp, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,x-evil")
		if r.status != http.StatusNoContent || r.header.Get("Access-Control-Allow-Origin") != browserApp || r.header.Get("Vary") != "Origin" ||
			r.header.Get("Access-Control-Allow-Methods") != want.methods || r.header.Get("Access-Control-Allow-Headers") != want.headers {
			t.Errorf("%s: got %d %v", path, r.status, r.header)
		}
		if r.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: allows credentials", path)
		}
		if r := w.ask("OPTIONS", path, "Origin", browserApp, "Access-Control-Request-Method", "DELETE"); r.status != http.StatusMethodNotAllowed || r.header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s: a preflight for DELETE got %d %v", path, r.status, r.header)
		}
		if r := w.ask("OPTIONS", path); r.status != http.StatusMethodNotAllowed || r.corsHeaders() != "" {
			t.Errorf("%s: OPTIONS without an origin got %d %v", path, r.status, r.header)
		}
	}
}

// Refusals are readable too: a script must be able to tell why.
func TestAListedOriginReadsAnswersAndRefusals(t *testing.T) {
	t.Parallel()
	w := withBrowserApp(t)
	from := func(r *http.Request) { r.Header.Set("Origin", browserApp) }
	_, token := w.grant(publicID)
	good := w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {publicID}}, from)
	for name, r := range map[string]reply{
		"tokens":           good,
		"refused":          w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"nobody"}}, from),
		"revoked":          w.post("/oauth/revoke", url.Values{"token": {"garbage"}, "client_id": {publicID}}, from),
		"UserInfo refused": w.ask("GET", "/oauth/userinfo", "Origin", browserApp),
		"method refused":   w.ask("GET", "/oauth/token", "Origin", browserApp),
		"a bad token":      w.ask("POST", "/oauth/userinfo", "Origin", browserApp, "Authorization", "Bearer garbage"),
	} {
		if r.header.Get("Access-Control-Allow-Origin") != browserApp || r.header.Get("Vary") != "Origin" ||
			r.header.Get("Access-Control-Expose-Headers") != "WWW-Authenticate, Retry-After" || r.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: got %d %v", name, r.status, r.header)
		}
	}
	if good.status != http.StatusOK {
		t.Errorf("tokens: got %d %s", good.status, good.raw)
	}
}

func TestAnUnknownOriginReadsNothing(t *testing.T) {
	t.Parallel()
	w := withBrowserApp(t)
	for _, origin := range []string{"https://evil.example", "null", "", browserApp + ".evil.example", browserApp + ":443", browserApp + "/", "http://app.example", "HTTPS://app.example", "*"} {
		for path := range scriptEndpoints() {
			for _, r := range []reply{
				w.ask("OPTIONS", path, "Origin", origin, "Access-Control-Request-Method", "POST"),
				w.post(path, url.Values{"client_id": {spaID}}, func(r *http.Request) { r.Header.Set("Origin", origin) }),
			} {
				if got := r.corsHeaders(); got != "" || r.header.Get("Vary") != "Origin" {
					t.Errorf("%s for %q: got %s, Vary %q", path, origin, got, r.header.Get("Vary"))
				}
			}
		}
	}
	if r := w.ask("OPTIONS", "/oauth/token", "Origin", browserApp, "Origin", browserApp, "Access-Control-Request-Method", "POST"); r.corsHeaders() != "" {
		t.Errorf("two origins: got %v", r.header)
	}
}

// Where a browser is sent with its cookies, or only servers ask, no script reads anything, listed or not.
func TestNoScriptAsksWhereOnlyBrowsersAndServersDo(t *testing.T) {
	t.Parallel()
	w := withBrowserApp(t)
	for _, path := range []string{"/oauth/authorize", "/oauth/logout", "/oauth/introspect", "/oauth/nowhere"} {
		for _, method := range []string{"OPTIONS", "GET", "POST"} {
			r := w.ask(method, path+"?client_id="+spaID, "Origin", browserApp, "Access-Control-Request-Method", "POST")
			if got := r.corsHeaders(); got != "" || method == "OPTIONS" && r.status < 400 {
				t.Errorf("%s %s: got %d %s", method, path, r.status, got)
			}
		}
	}
}

func TestADisabledClientAllowsNoOrigin(t *testing.T) {
	t.Parallel()
	w := withBrowserApp(t)
	must(t, w.db.Update(t.Context(), func(tx *store.Tx) error {
		c, err := tx.Clients.Find(t.Context(), spaID)
		must(t, err)
		c.DisabledAt = w.now()
		_, err = tx.Clients.Update(t.Context(), c)
		return err
	}))
	must(t, w.origins.Load(t.Context()))
	if r := w.ask("OPTIONS", "/oauth/token", "Origin", browserApp, "Access-Control-Request-Method", "POST"); r.corsHeaders() != "" {
		t.Errorf("got %v", r.header)
	}
}
