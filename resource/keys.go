package resource

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/jose"
)

// ErrUnknownKey is what a KeySource returns when it knows for certain that no such key exists.
var ErrUnknownKey = errors.New("unknown key")

// KeySource finds the issuer's public keys.
type KeySource interface {
	// PublicKey returns the key with that id, for that algorithm: *ecdsa.PublicKey, ed25519.PublicKey or *rsa.PublicKey. An
	// error that is ErrUnknownKey makes the token invalid (401); any other says that the source could not find out, and
	// the request is answered with 503. kid comes from a token that is not yet verified: use it as a map key only. The
	// method is called for every token and by many goroutines at once.
	PublicKey(ctx context.Context, kid string, alg Algorithm) (crypto.PublicKey, error)
}

const (
	// keysFresh is the age from which keys are fetched again, behind the requests that go on using them.
	keysFresh = 5 * time.Minute
	// keysUsable is the age from which keys are no longer trusted, however unreachable the issuer: a key withdrawn in an
	// emergency must not outlive it for long.
	keysUsable = time.Hour
	// unknownKeyPause keeps tokens with invented key ids from becoming a flood of fetches.
	unknownKeyPause = 30 * time.Second
	// failurePause is how soon a failed fetch may be repeated.
	failurePause = 2 * time.Second
	// fetchTimeout bounds metadata and keys together.
	fetchTimeout = 5 * time.Second
)

// issuerKeys fetches the keys that the issuer publishes and keeps them. At most one fetch is under way at any time.
type issuerKeys struct {
	issuer   string
	metadata string // address of the metadata document
	client   *http.Client
	now      func() time.Time

	mu     sync.Mutex
	set    *jose.KeySet // of the last fetch that succeeded
	loaded time.Time    // when that fetch began
	next   time.Time    // no fetch begins before
	failed error        // of the last fetch
	flight *flight      // the fetch under way
}

var _ KeySource = (*issuerKeys)(nil)

// flight is one fetch; set and err may be read once done is closed.
type flight struct {
	done chan struct{}
	set  *jose.KeySet
	err  error
}

func newIssuerKeys(issuer, metadata string, client *http.Client, now func() time.Time) *issuerKeys {
	own := &http.Client{}
	if client != nil {
		*own = *client
	}
	own.Jar = nil
	// A redirect would let whoever can place one on the issuer's host name the keys.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &issuerKeys{issuer: issuer, metadata: metadata, client: own, now: now}
}

// PublicKey answers from memory where it can.
func (s *issuerKeys) PublicKey(ctx context.Context, kid string, alg Algorithm) (crypto.PublicKey, error) {
	key, wait, err := s.lookUp(ctx, kid, jose.Algorithm(alg))
	if wait == nil {
		return key, err
	}
	select {
	case <-wait.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if wait.err != nil {
		return nil, wait.err
	}
	if key, ok := wait.set.Find(kid, jose.Algorithm(alg)); ok {
		return key, nil
	}
	return nil, ErrUnknownKey
}

// lookUp returns a key, an error, or a fetch to wait for.
func (s *issuerKeys) lookUp(ctx context.Context, kid string, alg jose.Algorithm) (crypto.PublicKey, *flight, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	age := now.Sub(s.loaded)
	usable := s.set != nil && age < keysUsable
	// A pause longer than any we set means that the clock was turned back meanwhile.
	pause := s.next.Sub(now)
	mayFetch := s.flight == nil && (pause <= 0 || pause > unknownKeyPause)
	if usable {
		if key, ok := s.set.Find(kid, alg); ok {
			if age >= keysFresh && mayFetch {
				s.begin(ctx, now)
			}
			return key, nil, nil
		}
	}
	switch {
	case s.flight != nil:
		return nil, s.flight, nil
	case mayFetch:
		return nil, s.begin(ctx, now), nil
	case usable && s.failed == nil:
		return nil, nil, ErrUnknownKey
	}
	return nil, nil, fmt.Errorf("the last fetch failed: %w", s.failed)
}

// begin starts a fetch; s.mu is held. The goroutine belongs to nobody's request, because a caller that hangs up must
// not fail the others who wait; it ends with the fetch, after fetchTimeout at the latest.
func (s *issuerKeys) begin(ctx context.Context, now time.Time) *flight {
	f := &flight{done: make(chan struct{})}
	s.flight = f
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		f.set, f.err = s.fetch(ctx)
		s.end(f, now)
	}()
	return f
}

func (s *issuerKeys) end(f *flight, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight, s.failed = nil, f.err
	pause := failurePause
	if f.err == nil {
		s.set, s.loaded = f.set, began
		pause = unknownKeyPause
	}
	s.next = s.now().Add(pause)
	close(f.done)
}
