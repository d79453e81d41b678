package protocol_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
	"github.com/daypass/daypass/resource"
)

// protect registers resources, as a command or the configuration does.
func (w *world) protect(all ...auth.Resource) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		for _, r := range all {
			if _, err := tx.Resources.Delete(w.t.Context(), r.ID); err != nil {
				return err
			}
			if _, err := tx.Resources.Insert(w.t.Context(), r); err != nil {
				return err
			}
		}
		return nil
	}))
	must(w.t, w.apis.Load(w.t.Context()))
}

// header reads the header of a JWT, unverified.
func header(t *testing.T, token string) (h map[string]any) {
	t.Helper()
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	must(t, err)
	must(t, json.Unmarshal(raw, &h))
	return h
}

func (w *world) machine(form url.Values) reply {
	w.t.Helper()
	form.Set("grant_type", "client_credentials")
	return w.post("/oauth/token", form, basic(machineID, secretOf))
}

func (w *world) claims(r reply) auth.AccessClaims {
	w.t.Helper()
	c, err := w.ring.VerifyAccess(secret.FromString(r.str("access_token")), "", false)
	if err != nil {
		w.t.Fatalf("%s: %v", r.raw, err)
	}
	return c
}

// AT-02, PR-04.
func TestATokenForARegisteredResourceIsWhatTheResourceAsksFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.ring.EnsureFor(t.Context(), jose.EdDSA))
	w.protect(
		auth.Resource{ID: api, Scopes: []string{"read"}, Lifetime: 2 * time.Minute, Algorithm: "EdDSA"},
		auth.Resource{ID: otherAPI, Scopes: []string{"read", "write"}},
	)
	_, token := w.grant(publicID)
	r := w.refresh(publicID, token, "resource", api)
	c := w.claims(r)
	if alg := header(t, r.str("access_token"))["alg"]; alg != "EdDSA" || c.Scope != "read" || r.str("scope") != "read" || r.body["expires_in"] != 120.0 || c.Expires-c.IssuedAt != 120 {
		t.Errorf("got %v, %+v, %s", alg, c, r.raw)
	}
	// The grant keeps its breadth: the next one may be for the other resource.
	if r = w.refresh(publicID, r.str("refresh_token"), "resource", otherAPI); r.str("scope") != "read write" || r.body["expires_in"] != 600.0 {
		t.Errorf("got %s", r.raw)
	}
	// Nothing asked: the first resource decides, and the other one, which takes another signature, is left out.
	r = w.refresh(publicID, r.str("refresh_token"))
	if c := w.claims(r); len(c.Audience) != 1 || c.Audience[0] != api || c.Scope != "read" {
		t.Errorf("got %+v", c)
	}
}

func TestMixedResourcesAreRefusedBeforeAnythingMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.protect(auth.Resource{ID: api, Scopes: []string{"read", "send"}}, auth.Resource{ID: otherAPI, Scopes: []string{"read", "write"}})
	g, token := w.grant(publicID)
	both := []string{"resource", api, "resource", otherAPI}
	w.refresh(publicID, token, append(both, "scope", "read")...).want(t, 400, oauth.InvalidRequest)
	w.refresh(publicID, token, "resource", api, "scope", "write").want(t, 400, oauth.InvalidScope)
	w.protect(auth.Resource{ID: otherAPI, Scopes: []string{"read", "write"}, Format: auth.FormatOpaque})
	w.refresh(publicID, token, both...).want(t, 400, oauth.InvalidTarget)
	w.protect(auth.Resource{ID: otherAPI, DisabledAt: w.now()})
	w.refresh(publicID, token, "resource", otherAPI).want(t, 400, oauth.InvalidTarget)
	w.machine(url.Values{"resource": {otherAPI}}).want(t, 400, oauth.InvalidTarget)
	must(t, w.db.View(t.Context(), func(tx *store.Tx) error {
		f, _, err := tx.Grants.Facts(t.Context(), g.ID)
		if f.Grant.Current != g.Current {
			t.Errorf("a refused request moved the generation from %d to %d", g.Current, f.Grant.Current)
		}
		return err
	}))
	if r := w.machine(url.Values{}); r.status != 200 || len(w.claims(r).Audience) != 1 {
		t.Errorf("a disabled resource that nobody asked for: got %d %s", r.status, r.raw)
	}
}

// AT-03, IN-02; design §3.
func TestAnOpaqueTokenIsJudgedAgainstWhatItStandsOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.protect(auth.Resource{ID: api, Scopes: []string{"read"}, Format: auth.FormatOpaque})
	g, token := w.grant(publicID)
	fresh := func() reply {
		r := w.refresh(publicID, token, "resource", api)
		token = r.str("refresh_token")
		return r
	}
	r := fresh()
	access := r.str("access_token")
	if !strings.HasPrefix(access, auth.OpaquePrefix) || strings.Contains(access, ".") || r.body["expires_in"] != 600.0 {
		t.Fatalf("got %s", r.raw)
	}
	a := w.introspect(access, machineID)
	if a.body["active"] != true || a.str("sub") != w.user.ID.String() || a.str("client_id") != publicID || a.str("iss") != issuer || a.str("aud") != api ||
		a.str("scope") != "read" || a.str("gid") != g.ID.String() || a.str("jti") == "" || a.body["roles"] == nil {
		t.Errorf("got %s", a.raw)
	}
	inactive(t, "another resource", w.introspect(access, strangerID))
	inactive(t, "one letter", w.introspect(access[:30]+"Z"+access[31:], machineID))

	// This very token, then its grant, then a client's own.
	w.post("/oauth/revoke", url.Values{"token": {access}, "client_id": {publicID}})
	inactive(t, "revoked", w.introspect(access, machineID))
	access = fresh().str("access_token")
	w.post("/oauth/revoke", url.Values{"token": {token}, "client_id": {publicID}})
	inactive(t, "grant revoked", w.introspect(access, machineID))
	own := w.machine(url.Values{"resource": {api}}).str("access_token")
	if b := w.introspect(own, machineID); b.body["active"] != true || b.str("sub") != machineID {
		t.Errorf("a client's own: got %s", b.raw)
	}
	w.pass(11 * time.Minute)
	inactive(t, "expired", w.introspect(own, machineID))
	own = w.machine(url.Values{"resource": {api}}).str("access_token")
	must(t, w.db.Update(t.Context(), func(tx *store.Tx) error { return tx.Clients.Bump(t.Context(), machineID, w.now(), time.Hour) }))
	inactive(t, "client revoked", w.introspect(own, machineID))
}

// IN-03: whoever speaks for a resource hears of that resource alone, and only who may.
func TestIntrospectionIsCutToWhatTheCallerSpeaksFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.protect(
		auth.Resource{ID: api, Scopes: []string{"read"}, Introspection: []string{strangerID}},
		auth.Resource{ID: otherAPI, Scopes: []string{"write"}},
	)
	_, token := w.grant(publicID)
	access := w.refresh(publicID, token, "resource", api, "resource", otherAPI).str("access_token")
	a := w.introspect(access, strangerID) // it is named there, and asks for no tokens itself
	if a.str("aud") != api || a.str("scope") != "read" {
		t.Errorf("got %s", a.raw)
	}
	b := w.introspect(access, machineID) // the first resource has named others
	if b.str("aud") != otherAPI || b.str("scope") != "write" {
		t.Errorf("got %s", b.raw)
	}
	inactive(t, "a client of neither", w.introspect(access, rotaterID))
	w.protect(auth.Resource{ID: otherAPI, DisabledAt: w.now()})
	inactive(t, "a disabled resource", w.introspect(access, machineID))
}

// atIssuer reaches the server under its issuer's name.
func (w *world) atIssuer() *http.Client {
	return &http.Client{Transport: rename{w.server.Listener.Addr().String()}}
}

type rename struct{ address string }

func (r rename) RoundTrip(req *http.Request) (*http.Response, error) {
	there := req.Clone(req.Context())
	there.URL.Scheme, there.URL.Host = "http", r.address
	return http.DefaultTransport.RoundTrip(there)
}

// The middleware that users of Daypass import asks this very server about its opaque tokens.
func TestTheMiddlewareAcceptsOpaqueTokensAndHearsOfTheirEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.protect(auth.Resource{ID: api, Scopes: []string{"read"}, Format: auth.FormatOpaque})
	protector, err := resource.New(issuer, resource.Config{Audience: api, Now: w.now, Client: w.atIssuer(), Introspection: &resource.Introspection{
		Auth: resource.ClientSecretBasic(machineID, secretOf), Prefix: auth.OpaquePrefix, Remember: time.Nanosecond,
	}})
	must(t, err)
	protected := httptest.NewServer(protector.Require("read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	t.Cleanup(protected.Close)
	ask := func(token string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, protected.URL, nil)
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	_, token := w.grant(publicID)
	r := w.refresh(publicID, token, "resource", api)
	access := r.str("access_token")
	if got := ask(access); got != 200 {
		t.Errorf("a good token: got %d", got)
	}
	if got := ask(access + "A"); got != 401 {
		t.Errorf("a changed token: got %d", got)
	}
	w.post("/oauth/revoke", url.Values{"token": {r.str("refresh_token")}, "client_id": {publicID}})
	w.pass(time.Second)
	if got := ask(access); got != 401 {
		t.Errorf("after the grant was revoked: got %d", got)
	}
}

// AZ-26, AT-02: before anybody is asked to allow what cannot be had.
func TestTheAuthorizationEndpointRefusesResourcesThatCannotBeHadTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.protect(auth.Resource{ID: api, Scopes: []string{"read"}}, auth.Resource{ID: otherAPI, Scopes: []string{"read", "write"}})
	both := good(webID)
	both["resource"] = []string{api, otherAPI}
	both.Set("scope", "openid read")
	if q := w.authorize(both).back(t, callback+"?"); q.Get("error") != string(oauth.InvalidRequest) {
		t.Errorf("a scope of both: got %v", q)
	}
	w.protect(auth.Resource{ID: otherAPI, Format: auth.FormatOpaque})
	both.Set("scope", "openid")
	if q := w.authorize(both).back(t, callback+"?"); q.Get("error") != string(oauth.InvalidTarget) {
		t.Errorf("two kinds of tokens: got %v", q)
	}
	w.protect(auth.Resource{ID: otherAPI, DisabledAt: w.now()})
	if q := w.authorize(with(good(webID), "resource", otherAPI)).back(t, callback+"?"); q.Get("error") != string(oauth.InvalidTarget) {
		t.Errorf("a disabled one: got %v", q)
	}
}
