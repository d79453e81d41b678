package resourcetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
	"github.com/daypass/daypass/resource"
)

// The claims that tokens carry unless a test says otherwise.
const (
	// Audience is the resource identifier in Issuer.Config and in the aud of every token.
	Audience = "https://api.example.test"
	// Subject is the user.
	Subject = "user-1"
	// ClientID is the application.
	ClientID = "app-1"
	// Lifetime is how long a token lasts.
	Lifetime = 10 * time.Minute
)

// Issuer is a running fake issuer. It is safe for concurrent use.
type Issuer struct {
	server *httptest.Server

	mu      sync.Mutex
	now     time.Time
	key     *ecdsa.PrivateKey
	kid     string
	older   []jose.PublicKey // still published
	keys    int              // made so far
	tokens  int              // minted so far
	fetches int
	fault   Fault
	held    *hold

	opaque    map[string]map[string]any // what introspection answers
	revoked   map[string]bool
	questions int

	closed chan struct{}
}

// NewIssuer starts an issuer with one ES256 key. Its clock stands at the present time until Advance is called. Like
// httptest.NewServer it panics when it cannot start. Close it when the test is over.
func NewIssuer() *Issuer {
	i := &Issuer{
		now: time.Now().UTC().Truncate(time.Second), closed: make(chan struct{}),
		opaque: make(map[string]map[string]any), revoked: make(map[string]bool),
	}
	i.RotateKey()
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+oauth.MetadataPath, i.faulty(i.serveMetadata))
	mux.HandleFunc("GET /jwks", i.faulty(i.serveKeys))
	mux.HandleFunc("POST /introspect", i.faulty(i.serveIntrospection))
	i.server = httptest.NewServer(mux)
	return i
}

// Close stops the issuer and lets go of the requests that wait. Call it once.
func (i *Issuer) Close() {
	close(i.closed)
	i.server.Close()
}

// URL is the issuer identifier: give it to resource.New.
func (i *Issuer) URL() string { return i.server.URL }

// Config is a configuration that accepts this issuer's tokens, by this issuer's clock.
func (i *Issuer) Config() resource.Config {
	return resource.Config{Audience: Audience, Now: i.Now}
}

// Now is the issuer's time.
func (i *Issuer) Now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.now
}

// Advance turns the issuer's clock on by d.
func (i *Issuer) Advance(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.now = i.now.Add(d)
}

// RotateKey replaces the signing key in an emergency: no older key is published any longer.
func (i *Issuer) RotateKey() { i.rotate(false) }

// RotateKeyGently replaces the signing key as a well-run issuer does: the older ones stay published, so that tokens they
// have signed stay good.
func (i *Issuer) RotateKeyGently() { i.rotate(true) }

func (i *Issuer) rotate(gently bool) {
	key := newKey()
	i.mu.Lock()
	defer i.mu.Unlock()
	if gently {
		i.older = append(i.older, jose.PublicKey{ID: i.kid, Algorithm: jose.ES256, Key: i.key.Public()})
	} else {
		i.older = nil
	}
	i.keys++
	i.key, i.kid = key, fmt.Sprintf("test-key-%d", i.keys)
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("resourcetest: make a key: %v", err))
	}
	return key
}

// KeyFetches counts how often the key set was asked for.
func (i *Issuer) KeyFetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// Claims returns a fresh copy of the claims of a good token: all that RFC 9068 §2.2 requires, valid from now on.
func (i *Issuer) Claims() map[string]any {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tokens++
	return map[string]any{
		"iss":       i.server.URL,
		"sub":       Subject,
		"aud":       Audience,
		"client_id": ClientID,
		"iat":       i.now.Unix(),
		"exp":       i.now.Add(Lifetime).Unix(),
		"jti":       fmt.Sprintf("token-%d", i.tokens),
	}
}

// Token mints a good token, with changes: each entry replaces the claim of its name or adds it, a nil takes it away.
func (i *Issuer) Token(changes map[string]any) string {
	claims := i.Claims()
	apply(claims, changes)
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(fmt.Sprintf("resourcetest: claims: %v", err))
	}
	return i.Sign(i.Header(), string(payload))
}

func apply(claims, changes map[string]any) {
	for name, value := range changes {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
}

// Header is the header of a good token, as JSON text.
func (i *Issuer) Header() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":%q}`, i.kid, oauth.TypAccessToken)
}

// Sign puts the issuer's genuine ES256 signature under any header and payload, whatever they say: for tests of what
// must be refused although the signature is right.
func (i *Issuer) Sign(header, payload string) string {
	i.mu.Lock()
	key := i.key
	i.mu.Unlock()
	enc := base64.RawURLEncoding
	input := enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString([]byte(payload))
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		panic(fmt.Sprintf("resourcetest: sign: %v", err))
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + enc.EncodeToString(signature)
}

// KeySet is the key set as it is served, RFC 7517 §5.
func (i *Issuer) KeySet() []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := []jose.PublicKey{{ID: i.kid, Algorithm: jose.ES256, Key: i.key.Public()}}
	return marshal(append(keys, i.older...))
}

// wrongKeys is KeySet with keys that nobody signs with.
func (i *Issuer) wrongKeys() []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := []jose.PublicKey{{ID: i.kid, Algorithm: jose.ES256, Key: newKey().Public()}}
	for _, k := range i.older {
		keys = append(keys, jose.PublicKey{ID: k.ID, Algorithm: jose.ES256, Key: newKey().Public()})
	}
	return marshal(keys)
}

func marshal(keys []jose.PublicKey) []byte {
	doc, err := jose.MarshalKeySet(keys)
	if err != nil {
		panic(fmt.Sprintf("resourcetest: key set: %v", err))
	}
	return doc
}

func (i *Issuer) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	m := oauth.Metadata{Issuer: i.URL(), JWKSURI: i.URL() + "/jwks", IntrospectionEndpoint: i.URL() + "/introspect"}
	if i.has(WrongIssuer) {
		m.Issuer += "/another"
	}
	doc, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("resourcetest: metadata: %v", err))
	}
	serve(w, doc)
}

func (i *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	i.fetches++
	i.mu.Unlock()
	if i.has(WrongKeys) {
		serve(w, i.wrongKeys())
		return
	}
	serve(w, i.KeySet())
}

func (i *Issuer) has(f Fault) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fault == f
}

func serve(w http.ResponseWriter, doc []byte) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(doc) // a client that hung up is its own affair
}
