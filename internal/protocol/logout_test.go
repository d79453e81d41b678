package protocol_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func (w *world) logout(q url.Values) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, w.server.URL+"/oauth/logout?"+q.Encode(), nil)
	must(w.t, err)
	req.AddCookie(&http.Cookie{Name: "daypass-session", Value: "signed-in"})
	return w.do(req)
}

func TestALogOutThatAClientBegins(t *testing.T) {
	t.Parallel()
	w := ready(t)
	tokens := w.redeem(webID, w.code(good(webID)))
	hint := tokens.str("id_token")
	foreign := w.redeem(legacyID, w.code(with(good(legacyID), "scope", "openid"))).str("id_token")
	w.pass(24 * time.Hour) // a hint is good after its end
	for name, c := range map[string]struct {
		q    url.Values
		to   string
		sure bool
	}{
		"proven":              {url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye}, "state": {"a&b"}}, bye + "?state=a%26b", true},
		"proven, and named":   {url.Values{"id_token_hint": {hint}, "client_id": {webID}, "post_logout_redirect_uri": {bye + "?x=1"}, "state": {"s"}}, bye + "?x=1&state=s", true},
		"proven, nowhere":     {url.Values{"id_token_hint": {hint}, "state": {"s"}}, "", true},
		"named alone":         {url.Values{"client_id": {webID}, "post_logout_redirect_uri": {bye}}, bye, false},
		"nobody":              {url.Values{}, "", false},
		"hints are no orders": {url.Values{"logout_hint": {"x"}, "ui_locales": {"de"}, "whatever": {"y"}}, "", false},
	} {
		if r := w.logout(c.q); r.status != http.StatusOK || r.str("page") != "exit" || r.str("to") != c.to || r.body["sure"] != c.sure {
			t.Errorf("%s: got %d %s, want %q, sure %v", name, r.status, r.raw, c.to, c.sure)
		}
	}
	if got, _ := w.logout(url.Values{"ui_locales": {"fr de <b>"}}).body["locales"].([]any); !slices.Equal(got, []any{"fr", "de"}) {
		t.Errorf("the page is in %v, want the languages that were asked for", got)
	}
	for name, q := range map[string]url.Values{
		"not registered":         {"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://evil.example"}},
		"query added":            {"id_token_hint": {hint}, "post_logout_redirect_uri": {bye + "?y=2"}},
		"slash added":            {"id_token_hint": {hint}, "post_logout_redirect_uri": {bye + "/"}},
		"nobody's address":       {"post_logout_redirect_uri": {bye}},
		"another client's":       {"client_id": {legacyID}, "post_logout_redirect_uri": {bye}},
		"unknown client":         {"client_id": {"nobody"}},
		"hint of another client": {"id_token_hint": {foreign}, "client_id": {webID}},
		"its own address":        {"id_token_hint": {foreign}, "post_logout_redirect_uri": {bye}},
		"modified hint":          {"id_token_hint": {hint[:len(hint)-3] + "AAA"}, "post_logout_redirect_uri": {bye}},
		"access token as hint":   {"id_token_hint": {tokens.str("access_token")}},
		"garbage":                {"id_token_hint": {"x"}},
		"twice":                  {"id_token_hint": {hint}, "state": {"a", "b"}},
		"long state":             {"id_token_hint": {hint}, "state": {strings.Repeat("s", 2000)}},
	} {
		if r := w.logout(q); r.status != http.StatusBadRequest || r.str("page") != "fault" || r.header.Get("Location") != "" {
			t.Errorf("%s: got %d %s, want a page and no redirect", name, r.status, r.raw)
		}
	}
	r := w.post("/oauth/logout", url.Values{"id_token_hint": {hint}}, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "daypass-session", Value: "signed-in"}) })
	if r.body["sure"] != true {
		t.Errorf("POST: got %d %s", r.status, r.raw)
	}
	w.signIn() // another session of the same user: the old ID token does not mean it
	if r := w.logout(url.Values{"id_token_hint": {hint}}); r.body["sure"] != false {
		t.Errorf("the hint of another session: got %s, want the user to be asked", r.raw)
	}
}
