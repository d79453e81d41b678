package accounts

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/argon2"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

// Hashing is the cost of one argon2id hash and the queue before it. A zero field takes the default:
// OWASP's parameters (Password Storage Cheat Sheet), as many at once as cores, 100 waiting for 5 s.
type Hashing struct {
	Memory   int // KiB
	Passes   int
	Lanes    int
	AtOnce   int
	Waiting  int
	Patience time.Duration
}

const (
	defaultMemory   = 19456 // KiB
	defaultPasses   = 2
	defaultLanes    = 1
	defaultWaiting  = 100
	defaultPatience = 5 * time.Second

	saltSize = 16
	keySize  = 32

	// Ceilings on what a stored hash may cost.
	maxMemory = auth.MaxHashMemory // KiB
	maxPasses = auth.MaxHashPasses
	maxLanes  = auth.MaxHashLanes
)

func (h Hashing) filled() Hashing {
	for _, f := range []struct {
		field *int
		value int
	}{
		{&h.Memory, defaultMemory},
		{&h.Passes, defaultPasses},
		{&h.Lanes, defaultLanes},
		{&h.AtOnce, runtime.GOMAXPROCS(0)},
		{&h.Waiting, defaultWaiting},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if h.Patience == 0 {
		h.Patience = defaultPatience
	}
	return h
}

// hasher hashes and verifies passwords behind the queue.
type hasher struct {
	cost  Hashing
	queue *queue
	today string       // how a hash made today begins: kind and cost
	dummy secret.Token // such a hash that no password has

	work   atomic.Int64 // hashes computed to compare, since the start
	before func()       // of tests: called before each
}

// compare computes a hash, whatever of it.
func (h *hasher) compare(d algorithm.Digest, password secret.Token) bool {
	h.work.Add(1)
	if h.before != nil {
		h.before()
	}
	return d.MatchBytes(password.Bytes())
}

func newHasher(cost Hashing) (*hasher, error) {
	cost = cost.filled()
	if cost.Memory < 8*cost.Lanes || cost.Memory > maxMemory || cost.Passes < 1 || cost.Passes > maxPasses ||
		cost.Lanes < 1 || cost.Lanes > maxLanes || cost.AtOnce < 1 || cost.Waiting < 0 || cost.Patience < 0 {
		return nil, errors.New("accounts: hashing parameters are out of range")
	}
	zero := func(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
	today := fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$", cost.Memory, cost.Passes, cost.Lanes)
	return &hasher{
		cost: cost, queue: newQueue(cost.AtOnce, cost.Waiting, cost.Patience), today: today,
		dummy: secret.FromString(today + zero(saltSize) + "$" + zero(keySize)),
	}, nil
}

// hash returns the PHC string of a password that has passed the rules.
func (h *hasher) hash(ctx context.Context, s seat, password secret.Token) (secret.Token, error) {
	leave, err := h.queue.enter(ctx, s)
	if err != nil {
		return secret.Token{}, err
	}
	defer leave()
	return h.hashNow(password)
}

// hashNow is hash for a caller who has a place in the queue.
func (h *hasher) hashNow(password secret.Token) (secret.Token, error) {
	// A fresh one each time: the library's Hasher writes to itself.
	a, err := argon2.New(argon2.WithVariantID(), argon2.WithM(uint32(h.cost.Memory)), argon2.WithT(h.cost.Passes), //nolint:gosec // G115: bounded by newHasher
		argon2.WithP(h.cost.Lanes), argon2.WithK(keySize), argon2.WithS(saltSize))
	if err != nil {
		return secret.Token{}, fmt.Errorf("accounts: hash: %w", err)
	}
	digest, err := a.Hash(password.Reveal())
	if err != nil {
		return secret.Token{}, errors.New("accounts: hash failed") // the cause might quote the input
	}
	return secret.FromString(digest.Encode()), nil
}

// matchNow tells, for a caller who has a place in the queue, whether the password has the stored hash.
// None, and one that this server does not verify (errHash), match nothing and cost what any of today's
// costs, so that time does not tell who exists.
func (h *hasher) matchNow(stored, password secret.Token) (bool, error) {
	var fault error
	digest, err := decode(stored)
	if err != nil {
		if !stored.IsZero() {
			fault = err
		}
		if digest, err = decode(h.dummy); err != nil {
			return false, err
		}
		h.compare(digest, password)
		return false, fault
	}
	return h.compare(digest, password), nil
}
