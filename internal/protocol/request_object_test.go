package protocol_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// objects registers a web client that signs its requests.
func (w *world) objects(meta auth.ClientMetadata) signer {
	w.t.Helper()
	s := signer{w: w, id: "objects", kid: "k1", alg: jose.ES256, key: newKey(w.t, jose.ES256)}
	meta.JWKS = keySet(w.t, s)
	w.addClient(auth.Client{
		ID: s.id, Name: "Objects", SecretHashes: [][32]byte{secret.FromString(secretOf).Hash()}, RedirectURIs: []string{callback}, Scopes: []string{"openid", "email"},
		Resources: []string{api, otherAPI}, Grants: []oauth.GrantType{oauth.GrantAuthorizationCode}, Metadata: meta,
	})
	w.allow(s.id, []string{"openid", "email"}, []string{api, otherAPI})
	return s
}

// inside are the claims of a good request object.
func (s signer) inside() map[string]any {
	now := s.w.now().Unix()
	claims := map[string]any{"iss": s.id, "aud": issuer, "iat": now, "exp": now + 300, "max_age": 3600, "resource": []string{api}, "claims": map[string]any{"userinfo": map[string]any{"email": nil}}}
	for name, values := range good(s.id) {
		claims[name] = values[0]
	}
	return claims
}

func outside(s signer, object string) url.Values {
	return url.Values{"client_id": {s.id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"outer"}, "request": {object}}
}

// PA-06: what is signed is the request, and what stands outside counts for nothing.
func TestARequestObjectIsTheRequest(t *testing.T) {
	t.Parallel()
	w := ready(t)
	s := w.objects(auth.ClientMetadata{})
	for _, typ := range []string{"oauth-authz-req+jwt", "JWT"} {
		q := outside(s, s.sign(typ, s.inside()))
		q.Set("nonce", "outer")
		q.Set("code_challenge", challengeOf(strings.Repeat("x", 50)))
		q.Set("prompt", "login")
		back := w.authorize(q).back(t, callback)
		if back.Get("code") == "" || back.Get("state") != "st&te" {
			t.Fatalf("%s: %v", typ, back)
		}
		r := w.redeem(s.id, back.Get("code"))
		_, id := idClaims(t, r.str("id_token"))
		_, access := idClaims(t, r.str("access_token"))
		if id["nonce"] != "n-1" || access["aud"] != api {
			t.Errorf("%s: got %s", typ, r.raw)
		}
	}
	// Pushed, as well.
	pushed := w.post("/oauth/par", url.Values{"client_id": {s.id}, "request": {s.sign("JWT", s.inside())}}, basic(s.id, secretOf))
	if pushed.status != http.StatusCreated {
		t.Fatalf("pushed: %d %s", pushed.status, pushed.raw)
	}
	if back := w.authorize(url.Values{"client_id": {s.id}, "request_uri": {pushed.str("request_uri")}}).back(t, callback); back.Get("code") == "" {
		t.Errorf("pushed: %v", back)
	}
}

// PA-06: request-object smuggling.
func TestBadRequestObjects(t *testing.T) {
	t.Parallel()
	w := ready(t)
	s := w.objects(auth.ClientMetadata{RequestObjectAlgorithm: string(jose.ES256)})
	now := w.now().Unix()
	bad := map[string]string{}
	for name, change := range map[string]func(c map[string]any){
		"another issuer":    func(c map[string]any) { c["iss"] = webID },
		"no issuer":         func(c map[string]any) { delete(c, "iss") },
		"an assertion":      func(c map[string]any) { c["sub"] = s.id },
		"another client":    func(c map[string]any) { c["client_id"] = webID },
		"another audience":  func(c map[string]any) { c["aud"] = "https://evil.example" },
		"no audience":       func(c map[string]any) { delete(c, "aud") },
		"over":              func(c map[string]any) { c["exp"] = now - 31 },
		"too long":          func(c map[string]any) { c["exp"] = now + 3700 },
		"not yet":           func(c map[string]any) { c["nbf"] = now + 100 },
		"nested":            func(c map[string]any) { c["request"] = "x" },
		"nested address":    func(c map[string]any) { c["request_uri"] = "https://evil.example" },
		"another response":  func(c map[string]any) { c["response_type"] = "token" },
		"two redirect URIs": func(c map[string]any) { c["redirect_uri"] = []string{callback, callback} },
	} {
		claims := s.inside()
		change(claims)
		bad[name] = s.sign("JWT", claims)
	}
	forger := s
	forger.key = newKey(t, jose.ES256)
	bad["another key"] = forger.sign("JWT", s.inside())
	edwards := signer{w: w, id: s.id, kid: s.kid, alg: jose.EdDSA, key: newKey(t, jose.EdDSA)}
	bad["another algorithm"] = edwards.sign("JWT", s.inside())
	bad["another type"] = s.sign("at+jwt", s.inside())
	enc := base64.RawURLEncoding.EncodeToString
	bad["none"] = enc([]byte(`{"alg":"none"}`)) + "." + enc([]byte(`{"iss":"objects"}`)) + "."
	bad["garbage"] = "x"
	for name, object := range bad {
		back := w.authorize(outside(s, object)).back(t, callback)
		if back.Get("error") != string(oauth.InvalidRequestObject) || back.Get("state") != "outer" || back.Get("code") != "" {
			t.Errorf("%s: %v", name, back)
		}
		elsewhere := with(outside(s, object), "redirect_uri", "https://evil.example/cb")
		if r := w.authorize(elsewhere); r.status != http.StatusBadRequest || r.header.Get("Location") != "" {
			t.Errorf("%s, sent elsewhere: %d %s", name, r.status, r.header.Get("Location"))
		}
	}
	smuggled := s.inside()
	smuggled["redirect_uri"] = "https://evil.example/cb"
	if r := w.authorize(outside(s, s.sign("JWT", smuggled))); r.status != http.StatusBadRequest || r.header.Get("Location") != "" {
		t.Errorf("a redirect URI inside that is not registered: %d %s", r.status, r.header.Get("Location"))
	}
	both := outside(s, s.sign("JWT", s.inside()))
	both.Set("request_uri", "https://app.example/object")
	if back := w.authorize(both).back(t, callback); back.Get("error") != string(oauth.InvalidRequest) {
		t.Errorf("request and request_uri: %v", back)
	}
	w.pass(time.Hour)
	if back := w.authorize(outside(s, bad["garbage"])).back(t, callback); back.Get("error") == "" {
		t.Errorf("later: %v", back)
	}
}

// PA-08: a client that signs its requests is asked for a signature.
func TestUnsignedRequestsAreRefusedWhereTheyMustBeSigned(t *testing.T) {
	t.Parallel()
	w := ready(t)
	s := w.objects(auth.ClientMetadata{RequireSignedRequest: true})
	if back := w.authorize(good(s.id)).back(t, callback); back.Get("error") != string(oauth.InvalidRequest) {
		t.Errorf("unsigned: %v", back)
	}
	form := url.Values{}
	maps.Copy(form, good(s.id))
	if r := w.post("/oauth/par", form, basic(s.id, secretOf)); r.status != http.StatusBadRequest || r.body["error"] != "invalid_request" {
		t.Errorf("unsigned, pushed: %d %s", r.status, r.raw)
	}
	if back := w.authorize(outside(s, s.sign("JWT", s.inside()))).back(t, callback); back.Get("code") == "" {
		t.Errorf("signed: %v", back)
	}
}

// RFC 9700 §4.11.2: what anybody could register sends nobody anywhere before they have logged in.
func TestRFC9700_4_11_2_AnUnvouchedClientRedirectsNoStranger(t *testing.T) {
	t.Parallel()
	w := ready(t)
	w.registrar.Initial = secret.Token{}
	r := w.registration(http.MethodPost, "/oauth/register", "", m{"redirect_uris": []string{"https://evil.example/phish"}})
	id := r.str("client_id")
	again := m{"client_id": id, "redirect_uris": []string{"https://evil.example/phish"}}
	if r := w.registration(http.MethodPut, "/oauth/register/"+id, r.str("registration_access_token"), again); r.status != http.StatusOK {
		t.Fatalf("written anew: %d %s", r.status, r.raw)
	}
	base := with(good(id), "redirect_uri", "https://evil.example/phish", "scope", "openid")
	visitor := w.cookie
	for name, q := range map[string]url.Values{
		"a broken request": with(maps.Clone(base), "response_type", "token"),
		"no PKCE":          with(maps.Clone(base), "code_challenge", ""),
		"a bad object":     with(maps.Clone(base), "request", "x"),
		"in silence":       with(maps.Clone(base), "prompt", "none"),
	} {
		w.cookie = auth.Session{}
		if got := w.authorize(q); got.status != http.StatusBadRequest || got.header.Get("Location") != "" {
			t.Errorf("%s: %d %s", name, got.status, got.header.Get("Location"))
		}
	}
	w.cookie = visitor
	if back := w.authorize(with(maps.Clone(base), "prompt", "none")).back(t, "https://evil.example/"); back.Get("error") != "consent_required" {
		t.Errorf("whoever is signed in: %v", back)
	}
}
