package protocol_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// push pushes a request and returns its request_uri.
func (w *world) push(client string, q url.Values) string {
	w.t.Helper()
	r := w.post("/oauth/par", q, basic(client, secretOf))
	uri := r.str("request_uri")
	if r.status != http.StatusCreated || !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") || r.body["expires_in"] != float64(90) || r.header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("got %d %s", r.status, r.raw)
	}
	return uri
}

func TestAPushedRequestIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	w := ready(t)
	uri := w.push(webID, good(webID))
	if strings.Contains(uri, "st%26te") || strings.Contains(uri, "st&te") {
		t.Error("the request stands in its URI in the clear")
	}
	brought := url.Values{"client_id": {webID}, "request_uri": {uri}, "state": {"forged"}, "scope": {"read"}, "redirect_uri": {"https://evil.example"}, "response_type": {"token"}}
	for name, q := range map[string]url.Values{
		"another client": {"client_id": {legacyID}, "request_uri": {uri}}, "no client": {"request_uri": {uri}},
		"unknown": {"client_id": {webID}, "request_uri": {auth.PushedPrefix + "x"}}, "cut": {"client_id": {webID}, "request_uri": {uri[:len(uri)-9]}},
	} {
		if r := w.authorize(q); r.status != http.StatusBadRequest || r.str("page") != "fault" {
			t.Errorf("%s: got %d %s, want a page", name, r.status, r.raw)
		}
	}
	sealed := strings.TrimPrefix(uri, auth.PushedPrefix)
	if r := w.authorize(url.Values{"interaction": {sealed}}); r.status != http.StatusBadRequest {
		t.Errorf("as an interaction: got %d, want 400", r.status)
	}
	q := w.authorize(brought).back(t, callback)
	if q.Get("code") == "" || q.Get("state") != "st&te" {
		t.Errorf("got %v, want a code and the pushed state", q)
	}
	if r := w.redeem(webID, q.Get("code")); r.str("scope") != "openid email" {
		t.Errorf("got %s, want the pushed scope", r.raw)
	}
	if r := w.authorize(brought); r.status != http.StatusBadRequest {
		t.Errorf("again: got %d, want 400", r.status)
	}
	late := w.push(webID, good(webID))
	w.pass(auth.PushedLife)
	if r := w.authorize(url.Values{"client_id": {webID}, "request_uri": {late}}); r.status != http.StatusBadRequest || r.str("error") != string(oauth.InvalidRequestURI) {
		t.Errorf("too late: got %d %s, want invalid_request_uri", r.status, r.raw)
	}
}

// A page may be loaded again before the request is answered, and its user may take longer than the client may.
func TestAPushedRequestWaitsForItsUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	q := url.Values{"client_id": {webID}, "request_uri": {w.push(webID, good(webID))}}
	w.authorize(q)
	sealed, found := strings.CutPrefix(w.authorize(q).header.Get("Location"), "/consent?interaction=")
	if !found {
		t.Fatal("nobody was asked")
	}
	w.pass(10 * auth.PushedLife)
	v, err := w.codes.Resume(t.Context(), sealed)
	must(t, err)
	v.Session = &w.cookie
	must(t, w.codes.Allow(t.Context(), v, sealed, auth.Caller{}))
	if got := w.authorize(url.Values{"interaction": {sealed}}).back(t, callback); got.Get("code") == "" {
		t.Errorf("got %v, want a code", got)
	}
}

func TestWhatIsWrongWithAPushedRequest(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for name, c := range map[string]struct {
		q      url.Values
		status int
		code   oauth.ErrorCode
	}{
		"request_uri":               {with(good(webID), "request_uri", "urn:x"), 400, oauth.InvalidRequest},
		"no client_id":              {with(good(webID), "client_id", ""), 400, oauth.InvalidRequest},
		"another client_id":         {with(good(webID), "client_id", legacyID), 400, oauth.InvalidRequest},
		"unregistered redirect URI": {with(good(webID), "redirect_uri", "https://evil.example"), 400, oauth.InvalidRequest},
		"no PKCE":                   {with(good(webID), "code_challenge", "", "code_challenge_method", ""), 400, oauth.InvalidRequest},
		"twice":                     {with(good(webID), "scope", "openid|email"), 400, oauth.InvalidRequest},
		"scope":                     {with(good(webID), "scope", "admin"), 400, oauth.InvalidScope},
		"resource":                  {with(good(webID), "resource", "https://evil.example"), 400, oauth.InvalidTarget},
	} {
		r := w.post("/oauth/par", c.q, basic(webID, secretOf))
		if r.want(t, c.status, c.code); t.Failed() {
			t.Fatal(name)
		}
	}
	w.post("/oauth/par", good(webID), basic(webID, "guess")).want(t, http.StatusUnauthorized, oauth.InvalidClient)
	w.post("/oauth/par", good(webID)).want(t, http.StatusUnauthorized, oauth.InvalidClient)
	if r := w.authorize(url.Values{"client_id": {webID}, "request_uri": {auth.PushedPrefix}}); r.status != http.StatusBadRequest {
		t.Errorf("empty: got %d", r.status)
	}
}

func TestAClientThatMustPushIsNotHeardOtherwise(t *testing.T) {
	t.Parallel()
	w := ready(t)
	w.allow(pushingID, []string{"openid", "email"}, nil)
	if q := w.authorize(good(pushingID)).back(t, callback); q.Get("error") != string(oauth.InvalidRequest) {
		t.Errorf("plain: got %v, want invalid_request", q)
	}
	uri := w.push(pushingID, good(pushingID))
	if q := w.authorize(url.Values{"client_id": {pushingID}, "request_uri": {uri}}).back(t, callback); q.Get("code") == "" {
		t.Errorf("pushed: got %v, want a code", q)
	}
}

// However late a browser brings a pushed request again, what it carries ends when that of the first visit does: else the record
// that it was answered would be swept first, and the request answered twice.
func TestAPushedRequestIsOverForAllItsVisits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	q := url.Values{"client_id": {webID}, "request_uri": {w.push(webID, good(webID))}}
	waits := func() string {
		sealed, asked := strings.CutPrefix(w.authorize(q).header.Get("Location"), "/consent?interaction=")
		if !asked {
			t.Fatal("nobody was asked")
		}
		return sealed
	}
	first := waits()
	w.pass(auth.PushedLife - time.Second)
	late := waits()
	v, err := w.codes.Resume(t.Context(), first)
	must(t, err)
	v.Session = &w.cookie
	must(t, w.codes.Allow(t.Context(), v, first, auth.Caller{}))
	if w.authorize(url.Values{"interaction": {first}}).back(t, callback).Get("code") == "" {
		t.Fatal("no code")
	}
	w.pass(auth.RequestLife - auth.PushedLife + 2*time.Second)
	must(t, w.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Interactions.Sweep(t.Context(), w.now(), 10)
		return err
	}))
	if r := w.authorize(url.Values{"interaction": {late}}); r.status != http.StatusBadRequest {
		t.Errorf("answered twice: %d %s", r.status, r.header.Get("Location"))
	}
}

// A request that is refused before anybody is known leaves no row behind: strangers could fill the table otherwise.
func TestARefusalOfAStrangerLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	posted := w.post("/oauth/authorize", with(good(webID), "prompt", "none"))
	for _, q := range []url.Values{
		{"client_id": {webID}, "request_uri": {w.push(webID, with(good(webID), "prompt", "none"))}},
		{"interaction": {strings.TrimPrefix(posted.header.Get("Location"), "/oauth/authorize?interaction=")}},
	} {
		if got := w.authorize(q).back(t, callback); got.Get("error") != string(oauth.LoginRequired) {
			t.Errorf("got %v, want login_required", got)
		}
	}
	must(t, w.db.Update(t.Context(), func(tx *store.Tx) error {
		n, err := tx.Interactions.Sweep(t.Context(), w.now().Add(time.Hour), 10)
		if n != 0 {
			t.Errorf("%d rows", n)
		}
		return err
	}))
}
