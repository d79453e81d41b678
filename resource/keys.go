package resource

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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
	// method is called for every request, for a remembered token too, and by many goroutines at once: a key that it no
	// longer returns takes the remembered tokens along that it signed.
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
	source source
	now    func() time.Time
	latest atomic.Pointer[loadedKeys] // what set and loaded say, for readers without the lock

	mu     sync.Mutex
	set    *jose.KeySet // of the last fetch that succeeded
	doc    []byte       // the document set was read from
	loaded time.Time    // when that fetch began
	next   time.Time    // no fetch begins before
	failed error        // of the last fetch
	flight *flight      // the fetch under way
}

// loadedKeys is a key set and when its fetch began.
type loadedKeys struct {
	set *jose.KeySet
	at  time.Time
}

var _ KeySource = (*issuerKeys)(nil)

// flight is one fetch; the rest may be read once done is closed.
type flight struct {
	done chan struct{}
	set  *jose.KeySet
	doc  []byte
	err  error
}

func newIssuerKeys(from source, now func() time.Time) *issuerKeys {
	return &issuerKeys{source: from, now: now}
}

// fresh finds a key that needs no refreshing at the time now.
func (s *issuerKeys) fresh(kid string, alg jose.Algorithm, now time.Time) (crypto.PublicKey, bool) {
	k := s.latest.Load()
	if k == nil {
		return nil, false
	}
	if age := now.Sub(k.at); age < 0 || age >= keysFresh {
		return nil, false
	}
	return k.set.Find(kid, alg)
}

// PublicKey answers from memory where it can.
func (s *issuerKeys) PublicKey(ctx context.Context, kid string, alg Algorithm) (crypto.PublicKey, error) {
	if key, ok := s.fresh(kid, jose.Algorithm(alg), s.now()); ok {
		return key, nil
	}
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
		f.set, f.doc, f.err = s.fetch(ctx)
		s.end(f, now)
	}()
	return f
}

// fetch may read set and doc without the lock, because they are written by the one fetch under way alone.
func (s *issuerKeys) fetch(ctx context.Context) (*jose.KeySet, []byte, error) {
	doc, err := s.source.keys(ctx)
	if err != nil {
		return nil, nil, err
	}
	if s.set != nil && bytes.Equal(doc, s.doc) {
		return s.set, doc, nil // the same keys, so that what was verified with them is recognised by a pointer
	}
	set, err := parseKeys(doc)
	return set, doc, err
}

func (s *issuerKeys) end(f *flight, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight, s.failed = nil, f.err
	pause := failurePause
	if f.err == nil {
		s.set, s.doc, s.loaded = f.set, f.doc, began
		s.latest.Store(&loadedKeys{f.set, began})
		pause = unknownKeyPause
	}
	s.next = s.now().Add(pause)
	close(f.done)
}
