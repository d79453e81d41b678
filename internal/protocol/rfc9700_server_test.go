package protocol_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/oauth"
)

// The rest of rfc9700_test.go.

// Nobody is sent to an address that its client did not register, by no endpoint and for no mistake (§4.11.2).
func TestRFC9700_4_11_OpenRedirector(t *testing.T) {
	t.Parallel()
	w := ready(t)
	evil := "https://evil.example/"
	for name, q := range map[string]url.Values{
		"unknown client":      {"client_id": {"nobody"}, "redirect_uri": {evil}, "response_type": {"code"}},
		"bad request":         with(good(webID), "redirect_uri", evil, "scope", "\x7f", "response_type", "token"),
		"silently":            with(good(webID), "redirect_uri", evil, "prompt", "none"),
		"two of them":         with(good(webID), "redirect_uri", callback+"|"+evil),
		"after a good one":    {"interaction": {"x"}, "client_id": {webID}, "redirect_uri": {evil}},
		"client switched off": with(good("off"), "redirect_uri", evil),
	} {
		w.authorize(q).shown(t, name)
	}
	w.logout(url.Values{"client_id": {webID}, "post_logout_redirect_uri": {evil}}).shown(t, "log-out")
	w.logout(url.Values{"post_logout_redirect_uri": {bye}}).shown(t, "log-out for nobody")
	pushed := w.push(webID, good(webID))
	if r := w.authorize(url.Values{"client_id": {webID}, "request_uri": {pushed}, "redirect_uri": {evil}}); !strings.HasPrefix(r.header.Get("Location"), callback+"?") {
		t.Errorf("beside a pushed request: got %q", r.header.Get("Location"))
	}
}

// A browser that follows us never repeats a form: 303, and for a GET no 307 either.
func TestRFC9700_4_12_Redirect307(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for name, r := range map[string]reply{
		"posted": w.post("/oauth/authorize", good(webID)), "posted and wrong": w.post("/oauth/authorize", with(good(webID), "scope", "admin")),
		"answered": w.authorize(good(webID)), "led on": w.authorize(with(good(webID), "prompt", "login")),
	} {
		if r.status != http.StatusSeeOther || r.header.Get("Location") == "" {
			t.Errorf("%s: got %d, want 303", name, r.status)
		}
	}
}

// What a proxy would say of the outside is no truth for a server that trusts no proxy.
func TestRFC9700_4_13_ReverseProxy(t *testing.T) {
	t.Parallel()
	w := ready(t)
	spoofed := func(path string) reply {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+path, nil)
		must(t, err)
		req.AddCookie(&http.Cookie{Name: "daypass-session", Value: "signed-in"})
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Prefix", "X-Original-Url", "X-Rewrite-Url", "X-Forwarded-Server", "X-Ssl-Client-Cert"} {
			req.Header.Set(name, "evil.example")
		}
		req.Header.Set("Forwarded", "host=evil.example;proto=http")
		return w.do(req)
	}
	if r := spoofed("/.well-known/openid-configuration"); r.str("issuer") != issuer || strings.Contains(r.raw, "evil") {
		t.Errorf("metadata: got %s", r.raw)
	}
	spoofed("/oauth/authorize?"+good(webID).Encode()).back(t, callback)
}

// A refresh token belongs to its client; one that comes back from two sides ends what both have, beyond the window of retries.
func TestRFC9700_4_14_RefreshReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, stolen := w.grant(publicID)
	w.refresh(nativeID, stolen).want(t, http.StatusBadRequest, oauth.InvalidGrant)
	w.refresh(publicID, stolen, "scope", "read write admin").want(t, http.StatusBadRequest, oauth.InvalidScope)
	owners := w.refresh(publicID, stolen).str("refresh_token")
	w.pass(2 * auth.DefaultReplayWindow)
	owners = w.refresh(publicID, owners).str("refresh_token")
	w.pass(2 * auth.DefaultReplayWindow)
	w.refresh(publicID, stolen).want(t, http.StatusBadRequest, oauth.InvalidGrant)
	w.refresh(publicID, owners).want(t, http.StatusBadRequest, oauth.InvalidGrant)
}

// No client's sub is a user's, nor can it become one.
func TestRFC9700_4_15_ClientAsResourceOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.machine(url.Values{})
	if sub := w.claims(r).Subject; sub != machineID {
		t.Errorf("sub %q", sub)
	}
	if u := w.userInfo(r.str("access_token")); u.status == http.StatusOK {
		t.Errorf("a client at UserInfo: %s", u.raw)
	}
	if auth.ClientIDFault(w.user.ID.String()) == "" {
		t.Error("a client may be registered under the id of a user")
	}
}

// Nothing of ours is shown in a frame.
func TestRFC9700_4_16_Clickjacking(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for name, r := range map[string]reply{
		"an answer": w.authorize(good(webID)), "led on": w.authorize(with(good(webID), "prompt", "consent")), "an error": w.authorize(url.Values{}),
		"a form": w.authorize(with(good(webID), "response_mode", "form_post")), "the log-out": w.logout(url.Values{}),
	} {
		if r.header.Get("X-Frame-Options") != "DENY" || !strings.Contains(r.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: %q, %q", name, r.header.Get("X-Frame-Options"), r.header.Get("Content-Security-Policy"))
		}
	}
}

// There is no answer from window to window, whose origin could be wrong.
func TestRFC9700_4_17_InBrowserCommunication(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for _, mode := range []string{"web_message", "web_message.jwt", "fragment", "query.jwt"} {
		if q := w.authorize(with(good(webID), "response_mode", mode)).back(t, callback); q.Get("error") != string(oauth.InvalidRequest) || q.Has("code") {
			t.Errorf("%s: got %v", mode, q)
		}
	}
	if got := w.authorize(good(webID)).header.Get("Cross-Origin-Opener-Policy"); got != "same-origin" {
		t.Errorf("Cross-Origin-Opener-Policy %q: an opener could look on", got)
	}
}
