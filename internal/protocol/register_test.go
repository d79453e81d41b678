package protocol_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

const initialToken = "initial-token-of-thirty-two-characters"

// registration sends JSON to the registration endpoints; a body that is a string goes as it is.
func (w *world) registration(method, path, bearer string, body any) reply {
	w.t.Helper()
	text, ok := body.(string)
	if !ok {
		raw, err := json.Marshal(body)
		must(w.t, err)
		text = string(raw)
	}
	if body == nil {
		text = ""
	}
	req, err := http.NewRequestWithContext(context.Background(), method, w.server.URL+path, strings.NewReader(text))
	must(w.t, err)
	req.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return w.do(req)
}

func (w *world) registers(body any) reply {
	w.t.Helper()
	return w.registration(http.MethodPost, "/oauth/register", initialToken, body)
}

type m = map[string]any

// DR-01, DR-05: a client registers itself, hears what holds, and logs a user in.
func TestAClientRegistersItself(t *testing.T) {
	t.Parallel()
	w := ready(t)
	r := w.registers(m{
		"redirect_uris": []string{callback}, "client_name": "Self <b>made</b>", "scope": "openid email admin", "unknown": m{"x": 1},
		"daypass_verified": true, "daypass_pkce": "when_sent", "first_party": true, "daypass_registration_hash": "x", "client_id": "chosen",
	})
	if r.status != http.StatusCreated || r.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("got %d %s", r.status, r.raw)
	}
	id := r.str("client_id")
	effective := m{
		"token_endpoint_auth_method": "client_secret_basic", "scope": "openid email", "client_name": "Self <b>made</b>", "application_type": "web",
		"client_secret_expires_at": 0.0, "id_token_signed_response_alg": "RS256", "registration_client_uri": issuer + "/oauth/register/" + id,
	}
	for name, want := range effective {
		if r.body[name] != want {
			t.Errorf("%s: got %v, want %v", name, r.body[name], want)
		}
	}
	if strings.Contains(r.raw, "daypass_") || id == "chosen" || r.str("client_secret") == "" || r.str("registration_access_token") == "" || r.body["client_id_issued_at"] == 0.0 {
		t.Errorf("got %s", r.raw)
	}
	must(t, w.db.View(t.Context(), func(tx *store.Tx) error {
		c, err := tx.Clients.Find(t.Context(), id)
		if c.FirstParty || c.Metadata.Verified || !c.Metadata.Registered || c.Metadata.PKCE != auth.PKCERequired || !slices.Equal(c.Resources, []string{api}) {
			t.Errorf("stored: %+v", c)
		}
		return err
	}))
	w.allow(id, []string{"openid", "email"}, []string{api})
	code := w.code(with(good(id), "scope", "openid email"))
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	if got := w.post("/oauth/token", form, basic(id, r.str("client_secret"))); got.status != http.StatusOK || got.str("id_token") == "" {
		t.Errorf("its first log-in: %d %s", got.status, got.raw)
	}
}

// DR-02: the gate.
func TestWhoMayRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := m{"redirect_uris": []string{callback}}
	for _, bearer := range []string{"", "wrong", initialToken + "x"} {
		r := w.registration(http.MethodPost, "/oauth/register", bearer, body)
		if r.status != http.StatusUnauthorized || r.body["error"] != "invalid_token" || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("with %q: %d %s", bearer, r.status, r.raw)
		}
	}
	w.registrar.Count = func(context.Context, auth.Caller) error { return &auth.Throttled{Wait: 5e9} }
	if r := w.registers(body); r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") != "5" {
		t.Errorf("too many: %d %s", r.status, r.raw)
	}
	w.registrar.Count = func(context.Context, auth.Caller) error { return nil }
	w.registrar.Initial = secret.Token{}
	if r := w.registration(http.MethodPost, "/oauth/register", "", body); r.status != http.StatusCreated {
		t.Errorf("open to all: %d %s", r.status, r.raw)
	}
}

// DR-03, DR-04: what is refused, and by which code.
func TestBadRegistrations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := signer{w: w, id: "x", kid: "k", alg: "ES256", key: newKey(t, "ES256")}
	set := json.RawMessage(keySet(t, s))
	metadata, redirect := "invalid_client_metadata", "invalid_redirect_uri"
	for name, c := range map[string]struct {
		body any
		code string
	}{
		"no JSON":               {"redirect_uris=x", metadata},
		"a list":                {"[]", metadata},
		"wrong type":            {m{"redirect_uris": callback}, metadata},
		"no redirect URI":       {m{}, redirect},
		"fragment":              {m{"redirect_uris": []string{callback + "#x"}}, redirect},
		"script":                {m{"redirect_uris": []string{"javascript:alert(1)"}}, redirect},
		"plain http":            {m{"redirect_uris": []string{"http://app.example/cb"}}, redirect},
		"web on localhost":      {m{"redirect_uris": []string{"https://localhost/cb"}, "application_type": "web"}, redirect},
		"own parameter":         {m{"redirect_uris": []string{callback + "?code=1"}}, redirect},
		"application type":      {m{"redirect_uris": []string{callback}, "application_type": "tv"}, metadata},
		"implicit":              {m{"redirect_uris": []string{callback}, "response_types": []string{"token"}}, metadata},
		"password grant":        {m{"redirect_uris": []string{callback}, "grant_types": []string{"password"}}, metadata},
		"grant without code":    {m{"redirect_uris": []string{callback}, "response_types": []string{"code"}, "grant_types": []string{"client_credentials"}}, metadata},
		"no scope of ours":      {m{"redirect_uris": []string{callback}, "scope": "admin"}, metadata},
		"auth method":           {m{"redirect_uris": []string{callback}, "token_endpoint_auth_method": "client_secret_jwt"}, metadata},
		"keys, none":            {m{"redirect_uris": []string{callback}, "token_endpoint_auth_method": "private_key_jwt"}, metadata},
		"keys twice":            {m{"redirect_uris": []string{callback}, "jwks": set, "jwks_uri": keysURI}, metadata},
		"private keys":          {m{"redirect_uris": []string{callback}, "jwks": json.RawMessage(`{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"AA","y":"AA","d":"AA"}]}`)}, metadata},
		"symmetric keys":        {m{"redirect_uris": []string{callback}, "jwks": json.RawMessage(`{"keys":[{"kty":"oct","k":"AA"}]}`)}, metadata},
		"logo abroad":           {m{"redirect_uris": []string{callback}, "logo_uri": "https://cdn.example/logo.png"}, metadata},
		"signature":             {m{"redirect_uris": []string{callback}, "id_token_signed_response_alg": "none"}, metadata},
		"sector without list":   {m{"redirect_uris": []string{callback}, "subject_type": "pairwise", "sector_identifier_uri": "https://app.example/none"}, metadata},
		"several hosts":         {m{"redirect_uris": []string{callback, "https://two.example/cb"}, "subject_type": "pairwise"}, metadata},
		"software statement":    {m{"redirect_uris": []string{callback}, "software_statement": "a.b.c"}, "unapproved_software_statement"},
		"the same member twice": {`{"redirect_uris":["` + callback + `"],"redirect_uris":[]}`, "invalid_request"},
	} {
		if r := w.registers(c.body); r.status != http.StatusBadRequest || r.body["error"] != c.code {
			t.Errorf("%s: got %d %s, want %s", name, r.status, r.raw, c.code)
		}
	}
	w.publish([]byte(`["https://two.example/cb"]`))
	sector := m{"redirect_uris": []string{callback, "https://two.example/cb"}, "subject_type": "pairwise", "sector_identifier_uri": keysURI}
	if r := w.registers(sector); r.body["error"] != metadata {
		t.Errorf("a sector that lacks a redirect URI: %d %s", r.status, r.raw)
	}
	w.publish([]byte(`["https://two.example/cb","` + callback + `"]`))
	if r := w.registers(sector); r.status != http.StatusCreated {
		t.Errorf("a sector with all of them: %d %s", r.status, r.raw)
	}
}

// DR-06: a client reads, replaces and removes itself, and nobody else does.
func TestAClientManagesItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := m{"redirect_uris": []string{callback}, "client_name": "First"}
	made := w.registers(body)
	id, token := made.str("client_id"), made.str("registration_access_token")
	path := "/oauth/register/" + id
	other := w.registers(body)
	for name, r := range map[string]reply{
		"no token":          w.registration(http.MethodGet, path, "", nil),
		"another's token":   w.registration(http.MethodGet, path, other.str("registration_access_token"), nil),
		"initial token":     w.registration(http.MethodDelete, path, initialToken, nil),
		"no such client":    w.registration(http.MethodGet, "/oauth/register/nobody", token, nil),
		"operator's client": w.registration(http.MethodGet, "/oauth/register/"+webID, token, nil),
	} {
		if r.status != http.StatusUnauthorized || r.body["error"] != "invalid_token" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	if r := w.registration(http.MethodGet, path, token, nil); r.status != http.StatusOK || r.str("client_name") != "First" || r.str("client_secret") != "" {
		t.Errorf("read: %d %s", r.status, r.raw)
	}
	for name, change := range map[string]func(b m){
		"no client_id":       func(b m) { delete(b, "client_id") },
		"another client_id":  func(b m) { b["client_id"] = other.str("client_id") },
		"its token":          func(b m) { b["registration_access_token"] = token },
		"a secret's end":     func(b m) { b["client_secret_expires_at"] = 0 },
		"a chosen secret":    func(b m) { b["client_secret"] = "chosen" },
		"no secret any more": func(b m) { b["token_endpoint_auth_method"] = "none" },
	} {
		b := m{"client_id": id, "redirect_uris": []string{callback}}
		change(b)
		if r := w.registration(http.MethodPut, path, token, b); r.status != http.StatusBadRequest || r.body["error"] != "invalid_client_metadata" {
			t.Errorf("replace with %s: %d %s", name, r.status, r.raw)
		}
	}
	next := w.registration(http.MethodPut, path, token, m{"client_id": id, "client_secret": made.str("client_secret"), "redirect_uris": []string{bye}, "client_name": "Second"})
	if next.status != http.StatusOK || next.str("client_name") != "Second" || next.str("registration_access_token") == "" || next.body["redirect_uris"].([]any)[0] != bye {
		t.Fatalf("replace: %d %s", next.status, next.raw)
	}
	if r := w.registration(http.MethodGet, path, token, nil); r.status != http.StatusUnauthorized {
		t.Errorf("the old token after an update: %d", r.status)
	}
	if r := w.registration(http.MethodDelete, path, next.str("registration_access_token"), nil); r.status != http.StatusNoContent || r.raw != "" {
		t.Errorf("remove: %d %s", r.status, r.raw)
	}
	if r := w.registration(http.MethodGet, path, next.str("registration_access_token"), nil); r.status != http.StatusUnauthorized {
		t.Errorf("after its removal: %d", r.status)
	}
	if r := w.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}, basic(id, made.str("client_secret"))); r.body["error"] != "invalid_client" && r.body["error"] != "invalid_grant" {
		t.Errorf("the secret after its removal: %d %s", r.status, r.raw)
	}
}

// PR-05: a public client as MCP hosts are, which finds everything by the metadata, registers itself and keeps itself logged in.
func TestAPublicClientThatRegisteredItself(t *testing.T) {
	t.Parallel()
	w := ready(t)
	for _, path := range []string{oauth.MetadataPath, oauth.OpenIDMetadataPath} {
		r := w.registration(http.MethodGet, path, "", nil)
		if r.str("registration_endpoint") != issuer+"/oauth/register" || r.body["code_challenge_methods_supported"].([]any)[0] != "S256" {
			t.Errorf("%s: %s", path, r.raw)
		}
	}
	made := w.registers(m{
		"client_name": "Host", "redirect_uris": []string{"http://127.0.0.1/cb"}, "token_endpoint_auth_method": "none",
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"}, "scope": "email",
	})
	if made.status != http.StatusCreated || made.str("client_secret") != "" || made.str("application_type") != "native" {
		t.Fatalf("got %d %s", made.status, made.raw)
	}
	id, back := made.str("client_id"), "http://127.0.0.1:61234/cb"
	q := with(good(id), "redirect_uri", back, "scope", "email", "resource", api)
	sealed := w.allowFor(q)
	code := w.code(url.Values{"interaction": {sealed}})
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {back}, "code_verifier": {verifier}, "client_id": {id}, "resource": {api}}
	first := w.post("/oauth/token", form)
	if first.status != http.StatusOK {
		t.Fatalf("code: %d %s", first.status, first.raw)
	}
	if _, access := idClaims(t, first.str("access_token")); access["aud"] != api {
		t.Errorf("aud %v", access["aud"])
	}
	next := w.refresh(id, first.str("refresh_token"))
	if next.status != http.StatusOK || next.str("refresh_token") == first.str("refresh_token") || next.str("refresh_token") == "" {
		t.Errorf("refresh: %d %s", next.status, next.raw)
	}
}

// newRegistrar is what the world lets register.
func newRegistrar(w *world, a *admin.Service) *admin.Registrar {
	return &admin.Registrar{
		Admin: a, Initial: secret.FromString(initialToken), Documents: w, Count: func(context.Context, auth.Caller) error { return nil },
		Policy: auth.RegistrationPolicy{Scopes: []string{oauth.ScopeOpenID, oauth.ScopeEmail}, Resources: []string{api}, PKCE: auth.PKCERequired},
	}
}
