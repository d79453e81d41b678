package protocol_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// The attacks of RFC 9700 §4 that an authorization server has a part in, one test for each section. A test says that the attack
// fails; what works, and every case of a rule, is tested elsewhere.

// shown fails unless the user sees a page and is sent nowhere.
func (r reply) shown(t *testing.T, attack string) {
	t.Helper()
	if r.status != http.StatusBadRequest || r.str("page") != "fault" || r.header.Get("Location") != "" {
		t.Errorf("%s: got %d %q %s, want a page", attack, r.status, r.header.Get("Location"), r.raw)
	}
}

func TestRFC9700_4_1_RedirectURIMismatch(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for _, uri := range []string{
		"https://app.example.evil.example/cb", "https://evil.example/https://app.example/cb", "https://app.example@evil.example/cb",
		"https://app.example/cb/../../open?to=https://evil.example", callback + "?tenant=1&next=https://evil.example", callback + "#", "//app.example/cb", "javascript:alert(1)",
	} {
		w.authorize(with(good(webID), "redirect_uri", uri)).shown(t, uri)
	}
	for _, uri := range []string{"http://127.0.0.1:1@evil.example/cb", "http://127.0.0.1.evil.example/cb", "http://localhost:51234/cb", "https://127.0.0.1/cb"} {
		w.authorize(with(good(nativeID), "redirect_uri", uri)).shown(t, uri)
	}
}

// No address of ours is told to the next site, and a code that was is worth nothing without the verifier, nor a second time.
func TestRFC9700_4_2_LeakageByReferer(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for name, r := range map[string]reply{"the answer": w.authorize(good(webID)), "a page": w.authorize(with(good(webID), "prompt", "login"))} {
		if got := r.header.Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("%s: Referrer-Policy %q, want no-referrer", name, got)
		}
	}
	code := w.code(good(webID))
	w.redeem(webID, code, "code_verifier", "").want(t, http.StatusBadRequest, oauth.InvalidGrant)
	w.redeem(webID, code)
	w.redeem(webID, code).want(t, http.StatusBadRequest, oauth.InvalidGrant)
}

// No token ever stands in an address, and none is taken from there.
func TestRFC9700_4_3_LeakageByBrowserHistory(t *testing.T) {
	t.Parallel()
	w := ready(t)
	q := w.authorize(good(webID)).back(t, callback)
	for _, name := range []string{"access_token", "id_token", "refresh_token"} {
		if q.Has(name) {
			t.Errorf("%s stands in the address", name)
		}
	}
	token := w.redeem(webID, q.Get("code")).str("access_token")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+"/oauth/userinfo?access_token="+token, nil)
	must(t, err)
	w.do(req).want(t, http.StatusBadRequest, oauth.InvalidRequest)
	code := w.code(good(webID))
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}}
	w.post("/oauth/token?code="+code, form, basic(webID, secretOf)).want(t, http.StatusBadRequest, oauth.InvalidRequest)
}

// Whoever sent the answer says so, whatever it is, in the word of the metadata (§4.4.2.1, RFC 9207 §2.4).
func TestRFC9700_4_4_MixUp(t *testing.T) {
	t.Parallel()
	w := ready(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+"/.well-known/oauth-authorization-server", nil)
	must(t, err)
	if m := w.do(req); m.str("issuer") != issuer || m.body["authorization_response_iss_parameter_supported"] != true {
		t.Errorf("metadata: got %s", m.raw)
	}
	w.authorize(good(webID)).back(t, callback) // back compares iss
	w.authorize(with(good(webID), "scope", "admin")).back(t, callback)
	w.authorize(with(good(webID), "prompt", "none", "max_age", "0")).back(t, callback)
	if form := w.authorize(with(good(webID), "response_mode", "form_post")); !strings.Contains(form.str("values"), "iss="+url.QueryEscape(issuer)) {
		t.Errorf("form_post: got %s", form.raw)
	}
	w.redeem(webID, "a code of the honest server").want(t, http.StatusBadRequest, oauth.InvalidGrant)
}

// A stolen code fits no session but the one it was asked for in: neither by its verifier, nor by its nonce, nor at another client.
func TestRFC9700_4_5_CodeInjection(t *testing.T) {
	t.Parallel()
	w := ready(t)
	stolen := w.code(good(webID))
	w.redeem(webID, stolen, "code_verifier", strings.Repeat("attackers-own-session", 3)).want(t, http.StatusBadRequest, oauth.InvalidGrant)
	w.redeem(legacyID, stolen).want(t, http.StatusBadRequest, oauth.InvalidGrant)
	w.redeem(webID, stolen, "redirect_uri", callback+"?tenant=1").want(t, http.StatusBadRequest, oauth.InvalidGrant)
	without := w.code(with(good(legacyID), "code_challenge", "", "code_challenge_method", "", "nonce", "of-the-victim"))
	if _, claims := idClaims(t, w.redeem(legacyID, without, "code_verifier", "").str("id_token")); claims["nonce"] != "of-the-victim" {
		t.Errorf("nonce %v: a client without PKCE would not notice", claims["nonce"])
	}
}

// There is no front channel to put an access token into, and an ID token names the one that belongs to it.
func TestRFC9700_4_6_AccessTokenInjection(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for _, kind := range []string{"token", "id_token token", "code token", "code id_token token"} {
		if q := w.authorize(with(good(webID), "response_type", kind)).back(t, callback); q.Get("error") != string(oauth.UnsupportedResponseType) {
			t.Errorf("%s: got %v", kind, q)
		}
	}
	one, other := w.redeem(webID, w.code(good(webID))), w.redeem(webID, w.code(good(webID)))
	_, a := idClaims(t, one.str("id_token"))
	_, b := idClaims(t, other.str("id_token"))
	if a["at_hash"] == nil || a["at_hash"] == b["at_hash"] {
		t.Errorf("at_hash %v and %v", a["at_hash"], b["at_hash"])
	}
}

// What somebody else did with a request counts for nothing in the victim's browser, and a form of another site decides nothing.
func TestRFC9700_4_7_CSRF(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	sealed := w.allowFor(good(webID)) // the attacker allows it, and sends the victim there
	victim := auth.User{ID: auth.NewID(w.now()), Email: "eve@example.com", CreatedAt: w.now()}
	w.user, w.cookie.UserID, w.cookie.ID = victim, victim.ID, auth.NewID(w.now())
	if r := w.authorize(url.Values{"interaction": {sealed}}); !strings.HasPrefix(r.header.Get("Location"), "/consent?") {
		t.Errorf("got %d %q, want the victim to be asked", r.status, r.header.Get("Location"))
	}
	r := ready(t).post("/oauth/authorize", good(webID), func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "daypass-session", Value: "signed-in"}) })
	if strings.Contains(r.header.Get("Location"), "code=") || r.status != http.StatusSeeOther {
		t.Errorf("POST: got %d %q", r.status, r.header.Get("Location"))
	}
	if q := ready(t).authorize(with(good(webID), "state", "of&the=client")).back(t, callback); q.Get("state") != "of&the=client" {
		t.Errorf("state: got %q", q.Get("state"))
	}
}

// Whoever takes the challenge out of a request gets no code for it or cannot redeem it: a verifier is never ignored (§4.8.2).
func TestRFC9700_4_8_PKCEDowngrade(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for name, q := range map[string]url.Values{
		"taken out": with(good(webID), "code_challenge", "", "code_challenge_method", ""), "plain": with(good(webID), "code_challenge_method", "plain"),
		"method alone": with(good(legacyID), "code_challenge", ""), "no nonce either": with(good(legacyID), "code_challenge", "", "code_challenge_method", "", "nonce", ""),
	} {
		if got := w.authorize(q).back(t, callback); got.Get("error") != string(oauth.InvalidRequest) {
			t.Errorf("%s: got %v", name, got)
		}
	}
	w.redeem(legacyID, w.code(with(good(legacyID), "code_challenge", "", "code_challenge_method", ""))).want(t, http.StatusBadRequest, oauth.InvalidGrant)
}

// A token that one resource server lost is worth nothing at another one (§4.9, §4.10.2), nor after it was taken back.
func TestRFC9700_4_9_LeakageAtTheResourceServer(t *testing.T) {
	t.Parallel()
	w := ready(t)
	r := w.redeem(webID, w.code(with(good(webID), "scope", "openid read", "resource", api)))
	lost := secret.FromString(r.str("access_token"))
	if _, err := w.ring.VerifyAccess(lost, otherAPI, false); err == nil {
		t.Error("good at another resource")
	}
	if _, err := w.ring.VerifyAccess(lost, webID, false); err == nil {
		t.Error("good as an ID token")
	}
}

// What is stolen is short-lived, and dies with its grant wherever this server is asked. Proof of possession: not there yet.
func TestRFC9700_4_10_StolenAccessToken(t *testing.T) {
	t.Parallel()
	w := ready(t)
	code := w.code(with(good(webID), "scope", "openid read"))
	r := w.redeem(webID, code)
	stolen := r.str("access_token")
	if got := r.body["expires_in"]; got != (10 * time.Minute).Seconds() {
		t.Errorf("expires_in %v", got)
	}
	w.redeem(webID, code) // the code was stolen, too
	w.userInfo(stolen).want(t, http.StatusUnauthorized, oauth.InvalidToken)
	inactive(t, "stolen", w.introspect(stolen, webID))
}
