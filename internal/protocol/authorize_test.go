package protocol_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/keys"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

var verifier = strings.Repeat("v-._~1aZ", 6)

func challengeOf(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// signIn makes the session of the browser that sends the SSO cookie.
func (w *world) signIn() {
	w.t.Helper()
	g, _ := w.grant(publicID)
	must(w.t, w.db.View(w.t.Context(), func(tx *store.Tx) error {
		view, err := tx.Sessions.Find(w.t.Context(), g.SessionID)
		w.cookie = view.Session
		return err
	}))
}

// allow makes the consent of the user for a client.
func (w *world) allow(client string, scopes, resources []string) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		c := auth.Consent{UserID: w.user.ID, ClientID: client}
		return tx.Consents.Put(w.t.Context(), c.With(scopes, resources, w.now()))
	}))
}

// good is a request that is granted at once to who is signed in and has allowed it.
func good(client string) url.Values {
	q := url.Values{
		"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid email"}, "state": {"st&te"}, "nonce": {"n-1"},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
	if client == nativeID {
		q.Set("redirect_uri", "http://127.0.0.1:51234/cb")
	}
	return q
}

func with(q url.Values, pairs ...string) url.Values {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q[pairs[i]] = strings.Split(pairs[i+1], "|") // several: the parameter is repeated
		}
	}
	return q
}

func (w *world) authorize(q url.Values) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, w.server.URL+"/oauth/authorize?"+q.Encode(), nil)
	must(w.t, err)
	req.AddCookie(&http.Cookie{Name: "daypass-session", Value: "signed-in"})
	return w.do(req)
}

// back reads what the browser takes back to the client.
func (r reply) back(t *testing.T, to string) url.Values {
	t.Helper()
	location := r.header.Get("Location")
	u, err := url.Parse(location)
	if err != nil || r.status != http.StatusSeeOther || !strings.HasPrefix(location, to) {
		t.Fatalf("got %d %q %s, want a redirect to %s", r.status, location, r.raw, to)
	}
	q := u.Query()
	if q.Get("iss") != issuer || len(q["iss"]) != 1 {
		t.Errorf("iss: got %q, want the issuer once (RFC 9207)", q["iss"])
	}
	return q
}

// ready is a world in which good requests of every client are granted.
func ready(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.signIn()
	for _, id := range []string{webID, nativeID, legacyID} {
		w.allow(id, []string{"openid", "profile", "email", "offline_access", "read"}, []string{api, otherAPI})
	}
	return w
}

func TestWhatTheClientCannotBeToldIsShown(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for name, c := range map[string]struct {
		q         url.Values
		parameter string
	}{
		"no client":             {with(good(webID), "client_id", ""), "client_id"},
		"unknown client":        {good("nobody"), "client_id"},
		"disabled client":       {good("off"), "client_id"},
		"client twice":          {with(good(webID), "client_id", webID+"|"+webID), "client_id"},
		"no redirect URI":       {with(good(webID), "redirect_uri", ""), "redirect_uri"},
		"redirect URI twice":    {with(good(webID), "redirect_uri", callback+"|"+callback), "redirect_uri"},
		"slash":                 {with(good(webID), "redirect_uri", callback+"/"), "redirect_uri"},
		"query":                 {with(good(webID), "redirect_uri", callback+"?x=1"), "redirect_uri"},
		"more query":            {with(good(webID), "redirect_uri", callback+"?tenant=1&x=2"), "redirect_uri"},
		"fragment":              {with(good(webID), "redirect_uri", callback+"#f"), "redirect_uri"},
		"dots":                  {with(good(webID), "redirect_uri", "https://app.example/x/../cb"), "redirect_uri"},
		"escaped":               {with(good(webID), "redirect_uri", "https://app.example/%63b"), "redirect_uri"},
		"upper-case host":       {with(good(webID), "redirect_uri", "https://APP.example/cb"), "redirect_uri"},
		"user name":             {with(good(webID), "redirect_uri", "https://app.example@evil.example/cb"), "redirect_uri"},
		"prefix":                {with(good(webID), "redirect_uri", "https://app.example/cb.evil"), "redirect_uri"},
		"another host":          {with(good(webID), "redirect_uri", "https://app.example.evil.example/cb"), "redirect_uri"},
		"plain http":            {with(good(webID), "redirect_uri", "http://app.example/cb"), "redirect_uri"},
		"javascript":            {with(good(webID), "redirect_uri", "javascript:alert(1)"), "redirect_uri"},
		"loopback, other path":  {with(good(nativeID), "redirect_uri", "http://127.0.0.1:5/evil"), "redirect_uri"},
		"loopback, look-alike":  {with(good(nativeID), "redirect_uri", "http://127.0.0.1.evil.example/cb"), "redirect_uri"},
		"loopback, user name":   {with(good(nativeID), "redirect_uri", "http://127.0.0.1@evil.example/cb"), "redirect_uri"},
		"loopback, localhost":   {with(good(nativeID), "redirect_uri", "http://localhost:5/cb"), "redirect_uri"},
		"loopback, another one": {with(good(nativeID), "redirect_uri", "http://[::1]:5/cb"), "redirect_uri"},
		"loopback by https":     {with(good(nativeID), "redirect_uri", "https://127.0.0.1:5/cb"), "redirect_uri"},
		"first fault first":     {with(good("nobody"), "response_type", "token", "redirect_uri", "javascript:x"), "client_id"},
	} {
		r := w.authorize(c.q)
		if r.status != http.StatusBadRequest || r.str("page") != "fault" || r.str("parameter") != c.parameter || r.header.Get("Location") != "" {
			t.Errorf("%s: got %d %q %s, want 400 and a page about %s", name, r.status, r.header.Get("Location"), r.raw, c.parameter)
		}
	}
}

func TestWhatTheClientIsTold(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for name, c := range map[string]struct {
		q    url.Values
		code oauth.ErrorCode
	}{
		"no response type":         {with(good(webID), "response_type", ""), oauth.InvalidRequest},
		"implicit":                 {with(good(webID), "response_type", "token"), oauth.UnsupportedResponseType},
		"hybrid":                   {with(good(webID), "response_type", "code id_token"), oauth.UnsupportedResponseType},
		"a parameter twice":        {with(good(webID), "scope", "openid|openid"), oauth.InvalidRequest},
		"an unknown one twice":     {with(good(webID), "whatever", "a|a"), oauth.InvalidRequest},
		"no PKCE":                  {with(good(webID), "code_challenge", "", "code_challenge_method", ""), oauth.InvalidRequest},
		"plain PKCE":               {with(good(webID), "code_challenge_method", "plain"), oauth.InvalidRequest},
		"PKCE without a method":    {with(good(webID), "code_challenge_method", ""), oauth.InvalidRequest},
		"short challenge":          {with(good(webID), "code_challenge", "abc"), oauth.InvalidRequest},
		"challenge, odd character": {with(good(webID), "code_challenge", strings.Repeat("a", 42)+"="), oauth.InvalidRequest},
		"challenge, spare bits":    {with(good(webID), "code_challenge", strings.Repeat("a", 42)+"b"), oauth.InvalidRequest},
		"lenient without nonce":    {with(good(legacyID), "code_challenge", "", "code_challenge_method", "", "nonce", ""), oauth.InvalidRequest},
		"lenient without openid":   {with(good(legacyID), "code_challenge", "", "code_challenge_method", "", "scope", "email"), oauth.InvalidRequest},
		"long nonce":               {with(good(webID), "nonce", strings.Repeat("n", auth.MaxNonce+1)), oauth.InvalidRequest},
		"unknown scope alone":      {with(good(webID), "scope", "admin"), oauth.InvalidScope},
		"scope, odd character":     {with(good(webID), "scope", "openid \"x\""), oauth.InvalidScope},
		"unknown resource":         {with(good(webID), "resource", "https://evil.example"), oauth.InvalidTarget},
		"unknown prompt":           {with(good(webID), "prompt", "create"), oauth.InvalidRequest},
		"none and another":         {with(good(webID), "prompt", "none login"), oauth.InvalidRequest},
		"max_age below zero":       {with(good(webID), "max_age", "-1"), oauth.InvalidRequest},
		"max_age, no number":       {with(good(webID), "max_age", "soon"), oauth.InvalidRequest},
		"max_age, signed":          {with(good(webID), "max_age", "+5"), oauth.InvalidRequest},
		"request object":           {with(good(webID), "request", "eyJ"), oauth.InvalidRequestObject},
		"request_uri":              {with(good(webID), "request_uri", "https://evil.example/r"), oauth.RequestURINotSupported},
		"registration":             {with(good(webID), "registration", "{}"), oauth.RegistrationNotSupported},
		"claims, no JSON":          {with(good(webID), "claims", "{"), oauth.InvalidRequest},
		"claims, doubled member":   {with(good(webID), "claims", `{"userinfo":{},"userinfo":{}}`), oauth.InvalidRequest},
		"claims, no object":        {with(good(webID), "claims", `{"userinfo":[]}`), oauth.InvalidRequest},
		"acr, no text":             {with(good(webID), "claims", `{"id_token":{"acr":{"essential":true,"values":[7]}}}`), oauth.InvalidRequest},
		"sub, no text":             {with(good(webID), "claims", `{"userinfo":{"sub":{"value":7}}}`), oauth.InvalidRequest},
		"response mode":            {with(good(webID), "response_mode", "fragment"), oauth.InvalidRequest},
		"hint, garbage":            {with(good(webID), "id_token_hint", "x.y.z"), oauth.InvalidRequest},
		"essential acr":            {with(good(webID), "claims", `{"id_token":{"acr":{"essential":true,"value":"gold"}}}`), oauth.UnmetAuthenticationRequirements},
		"none, another sub":        {with(good(webID), "prompt", "none", "claims", `{"id_token":{"sub":{"value":"somebody"}}}`), oauth.LoginRequired},
		"none, choice":             {with(good(webID), "prompt", "none", "max_age", "0"), oauth.LoginRequired},
	} {
		q := w.authorize(c.q).back(t, callback+"?")
		if q.Get("error") != string(c.code) || q.Get("state") != "st&te" || q.Get("code") != "" {
			t.Errorf("%s: got %v, want %s and the state", name, q, c.code)
		}
	}
	long := w.authorize(with(good(webID), "state", strings.Repeat("s", auth.MaxState+1))).back(t, callback)
	if long.Get("error") != string(oauth.InvalidRequest) || long.Has("state") {
		t.Errorf("a state that is too long: got %v, want invalid_request and no state", long)
	}
	if q := w.authorize(with(good(publicID), "redirect_uri", callback)); q.status != http.StatusBadRequest {
		t.Errorf("a client without redirect URIs: got %d", q.status)
	}
}

func TestAGoodRequestIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for name, c := range map[string]struct {
		q  url.Values
		to string
	}{
		"plain":                 {good(webID), callback + "?"},
		"own query stays":       {with(good(webID), "redirect_uri", callback+"?tenant=1"), callback + "?tenant=1&"},
		"one redirect URI left": {with(good(legacyID), "redirect_uri", "", "scope", "email"), callback + "?"},
		"empty is absent":       {with(good(webID), "prompt", " "), callback + "?"},
		"unknown is ignored":    {with(good(webID), "utm", "x", "display", "hologram", "acr_values", "gold", "ui_locales", "de <script>"), callback + "?"},
		"reduced scope":         {with(good(webID), "scope", "openid admin"), callback + "?"},
		"without PKCE":          {with(good(legacyID), "code_challenge", "", "code_challenge_method", ""), callback + "?"},
		"claims":                {with(good(webID), "claims", `{"userinfo":{"name":null,"x":{"essential":true}},"id_token":{"acr":{"values":["gold"]}}}`), callback + "?"},
	} {
		if q := w.authorize(c.q).back(t, c.to); !strings.HasPrefix(q.Get("code"), auth.CodePrefix) || q.Get("error") != "" || q.Get("state") != "st&te" {
			t.Errorf("%s: got %v, want a code", name, q)
		}
	}
	r := w.authorize(with(good(webID), "response_mode", "form_post", "ui_locales", "<b> de-CH en"))
	if r.status != http.StatusOK || r.str("to") != callback || !strings.Contains(r.str("values"), "code=dpc_") || !strings.Contains(r.str("values"), "iss=") {
		t.Errorf("form_post: got %d %s", r.status, r.raw)
	}
	if got, _ := r.body["locales"].([]any); !slices.Equal(got, []any{"de-CH", "en"}) {
		t.Errorf("form_post: the page is in %v, want the languages that were asked for", got)
	}
}

// Anybody can take the answer of an application on the user's machine: each time the user is asked, whatever was allowed
// (RFC 8252 §8.6), and nobody is asked in silence.
func TestAnApplicationOnTheMachineAsksEachTime(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for name, q := range map[string]url.Values{
		"any port": good(nativeID), "no port": with(good(nativeID), "redirect_uri", "http://127.0.0.1/cb"),
		"the only one": with(good(nativeID), "redirect_uri", "", "scope", "read"),
	} {
		sealed, found := strings.CutPrefix(w.authorize(q).header.Get("Location"), "/consent?interaction=")
		if !found {
			t.Errorf("%s: nobody was asked", name)
			continue
		}
		v, err := w.codes.Resume(t.Context(), sealed)
		must(t, err)
		v.Session = &w.cookie
		must(t, w.codes.Allow(t.Context(), v, sealed, auth.Caller{}))
		to := "http://127.0.0.1/cb?"
		if name == "any port" {
			to = "http://127.0.0.1:51234/cb?"
		}
		if got := w.authorize(url.Values{"interaction": {sealed}}).back(t, to); got.Get("code") == "" {
			t.Errorf("%s: got %v, want a code", name, got)
		}
	}
	if got := w.authorize(with(good(nativeID), "prompt", "none")).back(t, "http://127.0.0.1:51234/cb?"); got.Get("error") != string(oauth.ConsentRequired) {
		t.Errorf("prompt=none: got %v, want consent_required", got)
	}
}

// A cross-site POST comes without the SameSite=Lax cookie; the GET that follows has it.
func TestAPostComesBackAsAGet(t *testing.T) {
	t.Parallel()
	w := ready(t)
	r := w.post("/oauth/authorize", good(webID), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	location := r.header.Get("Location")
	if r.status != http.StatusSeeOther || !strings.HasPrefix(location, "/oauth/authorize?interaction=") || strings.Contains(location, "st%26te") {
		t.Fatalf("got %d %q, want our own address with the request sealed", r.status, location)
	}
	sealed := strings.TrimPrefix(location, "/oauth/authorize?interaction=")
	if q := w.authorize(url.Values{"interaction": {sealed}}).back(t, callback); q.Get("code") == "" || q.Get("state") != "st&te" {
		t.Errorf("got %v, want a code", q)
	}
	if again := w.authorize(url.Values{"interaction": {sealed}}); again.status != http.StatusBadRequest || again.str("page") != "fault" {
		t.Errorf("the same again: got %d %s, want a page: it was answered", again.status, again.raw)
	}
	last := "A"
	if strings.HasSuffix(sealed, last) {
		last = "Q"
	}
	for name, s := range map[string]string{"garbage": "xyz", "changed": sealed[:len(sealed)-1] + last, "cut": sealed[:40]} {
		if r := w.authorize(url.Values{"interaction": {s}}); r.status != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", name, r.status)
		}
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.server.URL+"/oauth/authorize", strings.NewReader("{}"))
	must(t, err)
	req.Header.Set("Content-Type", "application/json")
	if r := w.do(req); r.status != http.StatusUnsupportedMediaType {
		t.Errorf("JSON: got %d, want 415", r.status)
	}
	req, err = http.NewRequestWithContext(context.Background(), http.MethodPut, w.server.URL+"/oauth/authorize", nil)
	must(t, err)
	if r := w.do(req); r.status != http.StatusMethodNotAllowed || r.header.Get("Allow") != "GET, POST" {
		t.Errorf("PUT: got %d %q, want 405", r.status, r.header.Get("Allow"))
	}
	w.pass(auth.RequestLife)
	if r := w.authorize(url.Values{"interaction": {sealed}}); r.status != http.StatusBadRequest {
		t.Errorf("after half an hour: got %d, want 400", r.status)
	}
}

// What the browser carries stays an address that browsers, proxies and this server take, whatever nonsense a request holds.
func TestASealedRequestStaysShort(t *testing.T) {
	t.Parallel()
	w := ready(t)
	q := with(good(webID), "state", strings.Repeat("<", auth.MaxState), "nonce", strings.Repeat("<", auth.MaxNonce), "login_hint", strings.Repeat("<", auth.MaxLoginHint),
		"ui_locales", strings.Repeat("x", 40_000)+" de-CH",
		"claims", `{"id_token":{"acr":{"essential":true,"value":"`+strings.Repeat("<", auth.MaxClaims-100)+`"}}}`)
	q["resource"] = slices.Repeat([]string{api}, 80)
	r := w.post("/oauth/authorize", q)
	if n := len(r.header.Get("Location")); r.status != http.StatusSeeOther || n > 16<<10 {
		t.Errorf("got %d and an address of %d bytes, want at most 16 KiB", r.status, n)
	}
}

// A request that comes back several times at once is answered once.
func TestOneOfManyVisitsIsAnswered(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for range 5 {
		sealed := strings.TrimPrefix(w.post("/oauth/authorize", good(webID)).header.Get("Location"), "/oauth/authorize?interaction=")
		var all sync.WaitGroup
		codes := make(chan bool, 8)
		for range cap(codes) {
			all.Go(func() {
				codes <- strings.Contains(w.authorize(url.Values{"interaction": {sealed}}).header.Get("Location"), "code=")
			})
		}
		all.Wait()
		answered := 0
		for range cap(codes) {
			if <-codes {
				answered++
			}
		}
		if answered != 1 {
			t.Errorf("answered %d times, want once", answered)
		}
	}
}

// Whoever signs in for one request has not done so for another: not by its address, and not in another tab (OI-06).
func TestALogInCountsForTheRequestThatAskedForIt(t *testing.T) {
	t.Parallel()
	w := ready(t)
	ask := func() string {
		location := w.authorize(with(good(webID), "prompt", "login")).header.Get("Location")
		sealed, found := strings.CutPrefix(location, "/login?interaction=")
		if !found {
			t.Fatalf("prompt=login leads to %q", location)
		}
		return sealed
	}
	one, other := ask(), ask()
	must(t, w.codes.LoggedIn(t.Context(), one, w.cookie.ID))
	if r := w.authorize(url.Values{"interaction": {other}}); !strings.HasPrefix(r.header.Get("Location"), "/login?") {
		t.Errorf("another tab: led to %q, want the log-in", r.header.Get("Location"))
	}
	if q := w.authorize(url.Values{"interaction": {one}}).back(t, callback); q.Get("code") == "" {
		t.Errorf("got %v, want a code", q)
	}
	if r := w.authorize(url.Values{"interaction": {one}}); r.status != http.StatusBadRequest {
		t.Errorf("replayed: got %d, want 400", r.status)
	}
	if err := w.codes.LoggedIn(t.Context(), one, w.cookie.ID); err == nil {
		t.Error("a log-in was taken for a request that is over")
	}
	stranger := w.cookie
	w.cookie.ID = auth.NewID(w.now())
	must(t, w.codes.LoggedIn(t.Context(), other, stranger.ID))
	if r := w.authorize(url.Values{"interaction": {other}}); !strings.HasPrefix(r.header.Get("Location"), "/login?") {
		t.Errorf("another browser's session: led to %q, want the log-in", r.header.Get("Location"))
	}
}

func TestWithoutConsentThereIsNoCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	sealed, found := strings.CutPrefix(w.authorize(good(webID)).header.Get("Location"), "/consent?interaction=")
	if !found {
		t.Fatal("nobody was asked")
	}
	if q := w.authorize(with(good(webID), "prompt", "none")).back(t, callback); q.Get("error") != string(oauth.ConsentRequired) {
		t.Errorf("prompt=none: got %v, want consent_required", q)
	}
	v, err := w.codes.Resume(t.Context(), sealed)
	must(t, err)
	v.Session = &w.cookie
	must(t, w.codes.Allow(t.Context(), v, sealed, auth.Caller{}))
	if q := w.authorize(url.Values{"interaction": {sealed}}).back(t, callback); q.Get("code") == "" {
		t.Errorf("allowed: got %v, want a code", q)
	}
	if q := w.authorize(good(webID)).back(t, callback); q.Get("code") == "" {
		t.Errorf("the next time: got %v, want a code without a word", q)
	}
	for name, q := range map[string]url.Values{
		"another scope": with(good(webID), "scope", "openid email profile"), "another client": good(nativeID), "asked to": with(good(webID), "prompt", "consent"),
	} {
		if r := w.authorize(q); !strings.HasPrefix(r.header.Get("Location"), "/consent?") {
			t.Errorf("%s: led to %q, want the consent", name, r.header.Get("Location"))
		}
	}
	sealed = strings.TrimPrefix(w.authorize(with(good(webID), "prompt", "consent")).header.Get("Location"), "/consent?interaction=")
	v, err = w.codes.Resume(t.Context(), sealed)
	must(t, err)
	v.Session = &w.cookie
	answer, err := w.codes.Deny(t.Context(), v, auth.Caller{})
	must(t, err)
	if answer.Values.Get("error") != string(oauth.AccessDenied) || answer.Values.Get("iss") != issuer || answer.Values.Get("state") != "st&te" {
		t.Errorf("denied: got %v", answer.Values)
	}
	if _, _, err := w.codes.Decide(t.Context(), v); !errors.Is(err, authorize.ErrOver) {
		t.Errorf("after the no: %v, want ErrOver", err)
	}
}

// allowFor is the user's yes to a request, as the consent page takes it.
func (w *world) allowFor(q url.Values) string {
	w.t.Helper()
	sealed, asked := strings.CutPrefix(w.authorize(q).header.Get("Location"), "/consent?interaction=")
	if !asked {
		w.t.Fatal("nobody was asked")
	}
	v, err := w.codes.Resume(w.t.Context(), sealed)
	must(w.t, err)
	v.Session = &w.cookie
	must(w.t, w.codes.Allow(w.t.Context(), v, sealed, auth.Caller{}))
	return sealed
}

// A claim that is named by itself is no way around the user, who is asked as for the scope that stands for it, nor around the
// registration of the client (OpenID Connect Core 1.0 §5.5).
func TestASingleClaimIsAllowedLikeItsScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.allow(webID, []string{"openid"}, []string{api, otherAPI})
	for _, claims := range []string{`{"userinfo":{"email":null}}`, `{"id_token":{"email":{"essential":true}}}`} {
		q := with(good(webID), "scope", "openid", "claims", claims)
		sealed, asked := strings.CutPrefix(w.authorize(q).header.Get("Location"), "/consent?interaction=")
		if !asked {
			t.Fatalf("%s: nobody was asked", claims)
		}
		if got := w.authorize(with(q, "prompt", "none")).back(t, callback); got.Get("error") != string(oauth.ConsentRequired) {
			t.Errorf("%s, in silence: got %v, want consent_required", claims, got)
		}
		v, err := w.codes.Resume(t.Context(), sealed)
		must(t, err)
		if got := v.Request.ConsentScopes(); !slices.Equal(got, []string{"openid", "email"}) {
			t.Errorf("%s: the user is asked for %v", claims, got)
		}
	}
	w.allowFor(with(good(webID), "scope", "openid", "claims", `{"userinfo":{"email":null}}`))
	r := w.redeem(webID, w.code(with(good(webID), "scope", "openid", "claims", `{"userinfo":{"email":null}}`)))
	if info := w.userInfo(r.str("access_token")); info.str("email") != w.user.Email || r.str("scope") != "openid" {
		t.Errorf("allowed: got scope %q and %s", r.str("scope"), info.raw)
	}
	must(t, w.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Users.SetProfile(t.Context(), w.user.ID, auth.Profile{PhoneNumber: "+1 555 0100"})
		return err
	}))
	w.allow(webID, []string{"openid", "phone"}, []string{api, otherAPI}) // whatever was allowed: the client may not ask for it
	r = w.redeem(webID, w.code(with(good(webID), "scope", "openid", "claims", `{"userinfo":{"phone_number":null},"id_token":{"phone_number":null}}`)))
	_, id := idClaims(t, r.str("id_token"))
	if info := w.userInfo(r.str("access_token")); info.str("phone_number") != "" || id["phone_number"] != nil {
		t.Errorf("beyond the registration: got %s and %v", info.raw, id)
	}
}

// code gets a code for a good request.
func (w *world) code(q url.Values) string {
	w.t.Helper()
	r := w.authorize(q)
	u, err := url.Parse(r.header.Get("Location"))
	must(w.t, err)
	if u.Query().Get("code") == "" {
		w.t.Fatalf("no code: %d %s %s", r.status, u, r.raw)
	}
	return u.Query().Get("code")
}

func (w *world) redeem(client, code string, more ...string) reply {
	w.t.Helper()
	form := with(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}, more...)
	if client == nativeID {
		form.Set("client_id", client)
		return w.post("/oauth/token", form)
	}
	return w.post("/oauth/token", form, basic(client, secretOf))
}

func TestACodeIsRedeemedByItsOwnerAlone(t *testing.T) {
	t.Parallel()
	w := ready(t)
	code := w.code(good(webID))
	for name, r := range map[string]reply{
		"another client":       w.redeem(legacyID, code),
		"another redirect URI": w.redeem(webID, code, "redirect_uri", callback+"?tenant=1"),
		"no verifier":          w.redeem(webID, code, "code_verifier", ""),
		"another verifier":     w.redeem(webID, code, "code_verifier", strings.Repeat("w", 48)),
		"short verifier":       w.redeem(webID, code, "code_verifier", "short"),
		"odd verifier":         w.redeem(webID, code, "code_verifier", strings.Repeat("v", 47)+"!"),
		"unknown code":         w.redeem(webID, "dpc_"+strings.Repeat("a", 43)),
		"garbage":              w.redeem(webID, "%00"),
		"refresh token":        w.redeem(webID, "dpr_x"),
		"no PKCE, no address":  w.redeem(legacyID, w.code(with(good(legacyID), "code_challenge", "", "code_challenge_method", "")), "code_verifier", "", "redirect_uri", ""),
		"verifier, none sent":  w.redeem(legacyID, w.code(with(good(legacyID), "code_challenge", "", "code_challenge_method", ""))),
	} {
		if r.want(t, http.StatusBadRequest, oauth.InvalidGrant); t.Failed() {
			t.Fatal(name)
		}
		if r.str("error_description") != w.redeem(webID, "dpc_x").str("error_description") {
			t.Errorf("%s: the description tells which check failed: %s", name, r.raw)
		}
	}
	w.redeem(webID, "", "code", "").want(t, http.StatusBadRequest, oauth.InvalidRequest)
	w.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {webID}, "code_verifier": {verifier}}).want(t, http.StatusUnauthorized, oauth.InvalidClient)
	if r := w.redeem(webID, code); r.status != http.StatusOK || r.str("id_token") == "" || r.str("refresh_token") != "" || r.str("scope") != "openid email" {
		t.Errorf("the owner: got %d %s, want tokens and, without offline_access, no refresh token", r.status, r.raw)
	}
	if r := w.redeem(legacyID, w.code(with(good(legacyID), "code_challenge", "", "code_challenge_method", "")), "code_verifier", ""); r.status != http.StatusOK {
		t.Errorf("without PKCE: got %d %s", r.status, r.raw)
	}
	late := w.code(good(webID))
	w.pass(codeLife)
	w.redeem(webID, late).want(t, http.StatusBadRequest, oauth.InvalidGrant)
}

func TestOneOfManyGetsTheCodeAndAReplayEndsWhatItBought(t *testing.T) {
	t.Parallel()
	w := ready(t)
	code := w.code(with(good(webID), "scope", "openid offline_access"))
	var all sync.WaitGroup
	replies := make([]reply, 8)
	for i := range replies {
		all.Go(func() { replies[i] = w.redeem(webID, code, "code_verifier", "wrong") }) // nobody can end what they could not buy
	}
	all.Wait()
	first := w.redeem(webID, code)
	if first.status != http.StatusOK || first.str("refresh_token") == "" {
		t.Fatalf("got %d %s", first.status, first.raw)
	}
	w.redeem(webID, code, "code_verifier", "wrong").want(t, http.StatusBadRequest, oauth.InvalidGrant)
	w.redeem(legacyID, code).want(t, http.StatusBadRequest, oauth.InvalidGrant)
	if r := w.userInfo(first.str("access_token")); r.status != http.StatusOK {
		t.Errorf("after bad replays: got %d %s, want what was bought to live", r.status, r.raw)
	}
	w.redeem(webID, code).want(t, http.StatusBadRequest, oauth.InvalidGrant)
	if r := w.userInfo(first.str("access_token")); r.status != http.StatusUnauthorized {
		t.Errorf("after a good replay: the access token is answered %d", r.status)
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.str("refresh_token")}}
	w.post("/oauth/token", form, basic(webID, secretOf)).want(t, http.StatusBadRequest, oauth.InvalidGrant)

	code = w.code(good(webID))
	for i := range replies {
		all.Go(func() { replies[i] = w.redeem(webID, code) })
	}
	all.Wait()
	won := 0
	for _, r := range replies {
		if r.status == http.StatusOK {
			won++
		} else if r.str("error") != string(oauth.InvalidGrant) {
			t.Errorf("got %d %s", r.status, r.raw)
		}
	}
	if won != 1 {
		t.Errorf("%d of 8 got the code, want one", won)
	}
}

func TestACodeDiesWithItsSessionAndItsUser(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world, *store.Tx) error{
		"the user is disabled": func(w *world, tx *store.Tx) error {
			_, err := tx.Users.SetDisabled(t.Context(), w.user.ID, w.now())
			return err
		},
		"the session has ended": func(w *world, tx *store.Tx) error {
			_, err := tx.Sessions.End(t.Context(), w.cookie.ID, auth.ReasonLogout, w.now())
			return err
		},
	} {
		w := ready(t)
		code := w.code(good(webID))
		must(t, w.db.Update(t.Context(), func(tx *store.Tx) error { return end(w, tx) }))
		if r := w.redeem(webID, code); r.status != http.StatusBadRequest || r.str("error") != string(oauth.InvalidGrant) {
			t.Errorf("%s: got %d %s, want invalid_grant", name, r.status, r.raw)
		}
	}
}

// What a user takes back is not bought afterwards with a code of before, nor once the same is allowed again.
func TestACodeDiesWithItsConsent(t *testing.T) {
	t.Parallel()
	w := ready(t)
	before := w.code(good(webID))
	w.pass(time.Second)
	must(t, w.grants.TakeBack(t.Context(), w.user.ID, webID, auth.Caller{}))
	w.redeem(webID, before).want(t, http.StatusBadRequest, oauth.InvalidGrant)
	w.allow(webID, []string{"openid", "email"}, []string{api, otherAPI})
	w.redeem(webID, before).want(t, http.StatusBadRequest, oauth.InvalidGrant)
	if r := w.redeem(webID, w.code(good(webID))); r.status != http.StatusOK {
		t.Errorf("allowed again: got %d %s", r.status, r.raw)
	}
}

// Nobody allows an application of the operator's own, so that there is no consent to look for.
func TestACodeOfOurOwnApplicationNeedsNoConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	must(t, w.db.Update(t.Context(), func(tx *store.Tx) error {
		c, err := tx.Clients.Find(t.Context(), webID)
		if err != nil {
			return err
		}
		c.FirstParty = true
		_, err = tx.Clients.Update(t.Context(), c)
		return err
	}))
	if r := w.redeem(webID, w.code(good(webID))); r.status != http.StatusOK || r.str("refresh_token") == "" {
		t.Errorf("got %d %s, want tokens, and a refresh token of the session", r.status, r.raw)
	}
}

func (w *world) userInfo(token string) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, w.server.URL+"/oauth/userinfo", nil)
	must(w.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	return w.do(req)
}

// idClaims reads an ID token without checking it; libraries of others check it in tools/e2e.
func idClaims(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	for i, into := range []*map[string]any{&header, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		must(t, err)
		must(t, json.Unmarshal(raw, into))
	}
	return header, claims
}

func TestIDTokenAndUserInfo(t *testing.T) {
	t.Parallel()
	w := ready(t)
	r := w.redeem(webID, w.code(with(good(webID), "scope", "openid email offline_access",
		"claims", `{"userinfo":{"name":null},"id_token":{"email":{"essential":true}}}`)))
	header, id := idClaims(t, r.str("id_token"))
	half := sha256.Sum256([]byte(r.str("access_token")))
	if header["alg"] != "RS256" || header["typ"] != "JWT" || header["kid"] == nil {
		t.Errorf("header %v", header)
	}
	for name, want := range map[string]any{
		"iss": issuer, "sub": w.user.ID.String(), "aud": webID, "nonce": "n-1", "email": w.user.Email,
		"at_hash": base64.RawURLEncoding.EncodeToString(half[:16]), "auth_time": float64(w.cookie.AuthTime.Unix()), "iat": float64(w.now().Unix()),
	} {
		if id[name] != want {
			t.Errorf("%s: got %v, want %v", name, id[name], want)
		}
	}
	if id["sid"] == nil || id["exp"] == nil || id["name"] != nil {
		t.Errorf("claims %v", id)
	}
	info := w.userInfo(r.str("access_token"))
	if info.str("sub") != w.user.ID.String() || info.str("email") != w.user.Email || info.body["email_verified"] != false || info.body["phone_number"] != nil {
		t.Errorf("UserInfo: got %d %s", info.status, info.raw)
	}
	w.pass(time.Minute)
	again := w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.str("refresh_token")}}, basic(webID, secretOf))
	_, renewed := idClaims(t, again.str("id_token"))
	if renewed["sub"] != id["sub"] || renewed["auth_time"] != id["auth_time"] || renewed["nonce"] != nil || renewed["iat"] == id["iat"] || renewed["aud"] != webID {
		t.Errorf("after a refresh: %v, before it: %v", renewed, id)
	}
	for name, token := range map[string]string{"an ID token": r.str("id_token"), "a refresh token": r.str("refresh_token"), "garbage": "x"} {
		if got := w.userInfo(token); got.status != http.StatusUnauthorized || !strings.Contains(got.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s at UserInfo: got %d %q, want 401 invalid_token", name, got.status, got.header.Get("WWW-Authenticate"))
		}
	}
	if info.str("nickname") != "" {
		t.Errorf("UserInfo without the scope that tells it: %s", info.raw)
	}
	declared := w.userInfo(w.redeem(webID, w.code(with(good(webID), "scope", "openid read"))).str("access_token"))
	if declared.str("nickname") != "Ada" || declared.str("email") != "" {
		t.Errorf("UserInfo of a declared scope: %s, want its claim alone", declared.raw)
	}
	plain := w.redeem(webID, w.code(with(good(webID), "scope", "read")))
	if plain.str("id_token") != "" || plain.str("refresh_token") == "" {
		t.Errorf("pure OAuth: got %s, want no ID token, and a refresh token of the session", plain.raw)
	}
	if got := w.userInfo(plain.str("access_token")); got.status != http.StatusForbidden || !strings.Contains(got.header.Get("WWW-Authenticate"), "insufficient_scope") {
		t.Errorf("without openid: got %d %q, want 403", got.status, got.header.Get("WWW-Authenticate"))
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.server.URL+"/oauth/userinfo", nil)
	must(t, err)
	if got := w.do(req); got.status != http.StatusUnauthorized || strings.Contains(got.header.Get("WWW-Authenticate"), "error") {
		t.Errorf("no token: got %d %q, want 401 and no error", got.status, got.header.Get("WWW-Authenticate"))
	}
	req, err = http.NewRequestWithContext(context.Background(), http.MethodGet, w.server.URL+"/oauth/userinfo?access_token="+r.str("access_token"), nil)
	must(t, err)
	if got := w.do(req); got.status != http.StatusBadRequest {
		t.Errorf("token in the query: got %d, want 400", got.status)
	}
}

// Whatever algorithm a client registered, the library of others that checks its ID token finds its access token in it
// (OpenID Connect Core 1.0 §3.1.3.6): Ed25519 hashes by SHA-512.
func TestIDTokensOfEveryAlgorithmNameTheirAccessToken(t *testing.T) {
	t.Parallel()
	w := ready(t)
	must(t, w.ring.EnsureFor(t.Context(), jose.Algorithms()...))
	for _, alg := range jose.Algorithms() {
		client := "web-" + string(alg)
		must(t, w.db.Update(t.Context(), func(tx *store.Tx) error {
			c, err := tx.Clients.Find(t.Context(), webID)
			if err != nil {
				return err
			}
			c.ID, c.Metadata.IDTokenAlgorithm = client, string(alg)
			_, err = tx.Clients.Insert(t.Context(), c)
			return err
		}))
		w.allow(client, []string{"openid", "email"}, []string{api, otherAPI})
		r := w.redeem(client, w.code(good(client)))
		verifier := oidc.NewVerifier(issuer, ringKeys{w.ring, alg}, &oidc.Config{ClientID: client, SupportedSigningAlgs: []string{string(alg)}, Now: w.now})
		id, err := verifier.Verify(t.Context(), r.str("id_token"))
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		if err := id.VerifyAccessToken(r.str("access_token")); err != nil {
			t.Errorf("%s: at_hash: %v", alg, err)
		}
	}
}

// ringKeys are the keys of one algorithm as go-oidc asks for them.
type ringKeys struct {
	ring *keys.Ring
	alg  jose.Algorithm
}

func (k ringKeys) VerifySignature(_ context.Context, token string) ([]byte, error) {
	payload, _, err := jose.Verify(token, jose.VerifyConfig{Algorithms: []jose.Algorithm{k.alg}, Types: []string{auth.IDTokenType}, Keys: k.ring.PublicKey})
	return payload, err
}

// The hint is good after its end; another client's, and an access token, are none.
func TestIDTokenHint(t *testing.T) {
	t.Parallel()
	w := ready(t)
	r := w.redeem(webID, w.code(good(webID)))
	w.pass(24 * time.Hour)
	w.signIn()
	if q := w.authorize(with(good(webID), "prompt", "none", "id_token_hint", r.str("id_token"))).back(t, callback); q.Get("code") == "" {
		t.Errorf("an expired hint: got %v, want a code", q)
	}
	for name, c := range map[string]struct{ client, hint string }{"another client's": {legacyID, r.str("id_token")}, "an access token": {webID, r.str("access_token")}} {
		if q := w.authorize(with(good(c.client), "id_token_hint", c.hint)).back(t, callback); q.Get("error") != string(oauth.InvalidRequest) {
			t.Errorf("%s: got %v, want invalid_request", name, q)
		}
	}
	w.user.ID = auth.NewID(w.now()) // somebody else is signed in
	if q := w.authorize(with(good(webID), "prompt", "none", "id_token_hint", r.str("id_token"))).back(t, callback); q.Get("error") != string(oauth.LoginRequired) {
		t.Errorf("another user: got %v, want login_required", q)
	}
	if l := w.authorize(with(good(webID), "id_token_hint", r.str("id_token"))).header.Get("Location"); !strings.HasPrefix(l, "/login?") {
		t.Errorf("another user: led to %q, want the log-in", l)
	}
}
