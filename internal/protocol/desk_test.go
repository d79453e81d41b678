package protocol_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/oauth"
)

func (w *world) introspect(token, as string) reply {
	w.t.Helper()
	return w.post("/oauth/introspect", url.Values{"token": {token}}, basic(as, secretOf))
}

func inactive(t *testing.T, what string, r reply) {
	t.Helper()
	if r.status != 200 || len(r.body) != 1 || r.body["active"] != false {
		t.Errorf("%s: got %d %s, want exactly inactive", what, r.status, r.raw)
	}
}

func TestIntrospectionTellsOnlyWhomItConcerns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.grant(publicID)
	r := w.refresh(publicID, token)
	access := r.str("access_token")
	a := w.introspect(access, machineID) // its resource is in aud
	if a.body["active"] != true || a.str("sub") != w.user.ID.String() || a.str("client_id") != publicID || a.str("iss") != issuer ||
		a.str("token_type") != "Bearer" || a.body["exp"] == nil || a.str("scope") != "read write" {
		t.Errorf("got %s", a.raw)
	}
	inactive(t, "another resource", w.introspect(access, strangerID))
	inactive(t, "another client's refresh token", w.introspect(r.str("refresh_token"), machineID))
	inactive(t, "garbage", w.introspect("garbage", machineID))
	inactive(t, "garbage refresh token", w.introspect("dpr_garbage", machineID))
	_, own := w.grant(machineID)
	if b := w.introspect(own, machineID); b.body["active"] != true {
		t.Errorf("own refresh token: got %s", b.raw)
	}
	w.pass(11 * time.Minute)
	inactive(t, "expired", w.introspect(access, machineID))
	w.post("/oauth/introspect", url.Values{"token": {access}, "client_id": {publicID}}).want(t, 401, oauth.InvalidClient)
	w.post("/oauth/introspect", url.Values{"token": {access}}).want(t, 401, oauth.InvalidClient)
	w.post("/oauth/revoke", url.Values{"token": {access}}).want(t, 401, oauth.InvalidClient)
	w.post("/oauth/introspect", url.Values{}, basic(machineID, secretOf)).want(t, 400, oauth.InvalidRequest)
}

func TestRevokingARefreshTokenEndsTheGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.grant(publicID)
	r := w.refresh(publicID, token)
	for _, form := range []url.Values{
		{"token": {r.str("refresh_token")}, "client_id": {publicID}, "token_type_hint": {"access_token"}}, // a wrong hint changes nothing
		{"token": {r.str("refresh_token")}, "client_id": {publicID}},                                      // again: no error
		{"token": {"garbage"}, "client_id": {publicID}},
	} {
		if got := w.post("/oauth/revoke", form); got.status != 200 || got.raw != "" {
			t.Errorf("revoke: got %d %s, want 200 and nothing", got.status, got.raw)
		}
	}
	w.refresh(publicID, r.str("refresh_token")).want(t, 400, oauth.InvalidGrant)
	inactive(t, "access token of the grant", w.introspect(r.str("access_token"), machineID))
}

func TestAForeignClientRevokesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.grant(publicID)
	access := w.refresh(publicID, token).str("access_token")
	for _, foreign := range []string{token, access} {
		if r := w.post("/oauth/revoke", url.Values{"token": {foreign}}, basic(strangerID, secretOf)); r.status != 200 {
			t.Errorf("got %d %s, want 200", r.status, r.raw)
		}
	}
	if r := w.refresh(publicID, token); r.status != 200 {
		t.Errorf("the owner afterwards: got %d %s", r.status, r.raw)
	}
	if a := w.introspect(access, machineID); a.body["active"] != true {
		t.Errorf("the access token afterwards: got %s", a.raw)
	}
}

func TestRevokingAnAccessTokenEndsItAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.grant(publicID)
	r := w.refresh(publicID, token)
	w.post("/oauth/revoke", url.Values{"token": {r.str("access_token")}, "client_id": {publicID}})
	inactive(t, "revoked access token", w.introspect(r.str("access_token"), machineID))
	if again := w.refresh(publicID, r.str("refresh_token")); again.status != 200 {
		t.Errorf("the grant afterwards: got %d %s", again.status, again.raw)
	}
}

func TestMetadataTellsWhatIsServedAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var documents []string
	for _, path := range []string{oauth.MetadataPath, oauth.OpenIDMetadataPath} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, w.server.URL+path, nil)
		must(t, err)
		req.Host = "evil.example"
		r := w.do(req)
		documents = append(documents, r.raw)
		if r.str("issuer") != issuer || r.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(r.header.Get("Cache-Control"), "max-age") {
			t.Errorf("%s: got %v %s", path, r.header, r.raw)
		}
		for name, v := range r.body {
			address, ok := v.(string)
			if !ok || !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" {
				continue
			}
			probe, err := http.NewRequestWithContext(context.Background(), http.MethodPatch, w.server.URL+strings.TrimPrefix(address, issuer), nil)
			must(t, err)
			if got := w.do(probe); got.status != 405 {
				t.Errorf("%s names %s, which answers %d: not served", name, address, got.status)
			}
		}
		grantTypes, _ := r.body["grant_types_supported"].([]any)
		if !slices.Equal(grantTypes, []any{"authorization_code", "client_credentials", "refresh_token"}) {
			t.Errorf("grant types: got %v", grantTypes)
		}
		if languages, _ := r.body["ui_locales_supported"].([]any); !slices.Equal(languages, []any{"en", "de"}) {
			t.Errorf("ui_locales_supported: got %v, want those of the pages", languages)
		}
	}
	if documents[0] != documents[1] {
		t.Error("the two documents differ")
	}
}

func TestKeySetHoldsPublicKeysOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, w.server.URL+"/oauth/jwks", nil)
	must(t, err)
	r := w.do(req)
	all, _ := r.body["keys"].([]any)
	if len(all) == 0 {
		t.Fatalf("got %s, want a key", r.raw)
	}
	for _, k := range all {
		key, _ := k.(map[string]any)
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if _, there := key[private]; there {
				t.Errorf("the set holds the private member %q", private)
			}
		}
		if key["kid"] == nil || key["alg"] != "ES256" && key["alg"] != "RS256" || key["use"] != "sig" {
			t.Errorf("key: got %v", key)
		}
	}
}

func TestRefusalsTellAnErrorIDAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.grant(publicID)
	r := w.refresh(machineID+"x", token)
	if strings.Contains(r.raw, token) {
		t.Errorf("the answer echoes the token: %s", r.raw)
	}
	g, spent := w.grant(publicID)
	w.refresh(publicID, spent)
	w.pass(auth.DefaultSessionIdle)
	r = w.refresh(publicID, spent)
	if !strings.Contains(r.str("error_description"), r.header.Get("Daypass-Request-Id")) || strings.Contains(r.raw, g.ID.String()) ||
		strings.Contains(r.raw, string(auth.Expired)) {
		t.Errorf("got %s with id %q: want the id and no verdict", r.raw, r.header.Get("Daypass-Request-Id"))
	}
}
