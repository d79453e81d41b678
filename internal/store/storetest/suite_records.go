package storetest

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

func recordCases() []testCase {
	return []testCase{
		{"events come back as they were stored, newest first", testEvents},
		{"swept are events older than asked", testEventSweep},
		{"revocations are found until they are swept", testRevocations},
		{"signing keys come back oldest first and move the sequence", testKeys},
		{"a signing key retires once, earlier but never later, and is swept by that time", testKeyRetirement},
		{"a setting is written once", testSettings},
	}
}

func testEvents(t *testing.T, db *store.DB) {
	user, grant := auth.NewID(now()), auth.NewID(now())
	var all []auth.Event
	for i := range 4 {
		at := now().Add(time.Duration(i) * time.Minute)
		e := auth.Event{ID: auth.NewID(at), At: at, Kind: auth.EventGrantReplayed, GrantID: grant, Detail: "Größe"}
		if i%2 == 0 {
			e.UserID, e.SessionID, e.ClientID = user, auth.NewID(now()), "app"
			e.Caller = auth.Caller{IP: "192.0.2.1", UserAgent: "ü"}
		}
		all = append([]auth.Event{e}, all...)
		update(t, db, func(tx *store.Tx) error { return tx.Events.Insert(t.Context(), e) })
	}
	unnamed := auth.Event{At: now(), Kind: auth.EventUserCreated, UserID: user}
	update(t, db, func(tx *store.Tx) error { return tx.Events.Insert(t.Context(), unnamed) })
	view(t, db, func(tx *store.Tx) error {
		ofGrant, err := tx.Events.OfGrant(t.Context(), grant, 3)
		same(t, "of the grant, three at most", ofGrant, all[:3])
		if err != nil {
			return err
		}
		ofUser, err := tx.Events.OfUser(t.Context(), user, 9)
		if err != nil || len(ofUser) != 3 || ofUser[0].ID != all[1].ID || ofUser[2].ID.IsZero() && ofUser[1].ID.IsZero() {
			t.Errorf("of the user: %v, %v", ofUser, err)
		}
		one, err := tx.Events.Find(t.Context(), all[2].ID)
		same(t, "by id", one, all[2])
		if err != nil {
			return err
		}
		if _, err := tx.Events.Find(t.Context(), auth.NewID(now())); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%v, want not found", err)
		}
		return nil
	})
}

func testEventSweep(t *testing.T, db *store.DB) {
	grant := auth.NewID(now())
	for i := range 5 {
		e := auth.Event{At: now().Add(time.Duration(i) * time.Millisecond), Kind: auth.EventGrantReplayed, GrantID: grant}
		update(t, db, func(tx *store.Tx) error { return tx.Events.Insert(t.Context(), e) })
	}
	for i, want := range []int64{2, 1, 0} {
		got := ask(t, db, func(tx *store.Tx) (int64, error) {
			return tx.Events.Sweep(t.Context(), now().Add(3*time.Millisecond), 2)
		})
		if got != want {
			t.Errorf("sweep %d: %d, want %d", i, got, want)
		}
	}
	rest := ask(t, db, func(tx *store.Tx) ([]auth.Event, error) { return tx.Events.OfGrant(t.Context(), grant, 9) })
	if len(rest) != 2 || rest[1].At.Before(now().Add(3*time.Millisecond)) {
		t.Errorf("left: %v", rest)
	}
}

func testRevocations(t *testing.T, db *store.DB) {
	all := []auth.Revocation{
		{Kind: auth.RevokeToken, Subject: "jti", At: now(), Until: now().Add(keep)},
		{Kind: auth.RevokeKey, Subject: "kid", At: now(), Until: now().Add(day)},
	}
	update(t, db, func(tx *store.Tx) error { return tx.Revocations.Insert(t.Context(), all...) })
	contains := func(kind auth.RevocationKind, subject string) bool {
		return ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Revocations.Contains(t.Context(), kind, subject) })
	}
	if !contains(auth.RevokeToken, "jti") || contains(auth.RevokeKey, "jti") || contains(auth.RevokeToken, "") {
		t.Error("want kind and subject to be compared")
	}
	for i, c := range []struct {
		at   time.Time
		want int64
	}{{now().Add(keep), 0}, {now().Add(keep + time.Millisecond), 1}, {now().Add(keep + time.Millisecond), 0}} {
		if got := ask(t, db, func(tx *store.Tx) (int64, error) { return tx.Revocations.Sweep(t.Context(), c.at, 9) }); got != c.want {
			t.Errorf("sweep %d: %d, want %d", i, got, c.want)
		}
	}
	if contains(auth.RevokeToken, "jti") || !contains(auth.RevokeKey, "kid") {
		t.Error("want the key's record to stay alone")
	}
}

func testKeys(t *testing.T, db *store.DB) {
	young := store.SigningKey{ID: "y", Algorithm: "ES256", Master: 255, Sealed: []byte{0, 1, 255}, CreatedAt: now().Add(time.Second)}
	old := store.SigningKey{ID: "z", Algorithm: "EdDSA", Master: 1, Sealed: bytes.Repeat([]byte{7}, 5000), CreatedAt: now(), RetiredAt: now().Add(day)}
	for _, k := range []store.SigningKey{young, old} {
		moves(t, db, true, func(tx *store.Tx) error { return tx.Keys.Insert(t.Context(), k) })
	}
	list := ask(t, db, func(tx *store.Tx) ([]store.SigningKey, error) { return tx.Keys.List(t.Context()) })
	same(t, "keys", list, []store.SigningKey{old, young})
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Keys.Insert(t.Context(), old) }); err == nil {
		t.Error("one kid was inserted twice")
	}
}

func testKeyRetirement(t *testing.T, db *store.DB) {
	ctx := t.Context()
	kids := func() (kids []string) {
		for _, k := range ask(t, db, func(tx *store.Tx) ([]store.SigningKey, error) { return tx.Keys.List(ctx) }) {
			kids = append(kids, k.ID+" "+k.RetiredAt.Format(time.TimeOnly))
		}
		return kids
	}
	for _, kid := range []string{"a", "b"} {
		update(t, db, func(tx *store.Tx) error {
			return tx.Keys.Insert(ctx, store.SigningKey{ID: kid, Algorithm: "ES256", Sealed: []byte{1}, CreatedAt: now()})
		})
	}
	for _, c := range []struct {
		after time.Duration
		moves bool
	}{{time.Hour, true}, {2 * time.Hour, false}, {time.Minute, true}, {time.Minute, false}} {
		moves(t, db, c.moves, func(tx *store.Tx) error { return tx.Keys.Retire(ctx, "a", now().Add(c.after)) })
	}
	same(t, "keys", kids(), []string{"a 12:01:00", "b 00:00:00"})
	for _, c := range []struct {
		before time.Time
		want   int64
	}{{now().Add(time.Minute), 0}, {now().Add(time.Hour), 1}} {
		moves(t, db, c.want > 0, func(tx *store.Tx) error {
			n, err := tx.Keys.Sweep(ctx, c.before, 10)
			if n != c.want {
				t.Errorf("swept %d keys, want %d", n, c.want)
			}
			return err
		})
	}
	same(t, "what is left", kids(), []string{"b 00:00:00"})
	for _, should := range []bool{true, false} {
		moves(t, db, should, func(tx *store.Tx) error {
			ok, err := tx.Keys.Delete(ctx, "b")
			if ok != should {
				t.Errorf("deleted %v", ok)
			}
			return err
		})
	}
}

func testSettings(t *testing.T, db *store.DB) {
	for i, value := range [][]byte{{0, 255}, {1}} {
		put := ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Settings.Put(t.Context(), "name", value) })
		if put != (i == 0) {
			t.Errorf("put %d: %v", i, put)
		}
	}
	if got, err := get(t, db, "name"); err != nil || !slices.Equal(got, []byte{0, 255}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := get(t, db, "other"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("%v, want not found", err)
	}
}
