package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

func databaseCases() []testCase {
	return []testCase{
		{"an update happens whole or not at all", testAtomicity},
		{"a view does not write", testViewIsReadOnly},
		{"a view is one snapshot", testSnapshot},
		{"what is cancelled is unavailable", testCancelled},
		{"updates of one row are serialised", testSerialised},
		{"the database says what time it is", testClock},
		{"migrating again changes nothing", testMigrateAgain},
	}
}

func testAtomicity(t *testing.T, db *store.DB) {
	w := settle(t, db)
	broken := errors.New("broken")
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if ok, err := tx.Sessions.End(t.Context(), w.session.ID, "why", now()); !ok || err != nil {
			t.Errorf("end: %v, %v", ok, err)
		}
		if _, err := tx.Grants.Revoke(t.Context(), store.Selector{Session: w.session.ID}, "why", now(), keep); err != nil {
			t.Error(err)
		}
		if err := tx.Events.Insert(t.Context(), auth.Event{At: now(), Kind: auth.EventSessionEnded, GrantID: w.grant.ID}); err != nil {
			t.Error(err)
		}
		return broken
	})
	if !errors.Is(err, broken) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want the function's own error", err)
	}
	view(t, db, func(tx *store.Tx) error {
		if v, err := tx.Sessions.Find(t.Context(), w.session.ID); err != nil || !v.EndedAt.IsZero() {
			t.Errorf("session ended at %v, %v", v.EndedAt, err)
		}
		if events, err := tx.Events.OfGrant(t.Context(), w.grant.ID, 9); err != nil || len(events) != 0 {
			t.Errorf("events %v, %v", events, err)
		}
		if there, err := tx.Revocations.Contains(t.Context(), auth.RevokeGrant, w.grant.ID.String()); err != nil || there {
			t.Errorf("revocation %v, %v", there, err)
		}
		return nil
	})
	if f, _ := facts(t, db, w.grant.ID); f.Grant.Revoked() {
		t.Error("the grant is revoked")
	}
}

func testViewIsReadOnly(t *testing.T, db *store.DB) {
	err := db.View(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Settings.Put(t.Context(), "a", []byte{1})
		return err
	})
	if err == nil {
		t.Error("a view wrote")
	}
	if _, err := get(t, db, "a"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("after the view: %v, want not found", err)
	}
}

func testSnapshot(t *testing.T, db *store.DB) {
	view(t, db, func(tx *store.Tx) error {
		before, err := tx.Settings.Sequence(t.Context())
		if err != nil {
			return err
		}
		update(t, db, func(tx *store.Tx) error { return tx.Settings.Changed(t.Context()) })
		after, err := tx.Settings.Sequence(t.Context())
		if after != before {
			t.Errorf("sequence %d, then %d within one view", before, after)
		}
		return err
	})
}

func testCancelled(t *testing.T, db *store.DB) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for name, ctx := range map[string]context.Context{"cancelled": gone, "too late": late} {
		err := db.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.Settings.Put(ctx, "a", []byte{1})
			return err
		})
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s update: %v, want ErrUnavailable", name, err)
		}
		w := settle(t, db)
		if _, _, _, moved, err := db.Rotate(ctx, swapFor(w)); moved || !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s rotation: %v, want ErrUnavailable", name, err)
		}
		if got := rotate(t, db, swapFor(w)); !got.moved {
			t.Errorf("%s: the rotation that was refused was executed", name)
		}
		err = db.View(ctx, func(tx *store.Tx) error {
			_, err := tx.Settings.Sequence(ctx)
			return err
		})
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s view: %v, want ErrUnavailable", name, err)
		}
	}
	if _, err := get(t, db, "a"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("something was written: %v", err)
	}
}

func testSerialised(t *testing.T, db *store.DB) {
	const workers, rounds = 8, 10
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range rounds {
				err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Settings.Changed(t.Context()) })
				if err != nil {
					t.Errorf("update: %v", err)
				}
			}
		})
	}
	all.Wait()
	if got := sequence(t, db); got != workers*rounds {
		t.Errorf("sequence %d after %d changes", got, workers*rounds)
	}
}

func testClock(t *testing.T, db *store.DB) {
	skew, err := db.Skew(t.Context(), time.Now)
	if err != nil || skew.Abs() > 2*time.Second {
		t.Errorf("skew %v, %v; want almost none on one machine", skew, err)
	}
	ahead, err := db.Skew(t.Context(), func() time.Time { return time.Now().Add(time.Hour) })
	want := time.Hour
	if db.Engine() == "sqlite" {
		want = 0 // the file has no clock of its own
	}
	if err != nil || (ahead-want).Abs() > 2*time.Second {
		t.Errorf("a node one hour ahead: skew %v, %v; want %v", ahead, err, want)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}

func testMigrateAgain(t *testing.T, db *store.DB) {
	w := settle(t, db)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	facts(t, db, w.grant.ID)
}

func get(t testing.TB, db *store.DB, name string) (value []byte, err error) {
	t.Helper()
	err = db.View(t.Context(), func(tx *store.Tx) (err error) {
		value, err = tx.Settings.Get(t.Context(), name)
		return err
	})
	return value, err
}

func sequence(t testing.TB, db *store.DB) (seq int64) {
	t.Helper()
	view(t, db, func(tx *store.Tx) (err error) {
		seq, err = tx.Settings.Sequence(t.Context())
		return err
	})
	return seq
}
