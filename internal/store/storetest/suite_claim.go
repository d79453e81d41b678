package storetest

import (
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

const claimRounds = 25

func claimCases() []testCase {
	return []testCase{
		{"a claim wants the verified password and an enabled user", testClaim},
		{"a log-in that races a disable leaves no live grant", testClaimRacesDisable},
		{"a log-in that races a change of password leaves no live grant", testClaimRacesPassword},
	}
}

func testClaim(t *testing.T, db *store.DB) {
	w := settle(t, db)
	claim := func(id auth.ID, version int64) bool {
		return ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Users.Claim(t.Context(), id, version) })
	}
	for range 2 { // a claim spends nothing
		if !claim(w.user.ID, 3) {
			t.Error("the verified password of an enabled user was refused")
		}
	}
	if claim(w.user.ID, 2) || claim(w.user.ID, 4) || claim(auth.NewID(now()), 3) {
		t.Error("another version, or nobody, was accepted")
	}
	ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Users.SetDisabled(t.Context(), w.user.ID, now()) })
	if claim(w.user.ID, 3) {
		t.Error("a disabled user was accepted")
	}
}

func testClaimRacesDisable(t *testing.T, db *store.DB) {
	raceClaim(t, db, func(tx *store.Tx, u auth.User) error {
		_, err := tx.Users.SetDisabled(t.Context(), u.ID, now())
		return err
	})
}

func testClaimRacesPassword(t *testing.T, db *store.DB) {
	raceClaim(t, db, func(tx *store.Tx, u auth.User) error {
		_, err := tx.Users.SetPassword(t.Context(), u.ID, u.PasswordVersion, secret.FromString("new"))
		return err
	})
}

// raceClaim lets a log-in (claim, then session and grant) race a transaction that takes the right away
// and revokes all grants. Whoever comes first, no grant of the old right may be alive afterwards.
func raceClaim(t *testing.T, db *store.DB, take func(tx *store.Tx, u auth.User) error) {
	ctx := t.Context()
	for range claimRounds {
		w := settle(t, db)
		s := aSession(w.user)
		g := aGrant(s, w.client.ID)
		var claimed bool
		var both sync.WaitGroup
		both.Go(func() {
			err := db.Update(ctx, func(tx *store.Tx) (err error) {
				if claimed, err = tx.Users.Claim(ctx, w.user.ID, w.user.PasswordVersion); err != nil || !claimed {
					return err
				}
				if err := tx.Sessions.Insert(ctx, s); err != nil {
					return err
				}
				return tx.Grants.Insert(ctx, g)
			})
			if err != nil {
				t.Errorf("log-in: %v", err)
			}
		})
		both.Go(func() {
			err := db.Update(ctx, func(tx *store.Tx) error {
				if err := take(tx, w.user); err != nil {
					return err
				}
				_, err := tx.Grants.Revoke(ctx, store.Selector{User: w.user.ID}, "taken away", now(), keep)
				return err
			})
			if err != nil {
				t.Errorf("taking away: %v", err)
			}
		})
		both.Wait()
		grants := ask(t, db, func(tx *store.Tx) ([]auth.Grant, error) {
			return tx.Grants.List(ctx, store.Selector{User: w.user.ID}, 9)
		})
		want := 1
		if claimed {
			want = 2
		}
		if len(grants) != want {
			t.Errorf("%d grants, want %d", len(grants), want)
		}
		for _, g := range grants {
			if !g.Revoked() {
				t.Fatalf("claimed %v, and a grant is alive after the right was taken away", claimed)
			}
		}
	}
}
