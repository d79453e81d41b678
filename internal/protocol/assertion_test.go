package protocol_test

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

const keysURI = "https://signer.example/jwks"

// published is what clients publish, as the world's outbound client finds it.
type published struct {
	mu    sync.Mutex
	body  []byte // nil: the call fails
	calls int
}

// Get implements clients.Documents.
func (w *world) Get(_ context.Context, address string, most int64) ([]byte, error) {
	w.published.mu.Lock()
	defer w.published.mu.Unlock()
	w.published.calls++
	if w.published.body == nil || address != keysURI || int64(len(w.published.body)) > most {
		return nil, errors.New("no such document")
	}
	return w.published.body, nil
}

func (w *world) publish(body []byte) {
	w.published.mu.Lock()
	defer w.published.mu.Unlock()
	w.published.body = body
}

func (w *world) calls() int {
	w.published.mu.Lock()
	defer w.published.mu.Unlock()
	return w.published.calls
}

// signer is a client with a key of its own.
type signer struct {
	w   *world
	id  string
	kid string
	alg jose.Algorithm
	key crypto.Signer
}

func newKey(t *testing.T, alg jose.Algorithm) crypto.Signer {
	t.Helper()
	key, err := jose.GenerateKey(alg)
	must(t, err)
	return key
}

func keySet(t *testing.T, signers ...signer) []byte {
	t.Helper()
	var all []jose.PublicKey
	for _, s := range signers {
		all = append(all, jose.PublicKey{ID: s.kid, Algorithm: s.alg, Key: s.key.Public()})
	}
	set, err := jose.MarshalKeySet(all)
	must(t, err)
	return set
}

func (w *world) newSigner(id string, m auth.ClientMetadata) signer {
	w.t.Helper()
	s := signer{w: w, id: id, kid: "k1", alg: jose.ES256, key: newKey(w.t, jose.ES256)}
	m.AuthMethod = oauth.AuthPrivateKeyJWT
	if m.JWKSURI == "" {
		m.JWKS = keySet(w.t, s)
	}
	w.addClient(auth.Client{ID: id, Name: id, Grants: []oauth.GrantType{oauth.GrantClientCredentials}, Scopes: []string{"read"}, Resources: []string{api}, Metadata: m})
	return s
}

func (w *world) addClient(c auth.Client) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Clients.Insert(w.t.Context(), c)
		return err
	}))
}

var serial int

func (s signer) claims() map[string]any {
	serial++
	now := s.w.now().Unix()
	return map[string]any{"iss": s.id, "sub": s.id, "aud": issuer, "jti": fmt.Sprint("j", serial), "iat": now, "exp": now + 60}
}

func (s signer) sign(typ string, claims map[string]any) string {
	s.w.t.Helper()
	payload, err := json.Marshal(claims)
	must(s.w.t, err)
	signer, err := jose.NewSigner(s.key, s.alg, s.kid, typ)
	must(s.w.t, err)
	token, err := signer.Sign(payload)
	must(s.w.t, err)
	return token
}

func (w *world) asserted(assertion string, more url.Values) reply {
	form := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {oauth.AssertionJWT}, "client_assertion": {assertion}}
	maps.Copy(form, more)
	return w.post("/oauth/token", form)
}

// TE-10 to TE-14: an assertion proves its client once, and only as it should be.
func TestPrivateKeyJWT(t *testing.T) {
	w := newWorld(t)
	s := w.newSigner("signing", auth.ClientMetadata{})
	good := s.sign("JWT", s.claims())
	if r := w.asserted(good, nil); r.status != http.StatusOK {
		t.Fatalf("a good assertion: %d %s", r.status, r.raw)
	}
	if r := w.asserted(good, nil); r.status != http.StatusUnauthorized || r.body["error"] != "invalid_client" {
		t.Errorf("the same again: %d %s", r.status, r.raw)
	}
	if r := w.asserted(s.sign(auth.ClientAssertionType, s.claims()), url.Values{"client_id": {s.id}}); r.status != http.StatusOK {
		t.Errorf("typed, with client_id: %d %s", r.status, r.raw)
	}
	now := w.now().Unix()
	for name, change := range map[string]func(c map[string]any){
		"another issuer":      func(c map[string]any) { c["iss"] = "other" },
		"a known other sub":   func(c map[string]any) { c["sub"] = machineID },
		"no exp":              func(c map[string]any) { delete(c, "exp") },
		"over":                func(c map[string]any) { c["exp"] = now - 31 },
		"too long":            func(c map[string]any) { c["exp"] = now + 3600 },
		"from the future":     func(c map[string]any) { c["iat"] = now + 61 },
		"not yet":             func(c map[string]any) { c["nbf"] = now + 61 },
		"no jti":              func(c map[string]any) { delete(c, "jti") },
		"no aud":              func(c map[string]any) { delete(c, "aud") },
		"another server":      func(c map[string]any) { c["aud"] = "https://evil.example" },
		"the token endpoint":  func(c map[string]any) { c["aud"] = issuer + "/oauth/token" },
		"a list of audiences": func(c map[string]any) { c["aud"] = []string{issuer} },
	} {
		claims := s.claims()
		change(claims)
		if r := w.asserted(s.sign("JWT", claims), nil); r.status != http.StatusUnauthorized || r.body["error"] != "invalid_client" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	ahead := s.claims()
	ahead["iat"], ahead["nbf"] = now+10, now+10
	if r := w.asserted(s.sign("JWT", ahead), nil); r.status != http.StatusOK {
		t.Errorf("a clock ten seconds ahead: %d %s", r.status, r.raw)
	}
	for _, typ := range []string{"at+jwt", "dpop+jwt", "logout+jwt", "oauth-authz-req+jwt"} {
		if r := w.asserted(s.sign(typ, s.claims()), nil); r.status != http.StatusUnauthorized {
			t.Errorf("typ %s: %d", typ, r.status)
		}
	}
	forger := signer{w: w, id: s.id, kid: s.kid, alg: jose.ES256, key: newKey(t, jose.ES256)}
	if r := w.asserted(forger.sign("JWT", forger.claims()), nil); r.status != http.StatusUnauthorized {
		t.Errorf("another key: %d", r.status)
	}
}

// TE-10, TE-14: how an assertion may not be sent.
func TestHowAnAssertionIsSent(t *testing.T) {
	w := newWorld(t)
	s := w.newSigner("signing", auth.ClientMetadata{})
	for name, c := range map[string]struct {
		more   url.Values
		status int
		code   string
	}{
		"another type":      {url.Values{"client_assertion_type": {"urn:other"}}, 400, "invalid_request"},
		"no type":           {url.Values{"client_assertion_type": {""}}, 400, "invalid_request"},
		"no assertion":      {url.Values{"client_assertion": {""}}, 400, "invalid_request"},
		"garbage":           {url.Values{"client_assertion": {"garbage"}}, 401, "invalid_client"},
		"with a secret":     {url.Values{"client_secret": {secretOf}}, 400, "invalid_request"},
		"another client_id": {url.Values{"client_id": {machineID}}, 401, "invalid_client"},
	} {
		if r := w.asserted(s.sign("JWT", s.claims()), c.more); r.status != c.status || r.body["error"] != c.code {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	// A client with a secret does not sign, and one that signs has no secret.
	other := signer{w: w, id: machineID, kid: "k1", alg: jose.ES256, key: s.key}
	if r := w.asserted(other.sign("JWT", other.claims()), nil); r.status != http.StatusUnauthorized {
		t.Errorf("a client that is not registered to sign: %d %s", r.status, r.raw)
	}
	if r := w.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {s.id}}); r.status != http.StatusUnauthorized {
		t.Errorf("without any proof: %d %s", r.status, r.raw)
	}
}

// TE-11, TE-16: what a client registers about its assertions holds.
func TestAssertionPolicies(t *testing.T) {
	w := newWorld(t)
	s := w.newSigner("lenient", auth.ClientMetadata{AssertionAudience: auth.AudienceEndpoint})
	for _, aud := range []any{issuer, issuer + "/oauth/token", []string{issuer + "/oauth/token"}} {
		claims := s.claims()
		claims["aud"] = aud
		if r := w.asserted(s.sign("JWT", claims), nil); r.status != http.StatusOK {
			t.Errorf("aud %v: %d %s", aud, r.status, r.raw)
		}
	}
	claims := s.claims()
	claims["aud"] = []string{"https://evil.example"}
	if r := w.asserted(s.sign("JWT", claims), nil); r.status != http.StatusUnauthorized {
		t.Errorf("another server: %d", r.status)
	}
	strict := w.newSigner("edwards", auth.ClientMetadata{AuthAlgorithm: string(jose.EdDSA)})
	if r := w.asserted(strict.sign("JWT", strict.claims()), nil); r.status != http.StatusUnauthorized {
		t.Errorf("another algorithm than registered: %d", r.status)
	}
}

// JK-04: keys are fetched when they are unknown, once a minute at most, and an old set serves while its address fails.
func TestKeysByAddress(t *testing.T) {
	w := newWorld(t)
	s := w.newSigner("fetched", auth.ClientMetadata{JWKSURI: keysURI})
	w.publish(keySet(t, s))
	try := func(who signer) int { return w.asserted(who.sign("JWT", who.claims()), nil).status }
	if got := try(s); got != http.StatusOK || w.calls() != 1 {
		t.Fatalf("first use: %d after %d calls", got, w.calls())
	}
	next := signer{w: w, id: s.id, kid: "k2", alg: jose.ES256, key: newKey(t, jose.ES256)}
	w.publish(keySet(t, next))
	for range 20 {
		if got := try(next); got != http.StatusUnauthorized {
			t.Fatalf("an unknown key within the minute: %d", got)
		}
	}
	if w.calls() != 1 {
		t.Errorf("a flood of unknown keys made %d calls", w.calls())
	}
	if got := try(s); got != http.StatusOK {
		t.Errorf("the known key meanwhile: %d", got)
	}
	w.pass(time.Minute)
	if got := try(next); got != http.StatusOK || w.calls() != 2 {
		t.Errorf("after a minute: %d after %d calls", got, w.calls())
	}
	w.publish(nil)
	w.pass(11 * time.Minute)
	if got := try(next); got != http.StatusOK || w.calls() != 3 {
		t.Errorf("while the address fails: %d after %d calls", got, w.calls())
	}
}
