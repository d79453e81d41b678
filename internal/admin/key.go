package admin

import (
	"context"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/store"
)

// KeyState says what a signing key does.
type KeyState string

// The states in the order in which a key has them.
const (
	KeyPublished KeyState = "published" // in the key set, so that every verifier knows it when it signs
	KeySigning   KeyState = "signing"
	KeyRetired   KeyState = "retired" // in the key set until what it signed has ended
)

// KeyView is a signing key without its private half.
type KeyView struct {
	ID        string
	Algorithm jose.Algorithm
	State     KeyState
	CreatedAt time.Time
	SignsAt   time.Time // of a published one
	RetiredAt time.Time // when it stopped, or will stop, signing; zero: not decided
	RemovedAt time.Time // when it leaves the key set; zero: not decided
}

// Keys lists the signing keys, oldest first.
func (s *Service) Keys(ctx context.Context) ([]KeyView, error) {
	var all []store.SigningKey
	err := s.n.DB.View(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.Keys.List(ctx)
		return err
	})
	return viewKeys(all, s.n.Now()), err
}

// viewKeys tells the states as the ring does: of each algorithm the oldest that is not retired signs.
func viewKeys(all []store.SigningKey, now time.Time) []KeyView {
	views := make([]KeyView, len(all))
	until := map[string]time.Time{} // when the key before this one stops
	signing := map[string]bool{}
	for i, k := range all {
		v := KeyView{ID: k.ID, Algorithm: jose.Algorithm(k.Algorithm), CreatedAt: k.CreatedAt, RetiredAt: k.RetiredAt}
		switch {
		case !k.RetiredAt.IsZero() && !now.Before(k.RetiredAt):
			v.State = KeyRetired
		case !signing[k.Algorithm]:
			v.State, signing[k.Algorithm] = KeySigning, true
		default:
			v.State, v.SignsAt = KeyPublished, until[k.Algorithm]
		}
		if !k.RetiredAt.IsZero() {
			v.RemovedAt = k.RetiredAt.Add(auth.KeyAfter)
		}
		until[k.Algorithm] = k.RetiredAt
		views[i] = v
	}
	return views
}

// RotateKey makes the next key of an algorithm. It stands in the key set from now on and signs after auth.KeyAhead, so that
// nobody meets a key that cannot be found yet; with atOnce it signs now, and verifiers have to ask again.
func (s *Service) RotateKey(ctx context.Context, alg jose.Algorithm, atOnce bool, by Actor) (KeyView, error) {
	if why := auth.AlgorithmFault(string(alg)); why != "" {
		return KeyView{}, &Invalid{[]Fault{{"algorithm", why}}}
	}
	next, err := s.n.Keys.NewKey(alg) // slow for RSA, so before the transaction
	if err != nil {
		return KeyView{}, err
	}
	at, detail := next.CreatedAt.Add(auth.KeyAhead), "signs from "
	if atOnce {
		at = next.CreatedAt
	}
	detail += at.UTC().Format(time.RFC3339)
	var all []store.SigningKey
	err = s.n.DB.Update(ctx, func(tx *store.Tx) error {
		if err := s.succeed(ctx, tx, next, at); err != nil {
			return err
		}
		if all, err = tx.Keys.List(ctx); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, s.tell(by, auth.EventKeyRotated, next.CreatedAt, next.Algorithm+" "+next.ID+" "+detail))
	})
	if err != nil {
		return KeyView{}, err
	}
	views := viewKeys(all, s.n.Now())
	return views[slices.IndexFunc(views, func(v KeyView) bool { return v.ID == next.ID })], nil
}

// succeed adds a key and retires those of its algorithm at the time at which it signs. It queues at the change sequence, so
// that of two rotations at once the second sees the first.
func (s *Service) succeed(ctx context.Context, tx *store.Tx, next store.SigningKey, at time.Time) error {
	if err := tx.Settings.Changed(ctx); err != nil {
		return err
	}
	all, err := tx.Keys.List(ctx)
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.Algorithm != next.Algorithm {
			continue
		}
		if err := tx.Keys.Retire(ctx, k.ID, at); err != nil {
			return err
		}
	}
	return tx.Keys.Insert(ctx, next)
}

// RemoveKey takes a key that somebody else may hold out of the key set at once. Another one signs in its place, and whatever it
// signed is refused: here now, elsewhere when the verifier asks for the keys again or follows the revocations (JK-03). made is
// the new key; empty when the removed one did not sign.
func (s *Service) RemoveKey(ctx context.Context, kid string, by Actor) (made string, err error) {
	views, err := s.Keys(ctx)
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(views, func(v KeyView) bool { return v.ID == kid })
	if at < 0 {
		return "", missing(auth.ErrNotFound, "key", kid)
	}
	var next store.SigningKey
	if views[at].State == KeySigning {
		if next, err = s.n.Keys.NewKey(views[at].Algorithm); err != nil {
			return "", err
		}
	}
	now := s.n.Now()
	err = s.n.DB.Update(ctx, func(tx *store.Tx) error {
		if next.ID != "" {
			if err := s.succeed(ctx, tx, next, now); err != nil {
				return err
			}
		}
		deleted, err := tx.Keys.Delete(ctx, kid)
		if err == nil && !deleted {
			err = missing(auth.ErrNotFound, "key", kid)
		}
		if err != nil {
			return err
		}
		// A verifier may hold the key for as long as it may go on without asking; resource.Protector an hour.
		revoked := auth.Revocation{Kind: auth.RevokeKey, Subject: kid, At: now, Until: now.Add(auth.KeyAfter)}
		if err := tx.Revocations.Insert(ctx, revoked); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, s.tell(by, auth.EventKeyRemoved, now, string(views[at].Algorithm)+" "+kid))
	})
	return next.ID, err
}
