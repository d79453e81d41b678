package accounts

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/go-crypt/crypt/algorithm/argon2"

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

	// Ceilings on what a stored hash may cost: the decoder has none, and one imported row that asks for
	// terabytes would take the server down.
	maxMemory = 256 << 10 // KiB
	maxPasses = 16
	maxLanes  = 16
)

// errHash tells that a stored hash is none that this server verifies.
var errHash = errors.New("accounts: stored password hash is not argon2id of an acceptable cost")

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
	dummy secret.Token // a hash of the same cost that no password has
}

func newHasher(cost Hashing) (*hasher, error) {
	cost = cost.filled()
	if cost.Memory < 8*cost.Lanes || cost.Memory > maxMemory || cost.Passes < 1 || cost.Passes > maxPasses ||
		cost.Lanes < 1 || cost.Lanes > maxLanes || cost.AtOnce < 1 || cost.Waiting < 0 || cost.Patience < 0 {
		return nil, errors.New("accounts: hashing parameters are out of range")
	}
	zero := func(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
	dummy := fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", cost.Memory, cost.Passes, cost.Lanes, zero(saltSize), zero(keySize))
	return &hasher{cost: cost, queue: newQueue(cost.AtOnce, cost.Waiting, cost.Patience), dummy: secret.FromString(dummy)}, nil
}

// hash returns the PHC string of a password that has passed the rules.
func (h *hasher) hash(ctx context.Context, password secret.Token) (secret.Token, error) {
	leave, err := h.queue.enter(ctx)
	if err != nil {
		return secret.Token{}, err
	}
	defer leave()
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

// verify tells whether the password has the PHC string. An empty one matches nothing and costs the
// same as any other, so that time does not tell who exists.
func (h *hasher) verify(ctx context.Context, phc, password secret.Token) (bool, error) {
	if phc.IsZero() {
		phc = h.dummy
	}
	if !affordable(phc.Reveal()) {
		return false, errHash
	}
	digest, err := argon2.DecodeVariant(argon2.VariantID)(phc.Reveal())
	if err != nil {
		return false, errHash
	}
	leave, err := h.queue.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	return digest.MatchBytes(password.Bytes()), nil
}

// affordable reads the cost out of $argon2id$v=19$m=…,t=…,p=…$salt$key.
func affordable(phc string) bool {
	fields := strings.Split(phc, "$")
	if len(fields) != 6 {
		return false
	}
	var m, t, p int
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil {
		return false
	}
	return m > 0 && m <= maxMemory && t > 0 && t <= maxPasses && p > 0 && p <= maxLanes
}
