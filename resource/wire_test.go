package resource_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/resource"
)

const fakeIssuer = "https://id.example.com/tenant"

// wire is the issuer as seen through an http.Client: no sockets, so that a synctest bubble owns its time.
type wire struct {
	mu       sync.Mutex
	answers  map[string]func(*http.Request) (*http.Response, error)
	requests []string
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.requests = append(w.requests, r.URL.String())
	answer := w.answers[r.URL.String()]
	w.mu.Unlock()
	if answer == nil {
		return reply(http.StatusNotFound, ""), nil
	}
	return answer(r)
}

func (w *wire) set(address string, answer func(*http.Request) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[address] = answer
}

func (w *wire) count(address string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.requests {
		if r == address {
			n++
		}
	}
	return n
}

func reply(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

func text(body string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return reply(http.StatusOK, body), nil }
}

func broken(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }

const (
	metadataAddress = "https://id.example.com/.well-known/oauth-authorization-server/tenant"
	keysAddress     = "https://keys.example.com/jwks"
)

func metadataDoc(issuer, jwks string) string {
	return fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q,"response_types_supported":[]}`, issuer, jwks)
}

// keyRing makes keys by name and tokens signed by them, and publishes some of them.
type keyRing struct {
	t       testing.TB
	keys    map[string]jose.PublicKey
	signers map[string]*jose.Signer
}

func newKeyRing(t testing.TB, names ...string) *keyRing {
	t.Helper()
	k := &keyRing{t, map[string]jose.PublicKey{}, map[string]*jose.Signer{}}
	for _, name := range names {
		key, err := jose.GenerateKey(jose.EdDSA)
		if err != nil {
			t.Fatal(err)
		}
		k.keys[name] = jose.PublicKey{ID: name, Algorithm: jose.EdDSA, Key: key.Public()}
		if k.signers[name], err = jose.NewSigner(key, jose.EdDSA, name, "at+jwt"); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func (k *keyRing) doc(names ...string) string {
	k.t.Helper()
	var list []jose.PublicKey
	for _, name := range names {
		list = append(list, k.keys[name])
	}
	doc, err := jose.MarshalKeySet(list)
	if err != nil {
		k.t.Fatal(err)
	}
	return string(doc)
}

func (k *keyRing) token(name string) string { return k.tokenFor(name, 10*time.Minute) }

func (k *keyRing) tokenFor(name string, life time.Duration) string {
	k.t.Helper()
	now := time.Now()
	token, err := k.signers[name].Sign(fmt.Appendf(nil,
		`{"iss":%q,"sub":"u","aud":"urn:api","exp":%d,"iat":%d,"jti":"j","client_id":"c"}`, fakeIssuer, now.Add(life).Unix(), now.Unix()))
	if err != nil {
		k.t.Fatal(err)
	}
	return token
}

type sourceFunc func() (crypto.PublicKey, error)

func (f sourceFunc) PublicKey(context.Context, string, resource.Algorithm) (crypto.PublicKey, error) {
	return f()
}
