package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

func resourceCases() []testCase {
	return []testCase{
		{"resources come back as they were stored, by id", testResourceRoundTrip},
		{"an update of a resource keeps id and birth", testResourceUpdate},
	}
}

func aResource(id string) auth.Resource {
	return auth.Resource{
		ID: id, Name: "Почта ☕", Scopes: []string{"read", "send"}, Lifetime: 90 * time.Second, Algorithm: "EdDSA",
		Format: auth.FormatJWT, Introspection: []string{"gateway", "worker"}, CreatedAt: now(), DisabledAt: now(),
	}
}

func resource(t testing.TB, db *store.DB, id string) auth.Resource {
	t.Helper()
	return ask(t, db, func(tx *store.Tx) (auth.Resource, error) { return tx.Resources.Find(t.Context(), id) })
}

func testResourceRoundTrip(t *testing.T, db *store.DB) {
	full, bare := aResource("urn:full"), auth.Resource{ID: "urn:bare"}
	for _, r := range []auth.Resource{full, bare} {
		moves(t, db, true, func(tx *store.Tx) error {
			ok, err := tx.Resources.Insert(t.Context(), r)
			if !ok {
				t.Errorf("%s was not inserted", r.ID)
			}
			return err
		})
		same(t, r.ID, resource(t, db, r.ID), r)
	}
	moves(t, db, false, func(tx *store.Tx) error {
		ok, err := tx.Resources.Insert(t.Context(), auth.Resource{ID: "urn:full", Name: "another"})
		if ok {
			t.Error("inserted twice")
		}
		return err
	})
	list := ask(t, db, func(tx *store.Tx) ([]auth.Resource, error) { return tx.Resources.List(t.Context()) })
	same(t, "resources", list, []auth.Resource{bare, full})
	for _, should := range []bool{true, false} {
		moves(t, db, should, func(tx *store.Tx) error {
			ok, err := tx.Resources.Delete(t.Context(), "urn:bare")
			if ok != should {
				t.Errorf("deleted %v", ok)
			}
			return err
		})
	}
	err := db.View(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Resources.Find(t.Context(), "urn:bare")
		return err
	})
	if !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("%v, want not found", err)
	}
}

func testResourceUpdate(t *testing.T, db *store.DB) {
	first := aResource("urn:one")
	update(t, db, func(tx *store.Tx) error { _, err := tx.Resources.Insert(t.Context(), first); return err })
	want := auth.Resource{ID: "urn:one", Name: "new", Format: auth.FormatOpaque, CreatedAt: now().Add(time.Hour)}
	moves(t, db, true, func(tx *store.Tx) error {
		ok, err := tx.Resources.Update(t.Context(), want)
		if !ok {
			t.Error("not updated")
		}
		return err
	})
	want.CreatedAt = first.CreatedAt
	same(t, "resource", resource(t, db, "urn:one"), want)
	moves(t, db, false, func(tx *store.Tx) error {
		ok, err := tx.Resources.Update(t.Context(), aResource("urn:none"))
		if ok {
			t.Error("nothing was updated")
		}
		return err
	})
}
