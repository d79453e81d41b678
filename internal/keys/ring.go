package keys

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

const sessionKeySetting = "sid_key"

// Ring holds the signing keys of this installation and mints with them. It is safe for concurrent
// use; Load replaces its content at once.
type Ring struct {
	db      *store.DB
	masters *Masters
	issuer  string
	alg     jose.Algorithm
	now     func() time.Time
	leeway  time.Duration
	loaded  atomic.Pointer[loaded]
}

type loaded struct {
	turns      map[jose.Algorithm][]turn // oldest first
	public     []jose.PublicKey
	byID       map[string]jose.PublicKey
	document   []byte // the JWK set as served
	sessionKey secret.Token
}

// RingConfig is what a ring needs.
type RingConfig struct {
	DB        *store.DB
	Masters   *Masters
	Issuer    string         // iss of every token
	Algorithm jose.Algorithm // of access tokens; default ES256
	Leeway    time.Duration  // clock skew accepted when verifying; default 30 s
	Now       func() time.Time
}

// NewRing returns a ring that Load must fill before use.
func NewRing(c RingConfig) (*Ring, error) {
	if c.DB == nil || c.Masters == nil || c.Issuer == "" || c.Now == nil {
		return nil, errors.New("keys: a ring needs a database, master keys, an issuer and a clock")
	}
	if c.Algorithm == "" {
		c.Algorithm = jose.ES256
	}
	if c.Leeway == 0 {
		c.Leeway = 30 * time.Second
	}
	return &Ring{db: c.DB, masters: c.Masters, issuer: c.Issuer, alg: c.Algorithm, now: c.Now, leeway: c.Leeway}, nil
}

// Load reads the keys and makes none. It runs at start and whenever the change sequence moves.
func (r *Ring) Load(ctx context.Context) error {
	var stored []store.SigningKey
	var sealedSession []byte
	err := r.db.View(ctx, func(tx *store.Tx) (err error) {
		if stored, err = tx.Keys.List(ctx); err != nil {
			return err
		}
		sealedSession, err = tx.Settings.Get(ctx, sessionKeySetting)
		if errors.Is(err, auth.ErrNotFound) {
			return nil // nothing was ever served
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keys: load: %w", err)
	}
	next := &loaded{turns: map[jose.Algorithm][]turn{}, byID: map[string]jose.PublicKey{}}
	for _, k := range stored {
		if err := r.add(next, k); err != nil {
			return err
		}
	}
	if len(sealedSession) > 1 {
		session, err := r.masters.open(sealedSession[0], purposeSession, sessionKeySetting, sealedSession[1:])
		if err != nil {
			return fmt.Errorf("keys: open the key of session references: %w", err)
		}
		next.sessionKey = secret.New(session)
	}
	if next.document, err = jose.MarshalKeySet(next.public); err != nil {
		return fmt.Errorf("keys: key set: %w", err)
	}
	r.loaded.Store(next)
	return nil
}

func (r *Ring) add(to *loaded, k store.SigningKey) error {
	alg := jose.Algorithm(k.Algorithm)
	der, err := r.masters.open(k.Master, purposeSigning, k.ID, k.Sealed)
	if err != nil {
		return fmt.Errorf("keys: open signing key %s: %w", k.ID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return fmt.Errorf("keys: read signing key %s: %w", k.ID, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return fmt.Errorf("keys: signing key %s cannot sign", k.ID)
	}
	pub := jose.PublicKey{ID: k.ID, Algorithm: alg, Key: private.Public()}
	to.public = append(to.public, pub)
	to.byID[k.ID] = pub
	access, err1 := jose.NewSigner(private, alg, k.ID, auth.AccessTokenType)
	id, err2 := jose.NewSigner(private, alg, k.ID, auth.IDTokenType)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("keys: signing key %s: %w", k.ID, err)
	}
	to.turns[alg] = append(to.turns[alg], turn{kid: k.ID, private: private, access: access, id: id, until: k.RetiredAt})
	return nil
}

// Ensure makes the first keys of the configured algorithm and of RS256, and the key of session references, where there is
// none, and loads. Whoever serves calls it, after Load has opened what is there. Two nodes may do it at once: both keys then stand in the set, and the
// older one signs.
func (r *Ring) Ensure(ctx context.Context) error {
	missing := false
	err := r.db.View(ctx, func(tx *store.Tx) error {
		_, err := tx.Settings.Get(ctx, sessionKeySetting)
		return err
	})
	if errors.Is(err, auth.ErrNotFound) {
		missing, err = true, nil
	}
	if err == nil && missing {
		err = r.makeSessionKey(ctx)
	}
	if err != nil {
		return wrap("keys: look for keys", err)
	}
	return r.EnsureFor(ctx, r.alg, jose.RS256) // which every client of OpenID Connect may count on (Discovery 1.0 §3)
}

func (r *Ring) makeSessionKey(ctx context.Context) error {
	version, sealed, err := r.masters.seal(purposeSession, sessionKeySetting, secret.Random(32))
	if err != nil {
		return wrap("keys: seal", err)
	}
	return r.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Settings.Put(ctx, sessionKeySetting, append([]byte{version}, sealed...))
		return err
	})
}

// EnsureFor makes the first key of each algorithm that has none, and loads.
func (r *Ring) EnsureFor(ctx context.Context, algorithms ...jose.Algorithm) error {
	for _, alg := range algorithms {
		if err := r.ensureFor(ctx, alg); err != nil {
			return wrap("keys: make first key", err)
		}
	}
	return r.Load(ctx)
}

func (r *Ring) ensureFor(ctx context.Context, alg jose.Algorithm) error {
	var all []store.SigningKey
	list := func(tx *store.Tx) (err error) {
		all, err = tx.Keys.List(ctx)
		return err
	}
	if err := r.db.View(ctx, list); err != nil || hasActive(all, alg) {
		return err
	}
	fresh, err := r.NewKey(alg) // slow for RSA, so before the transaction
	if err != nil {
		return err
	}
	return r.db.Update(ctx, func(tx *store.Tx) error {
		if err := list(tx); err != nil || hasActive(all, alg) {
			return err
		}
		if err := tx.Keys.Insert(ctx, fresh); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, auth.Event{At: fresh.CreatedAt, Kind: auth.EventKeyCreated, Detail: fresh.Algorithm + " " + fresh.ID})
	})
}

// NewKey makes a key that is not stored yet; its private half is sealed under the active master key.
func (r *Ring) NewKey(alg jose.Algorithm) (store.SigningKey, error) {
	private, err := jose.GenerateKey(alg)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("keys: generate: %w", err)
	}
	kid, err := jose.Thumbprint(private.Public())
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("keys: thumbprint: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("keys: encode: %w", err)
	}
	version, sealed, err := r.masters.seal(purposeSigning, kid, der)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("keys: seal: %w", err)
	}
	return store.SigningKey{ID: kid, Algorithm: string(alg), Master: version, Sealed: sealed, CreatedAt: r.now()}, nil
}

func hasActive(all []store.SigningKey, alg jose.Algorithm) bool {
	for _, k := range all {
		if k.Algorithm == string(alg) && k.RetiredAt.IsZero() {
			return true
		}
	}
	return false
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// KeySet is the JWK set document (RFC 7517 §5): public keys only.
func (r *Ring) KeySet() []byte { return r.loaded.Load().document }

// Algorithms lists what can be signed with today, the preferred first.
func (r *Ring) Algorithms() []jose.Algorithm {
	l, now := r.loaded.Load(), r.now()
	return slices.DeleteFunc(jose.Algorithms(), func(alg jose.Algorithm) bool {
		_, err := l.turn(alg, now)
		return err != nil
	})
}

// PublicKey finds a key by id; resource servers inside this process use it instead of fetching.
func (r *Ring) PublicKey(kid string, alg jose.Algorithm) (crypto.PublicKey, bool) {
	k, ok := r.loaded.Load().byID[kid]
	return k.Key, ok && k.Algorithm == alg
}
