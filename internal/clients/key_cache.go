package clients

import (
	"context"
	"crypto"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
)

const (
	keysFresh    = 10 * time.Minute // how long a fetched set is used without a look
	keysCoolDown = time.Minute      // between two fetches of one address, whatever is asked
	keysMost     = 1000             // addresses remembered
)

// keyCache holds the key sets that clients publish (JK-04). A set is used while it is fresh; a key that it lacks, or age,
// has it fetched again, once a minute at most, so that no flood of unknown keys becomes a flood of calls; a fetch that
// fails leaves the old set in use.
type keyCache struct {
	documents Documents
	now       func() time.Time
	mu        sync.Mutex
	sets      map[string]*keptSet
}

type keptSet struct {
	mu    sync.Mutex // held while fetching, so that one fetch serves all who wait
	set   *jose.KeySet
	got   time.Time
	tried time.Time
}

func newKeyCache(p Proof) keyCache {
	return keyCache{documents: p.Documents, now: p.Now, sets: map[string]*keptSet{}}
}

// find returns a key of the client's, from what it registered or publishes.
func (k *keyCache) find(ctx context.Context, client auth.Client, kid string, alg jose.Algorithm) (crypto.PublicKey, bool) {
	m := client.Metadata
	if len(m.JWKS) > 0 {
		set, err := jose.ParseKeySet(m.JWKS)
		if err != nil {
			return nil, false
		}
		return set.Find(kid, alg)
	}
	if m.JWKSURI == "" || k.documents == nil {
		return nil, false
	}
	kept := k.kept(m.JWKSURI)
	kept.mu.Lock()
	defer kept.mu.Unlock()
	now := k.now()
	if kept.set != nil && now.Sub(kept.got) < keysFresh {
		if key, ok := kept.set.Find(kid, alg); ok {
			return key, true
		}
	}
	if kept.tried.IsZero() || now.Sub(kept.tried) >= keysCoolDown || now.Before(kept.tried) {
		kept.tried = now
		k.fetch(ctx, m.JWKSURI, kept)
	}
	if kept.set == nil {
		return nil, false
	}
	return kept.set.Find(kid, alg)
}

// fetch reads a set anew. It goes on when the caller gives up, for those who wait behind it.
func (k *keyCache) fetch(ctx context.Context, address string, kept *keptSet) {
	body, err := k.documents.Get(context.WithoutCancel(ctx), address, jose.MaxKeySet)
	if err != nil {
		return
	}
	if set, err := jose.ParseKeySet(body); err == nil {
		kept.set, kept.got = set, k.now()
	}
}

// kept returns the place of an address, and makes room by forgetting another when there are too many.
func (k *keyCache) kept(address string) *keptSet {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s, ok := k.sets[address]; ok {
		return s
	}
	if len(k.sets) >= keysMost {
		for other := range k.sets {
			delete(k.sets, other)
			break
		}
	}
	s := &keptSet{}
	k.sets[address] = s
	return s
}
