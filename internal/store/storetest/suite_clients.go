package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

func clientCases() []testCase {
	return []testCase{
		{"clients come back as they were stored", testClientRoundTrip},
		{"a taken client id is an answer, not an error", testTakenClient},
		{"an update keeps id, epoch and birth", testClientUpdate},
		{"a client's epoch grows and is published", testBump},
		{"a client that registered itself is swept when nobody uses it", testUnusedClients},
		{"the origins of enabled clients are found", testClientOrigins},
		{"clients are listed by id, and deleted ones are not", testClientList},
	}
}

func client(t testing.TB, db *store.DB, id string) auth.Client {
	t.Helper()
	return ask(t, db, func(tx *store.Tx) (auth.Client, error) { return tx.Clients.Find(t.Context(), id) })
}

// moves fails unless fn moves the change sequence exactly when it should.
func moves(t testing.TB, db *store.DB, should bool, fn func(tx *store.Tx) error) {
	t.Helper()
	before := sequence(t, db)
	update(t, db, fn)
	if after := sequence(t, db); (after > before) != should {
		t.Errorf("change sequence from %d to %d, want it to move: %v", before, after, should)
	}
}

func testClientRoundTrip(t *testing.T, db *store.DB) {
	full := aClient("приложение")
	full.SecretHashes = [][32]byte{{1}, {2}}
	full.Refresh, full.FirstParty, full.Epoch, full.DisabledAt = auth.RefreshRotate, true, 7, now()
	full.Metadata = auth.ClientMetadata{LogoURI: "https://example.com/ö.png", JWKS: []byte(`{"keys":[]}`), PKCE: auth.PKCEWhenSent}
	for _, c := range []auth.Client{full, {ID: "bare"}} {
		moves(t, db, true, func(tx *store.Tx) error {
			ok, err := tx.Clients.Insert(t.Context(), c)
			if !ok {
				t.Errorf("%s was not inserted", c.ID)
			}
			return err
		})
		same(t, c.ID, client(t, db, c.ID), c)
	}
	err := db.View(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Clients.Find(t.Context(), "nobody")
		return err
	})
	if !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("%v, want not found", err)
	}
}

func testTakenClient(t *testing.T, db *store.DB) {
	first, second := aClient("one"), aClient("one")
	second.Name = "another"
	update(t, db, func(tx *store.Tx) error { _, err := tx.Clients.Insert(t.Context(), first); return err })
	moves(t, db, false, func(tx *store.Tx) error {
		ok, err := tx.Clients.Insert(t.Context(), second)
		if ok {
			t.Error("inserted twice")
		}
		return err
	})
	same(t, "client", client(t, db, "one"), first)
}

func testClientUpdate(t *testing.T, db *store.DB) {
	c := aClient("one")
	c.Epoch = 3
	update(t, db, func(tx *store.Tx) error { _, err := tx.Clients.Insert(t.Context(), c); return err })
	want := auth.Client{
		ID: "one", Name: "new", SecretHashes: [][32]byte{{9}}, Refresh: auth.RefreshRotate, FirstParty: true, DisabledAt: now(),
		Metadata: auth.ClientMetadata{RequirePAR: true},
	}
	moves(t, db, true, func(tx *store.Tx) error {
		ok, err := tx.Clients.Update(t.Context(), want)
		if !ok {
			t.Error("not updated")
		}
		return err
	})
	want.Epoch, want.CreatedAt = 3, c.CreatedAt
	same(t, "client", client(t, db, "one"), want)
	moves(t, db, false, func(tx *store.Tx) error {
		ok, err := tx.Clients.Update(t.Context(), aClient("nobody"))
		if ok {
			t.Error("nobody was updated")
		}
		return err
	})
}

func testBump(t *testing.T, db *store.DB) {
	update(t, db, func(tx *store.Tx) error { _, err := tx.Clients.Insert(t.Context(), aClient("one")); return err })
	for want := range int64(2) {
		moves(t, db, true, func(tx *store.Tx) error { return tx.Clients.Bump(t.Context(), "one", now(), keep) })
		if got := client(t, db, "one").Epoch; got != want+1 {
			t.Errorf("epoch %d, want %d", got, want+1)
		}
	}
	if !ask(t, db, func(tx *store.Tx) (bool, error) {
		return tx.Revocations.Contains(t.Context(), auth.RevokeClient, "one")
	}) {
		t.Error("not published")
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Clients.Bump(t.Context(), "nobody", now(), keep) })
	if !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("%v, want not found", err)
	}
}

func testClientList(t *testing.T, db *store.DB) {
	for _, id := range []string{"b", "c", "a"} {
		update(t, db, func(tx *store.Tx) error { _, err := tx.Clients.Insert(t.Context(), aClient(id)); return err })
	}
	for _, should := range []bool{true, false} {
		moves(t, db, should, func(tx *store.Tx) error {
			ok, err := tx.Clients.Delete(t.Context(), "b")
			if ok != should {
				t.Errorf("deleted %v", ok)
			}
			return err
		})
	}
	list := ask(t, db, func(tx *store.Tx) ([]auth.Client, error) { return tx.Clients.List(t.Context()) })
	same(t, "clients", list, []auth.Client{aClient("a"), aClient("c")})
}

func testUnusedClients(t *testing.T, db *store.DB) {
	w := settle(t, db) // its client holds a grant
	used := w.client
	used.Metadata.Registered = true
	old, young, ours := aClient("old"), aClient("young"), aClient("ours")
	old.Metadata.Registered, young.Metadata.Registered = true, true
	old.CreatedAt, ours.CreatedAt, young.CreatedAt = now().Add(-day), now().Add(-day), now()
	update(t, db, func(tx *store.Tx) error {
		for _, c := range []auth.Client{old, young, ours} {
			if _, err := tx.Clients.Insert(t.Context(), c); err != nil {
				return err
			}
		}
		if err := tx.Consents.Put(t.Context(), auth.Consent{UserID: w.user.ID, ClientID: old.ID}.With([]string{"openid"}, nil, now())); err != nil {
			return err
		}
		_, err := tx.Clients.Update(t.Context(), used)
		return err
	})
	sweep := func(before time.Time) (n int64) {
		update(t, db, func(tx *store.Tx) (err error) {
			n, err = tx.Clients.SweepUnused(t.Context(), before, 10)
			return err
		})
		return n
	}
	if n := sweep(now()); n != 1 {
		t.Errorf("%d swept, want the old one", n)
	}
	if n := sweep(now()); n != 0 {
		t.Errorf("%d swept again", n)
	}
	update(t, db, func(tx *store.Tx) error {
		if _, err := tx.Clients.Find(t.Context(), old.ID); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("the old one: %v", err)
		}
		if _, err := tx.Consents.Find(t.Context(), w.user.ID, old.ID); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("what was allowed to it: %v", err)
		}
		for _, id := range []string{used.ID, young.ID, ours.ID} {
			if _, err := tx.Clients.Find(t.Context(), id); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
		return nil
	})
}

func testClientOrigins(t *testing.T, db *store.DB) {
	const app, other = "https://app.example", "http://localhost:3000"
	off := auth.Client{ID: "off", DisabledAt: now(), Metadata: auth.ClientMetadata{AllowedOrigins: []string{"https://off.example"}}}
	named := auth.Client{ID: "named", Metadata: auth.ClientMetadata{ClientURI: `https://x.example/?"daypass_allowed_origins"`}} // finds nothing in it
	for _, c := range []auth.Client{
		off,
		named,
		{ID: "none"},
		{ID: "one", Metadata: auth.ClientMetadata{AllowedOrigins: []string{app}}},
		{ID: "two", Metadata: auth.ClientMetadata{AllowedOrigins: []string{app, other}}},
	} {
		update(t, db, func(tx *store.Tx) error { _, err := tx.Clients.Insert(t.Context(), c); return err })
	}
	got := ask(t, db, func(tx *store.Tx) ([]string, error) { return tx.Clients.Origins(t.Context()) })
	slices.Sort(got)
	same(t, "origins", slices.Compact(got), []string{other, app})
}
