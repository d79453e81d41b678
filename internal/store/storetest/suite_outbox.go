package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

func outboxCases() []testCase {
	return []testCase{
		{"a delivery comes back as it was stored, once per lease", testDeliveryRoundTrip},
		{"of several nodes one claims a delivery", testClaimRace},
		{"what is of no use is swept", testOutboxSweep},
		{"a change of address is the user's only one", testAddressChanges},
		{"of several users one gets an address", testSetEmail},
	}
}

func aDelivery(due time.Time) auth.Delivery {
	return auth.Delivery{
		ID: auth.NewID(now()), Kind: auth.DeliveryMail, Key: 3, Sealed: []byte{0, 1, 255}, CreatedAt: now(), DueAt: due, ExpiresAt: due.Add(time.Hour),
	}
}

func claim(t testing.TB, db *store.DB, at, until time.Time) []auth.Delivery {
	t.Helper()
	return ask(t, db, func(tx *store.Tx) ([]auth.Delivery, error) { return tx.Outbox.Claim(t.Context(), at, until, 10) })
}

func testDeliveryRoundTrip(t *testing.T, db *store.DB) {
	first, later := aDelivery(now()), aDelivery(now().Add(time.Minute))
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.Outbox.Insert(t.Context(), first), tx.Outbox.Insert(t.Context(), later))
	})
	until := now().Add(2 * time.Minute)
	for _, c := range []struct {
		at   time.Time
		want bool
	}{{now().Add(-time.Second), false}, {now(), true}} {
		if got := ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Outbox.Due(t.Context(), c.at) }); got != c.want {
			t.Errorf("due at %v: got %v, want %v", c.at, got, c.want)
		}
	}
	got := claim(t, db, now(), until)
	want := first
	want.DueAt, want.Tries = until, 1
	same(t, "claimed", got, []auth.Delivery{want})
	if got := claim(t, db, now().Add(time.Second), until); len(got) != 0 {
		t.Errorf("%d are claimed within the lease, want none", len(got))
	}
	update(t, db, func(tx *store.Tx) error { return tx.Outbox.Defer(t.Context(), first.ID, now().Add(time.Second)) })
	if got := claim(t, db, now().Add(time.Second), until); len(got) != 1 || got[0].Tries != 2 {
		t.Errorf("deferred: got %v, want its second try", got)
	}
	update(t, db, func(tx *store.Tx) error { return tx.Outbox.Delete(t.Context(), first.ID) })
	if got := claim(t, db, until, until.Add(time.Hour)); len(got) != 1 || got[0].ID != later.ID {
		t.Errorf("after the lease: got %v, want the other one alone", got)
	}
}

func testClaimRace(t *testing.T, db *store.DB) {
	for range 5 {
		update(t, db, func(tx *store.Tx) error { return tx.Outbox.Insert(t.Context(), aDelivery(now())) })
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	times := map[auth.ID]int{}
	for range 8 {
		all.Go(func() {
			var mine []auth.Delivery
			err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
				mine, err = tx.Outbox.Claim(t.Context(), now(), now().Add(time.Minute), 3)
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("a loser of the race got %v", err)
			}
			for _, d := range mine {
				times[d.ID]++
			}
		})
	}
	all.Wait()
	for id, n := range times {
		if n != 1 {
			t.Errorf("%v was claimed %d times, want once", id, n)
		}
	}
	if rest := claim(t, db, now(), now().Add(time.Minute)); len(times)+len(rest) != 5 {
		t.Errorf("%d were claimed and %d are left, want 5 in all", len(times), len(rest))
	}
}

func testOutboxSweep(t *testing.T, db *store.DB) {
	for _, due := range []time.Time{now(), now().Add(time.Hour)} {
		update(t, db, func(tx *store.Tx) error { return tx.Outbox.Insert(t.Context(), aDelivery(due)) })
	}
	if n := ask(t, db, func(tx *store.Tx) (int64, error) { return tx.Outbox.Sweep(t.Context(), now().Add(90*time.Minute), 10) }); n != 1 {
		t.Errorf("%d were swept, want the one that is too old", n)
	}
}

func testAddressChanges(t *testing.T, db *store.DB) {
	user := auth.NewID(now())
	first := auth.AddressChange{UserID: user, SessionID: auth.NewID(now()), Email: "用户@例子.example", CodeMAC: [32]byte{7}, AskedAt: now(), ExpiresAt: now().Add(time.Hour)}
	second := first
	second.Email, second.CodeMAC, second.SessionID, second.ExpiresAt = "b@example.com", [32]byte{8}, auth.NewID(now()), now().Add(2*time.Hour)
	find := func() (auth.AddressChange, error) {
		var c auth.AddressChange
		err := db.View(t.Context(), func(tx *store.Tx) (err error) {
			c, err = tx.AddressChanges.Find(t.Context(), user)
			return err
		})
		return c, err
	}
	for _, c := range []auth.AddressChange{first, second} {
		update(t, db, func(tx *store.Tx) error { return tx.AddressChanges.Put(t.Context(), c) })
		got, err := find()
		if err != nil {
			t.Fatal(err)
		}
		same(t, "change", got, c)
	}
	for want, at := range []time.Time{now().Add(2 * time.Hour), now().Add(3 * time.Hour)} {
		n := ask(t, db, func(tx *store.Tx) (int64, error) { return tx.AddressChanges.Sweep(t.Context(), at, 10) })
		if n != int64(want) {
			t.Errorf("at %v %d were swept, want %d", at, n, want)
		}
	}
	update(t, db, func(tx *store.Tx) error { return tx.AddressChanges.Put(t.Context(), first) })
	update(t, db, func(tx *store.Tx) error { return tx.AddressChanges.Delete(t.Context(), user) })
	if _, err := find(); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("deleted: got %v, want ErrNotFound", err)
	}
}

func testSetEmail(t *testing.T, db *store.DB) {
	users := make([]auth.User, 8)
	for i := range users {
		users[i] = aUser(string(rune('a'+i)) + "@example.com")
		ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Users.Insert(t.Context(), users[i]) })
	}
	set := func(u auth.User, from, to string) (ok bool, err error) {
		err = db.Update(t.Context(), func(tx *store.Tx) (err error) {
			ok, err = tx.Users.SetEmail(t.Context(), u.ID, from, to)
			return err
		})
		return ok, err
	}
	if ok, err := set(users[0], "other@example.com", "z@example.com"); ok || err != nil {
		t.Errorf("from another address: %v, %v, want false", ok, err)
	}
	if ok, err := set(users[0], users[0].Email, users[1].Email); ok || err != nil {
		t.Errorf("to a taken address: %v, %v, want false", ok, err)
	}
	var all sync.WaitGroup
	won := make(chan auth.ID, len(users))
	for _, u := range users {
		all.Go(func() {
			ok, err := set(u, u.Email, "wanted@example.com")
			if err != nil {
				t.Errorf("a loser of the race got %v", err)
			}
			if ok {
				won <- u.ID
			}
		})
	}
	all.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d users have the address, want 1", len(won))
	}
	id := <-won
	view(t, db, func(tx *store.Tx) error {
		u, err := tx.Users.FindByEmail(t.Context(), "wanted@example.com")
		if u.ID != id {
			t.Errorf("the address is %v's, want %v's", u.ID, id)
		}
		return err
	})
}
