package clients

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// ErrUnauthenticated is returned for every way in which a client fails to prove who it is; it never
// tells which.
var ErrUnauthenticated = errors.New("clients: not authenticated")

const cacheLimit = 10_000

// Credentials are what a request says about its client (RFC 6749 §2.3).
type Credentials struct {
	Method oauth.ClientAuthMethod
	ID     string
	Secret secret.Token
	// Assertion is the signed JWT of private_key_jwt; it is not read before the client is found.
	Assertion secret.Token
	Caller    auth.Caller // who sent them
}

// Service finds and authenticates clients.
type Service struct {
	db    *store.DB
	mu    sync.RWMutex
	cache map[string]auth.Client
	epoch uint64 // grows with Forget, so that a read from before is not kept

	proof Proof
	keys  keyCache
}

// New returns a Service over a store. With the zero Proof no client can sign.
func New(db *store.DB, proof Proof) *Service {
	return &Service{db: db, cache: map[string]auth.Client{}, proof: proof, keys: newKeyCache(proof)}
}

// Forget empties the cache.
func (s *Service) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
	clear(s.cache)
}

// Find returns a registered client, or auth.ErrNotFound. Clients that are not there are not remembered.
func (s *Service) Find(ctx context.Context, id string) (auth.Client, error) {
	s.mu.RLock()
	c, ok := s.cache[id]
	epoch := s.epoch
	s.mu.RUnlock()
	if ok {
		return c, nil
	}
	return s.read(ctx, id, epoch)
}

// read finds a client in the store and keeps it, unless something changed since epoch.
func (s *Service) read(ctx context.Context, id string, epoch uint64) (c auth.Client, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		c, err = tx.Clients.Find(ctx, id)
		return err
	})
	if err != nil {
		return auth.Client{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch == epoch {
		if len(s.cache) >= cacheLimit {
			clear(s.cache)
		}
		s.cache[id] = c
	}
	return c, nil
}

// Authenticate proves a client by its registered method and no other. A secret is
// compared for a client that does not exist too. It returns ErrUnauthenticated, or an error of the
// store.
func (s *Service) Authenticate(ctx context.Context, c Credentials) (auth.Client, error) {
	client, err := s.Find(ctx, c.ID)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return auth.Client{}, fmt.Errorf("clients: %w", err)
	}
	known := err == nil
	if c.Method == oauth.AuthPrivateKeyJWT {
		if !known || client.Disabled() || !slices.Contains(client.AuthMethods(), c.Method) {
			return auth.Client{}, ErrUnauthenticated
		}
		return client, s.prove(ctx, client, c.Assertion)
	}
	proven := matches(client.SecretHashes, c.Secret)
	if client.Public {
		proven = c.Secret.IsZero()
	}
	if !known || !proven || client.Disabled() || !slices.Contains(client.AuthMethods(), c.Method) {
		return auth.Client{}, ErrUnauthenticated
	}
	return client, nil
}

// matches compares with every active secret, and with one that nobody has when there is none.
func matches(hashes [][sha256.Size]byte, presented secret.Token) bool {
	got := presented.Hash()
	ok := 0
	for _, h := range append([][sha256.Size]byte{{}}, hashes...) {
		ok |= subtle.ConstantTimeCompare(h[:], got[:])
	}
	return ok == 1
}
