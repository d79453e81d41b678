package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

func grantCases() []testCase {
	return []testCase{
		{"grants come back as they were stored", testGrantRoundTrip},
		{"facts tell who is gone", testFacts},
		{"facts hold the user of today", testFactsUser},
		{"the demo may close a window", testBackdate},
		{"the demo may end a grant and its session", testExpire},
	}
}

func testGrantRoundTrip(t *testing.T, db *store.DB) {
	w := settle(t, db)
	full := aGrant(w.session, "клиент")
	full.Offline, full.Binding, full.RevokedAt, full.RevokedReason = true, "thumb-print_1", now(), auth.ReasonAdmin
	full.ReplayNotedAt, full.MisboundNotedAt = now().Add(time.Second), now().Add(time.Minute)
	full.Current, full.First, full.Last, full.CurrentKey = auth.MaxGeneration, auth.MaxGeneration-2, auth.MaxGeneration-1, 255
	bare := auth.Grant{ID: auth.NewID(now()), UserID: w.user.ID, SessionID: w.session.ID, Chain: auth.NewChain(0, time.Time{})}
	for _, g := range []auth.Grant{full, bare} {
		update(t, db, func(tx *store.Tx) error { return tx.Grants.Insert(t.Context(), g) })
		f, _ := facts(t, db, g.ID)
		same(t, "grant", f.Grant, g)
	}
	err := db.View(t.Context(), func(tx *store.Tx) error {
		_, _, err := tx.Grants.Facts(t.Context(), auth.NewID(now()))
		return err
	})
	if !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("a grant that is not there: %v, want not found", err)
	}
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Grants.Insert(t.Context(), full) }); err == nil {
		t.Error("one id was inserted twice")
	}
}

func testFacts(t *testing.T, db *store.DB) {
	ctx := t.Context()
	none := func(*store.Tx, world) error { return nil }
	for name, c := range map[string]struct {
		make func(*world)
		do   func(*store.Tx, world) error
		want auth.RefreshFacts
	}{
		"all well":      {func(*world) {}, none, auth.RefreshFacts{}},
		"user disabled": {func(w *world) { w.user.DisabledAt = now() }, none, auth.RefreshFacts{UserGone: true}},
		"user deleted": {func(*world) {}, func(tx *store.Tx, w world) error {
			_, err := tx.Users.Delete(ctx, w.user.ID)
			return err
		}, auth.RefreshFacts{UserGone: true}},
		"session ended":    {func(w *world) { w.session.EndedAt = now() }, none, auth.RefreshFacts{SessionEnded: true}},
		"session swept":    {func(w *world) { w.grant.SessionID = auth.NewID(now()) }, none, auth.RefreshFacts{SessionEnded: true}},
		"client disabled":  {func(w *world) { w.client.DisabledAt = now() }, none, auth.RefreshFacts{ClientGone: true}},
		"client not there": {func(w *world) { w.grant.ClientID = "nobody" }, none, auth.RefreshFacts{ClientGone: true}},
	} {
		w := settle(t, db, c.make)
		update(t, db, func(tx *store.Tx) error { return c.do(tx, w) })
		f, _ := facts(t, db, w.grant.ID)
		if f.UserGone != c.want.UserGone || f.SessionEnded != c.want.SessionEnded || f.ClientGone != c.want.ClientGone {
			t.Errorf("%s: user gone %v, session ended %v, client gone %v", name, f.UserGone, f.SessionEnded, f.ClientGone)
		}
	}
}

func testFactsUser(t *testing.T, db *store.DB) {
	w := settle(t, db, func(w *world) { w.client.Public, w.client.Refresh = false, auth.RefreshRotate })
	f, user := facts(t, db, w.grant.ID)
	same(t, "roles", user.Roles, w.user.Roles)
	if user.ID != w.user.ID || user.Email != w.user.Email || !user.DisabledAt.IsZero() {
		t.Errorf("user %+v", user)
	}
	if f.Client.ID != w.client.ID || f.Client.Public || f.Client.Refresh != auth.RefreshRotate {
		t.Errorf("client %+v", f.Client)
	}
}

func testBackdate(t *testing.T, db *store.DB) {
	w := settle(t, db)
	if !ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Grants.Backdate(t.Context(), w.grant.ID, time.Minute) }) {
		t.Error("nothing happened")
	}
	want := w.grant
	want.Since = want.Since.Add(-time.Minute)
	f, _ := facts(t, db, w.grant.ID)
	same(t, "grant", f.Grant, want)
}

func testExpire(t *testing.T, db *store.DB) {
	w := settle(t, db)
	at := now().Add(time.Minute)
	for range 2 {
		update(t, db, func(tx *store.Tx) error { return tx.Grants.Expire(t.Context(), w.grant.ID, at) })
		at = at.Add(time.Minute) // never later
	}
	f, _ := facts(t, db, w.grant.ID)
	if want := now().Add(time.Minute); !f.Grant.ExpiresAt.Equal(want) || !session(t, db, w.session.ID).ExpiresAt.Equal(want) {
		t.Errorf("grant ends %v, session %v", f.Grant.ExpiresAt, session(t, db, w.session.ID).ExpiresAt)
	}
}
