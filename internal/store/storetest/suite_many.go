package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

func manyCases() []testCase {
	return []testCase{
		{"a revocation marks exactly what it names and is published", testRevoke},
		{"a client's revocation is one record", testRevokeClient},
		{"grants are listed newest first", testGrantList},
		{"swept are grants whose absolute end is past", testGrantSweep},
		{"all living grants of a user but one session's are revoked", testRevokeOutside},
		{"what has ended is swept by its end, and no list reads it", testSweepEnded},
	}
}

// family is one user with two sessions: grants a (session 1), b (session 1, offline), c (session 2), and
// d of another user with the same client.
type family struct {
	w          world
	a, b, c, d auth.Grant
}

func settleFamily(t *testing.T, db *store.DB) family {
	w := settle(t, db)
	other := settle(t, db, func(o *world) { o.grant.ClientID = w.client.ID })
	second := aSession(w.user)
	f := family{w: w, a: w.grant, b: aGrant(w.session, "b"), c: aGrant(second, "c"), d: other.grant}
	f.b.Offline = true
	update(t, db, func(tx *store.Tx) error {
		if err := tx.Sessions.Insert(t.Context(), second); err != nil {
			return err
		}
		if err := tx.Grants.Insert(t.Context(), f.b); err != nil {
			return err
		}
		return tx.Grants.Insert(t.Context(), f.c)
	})
	return f
}

func testRevoke(t *testing.T, db *store.DB) {
	for name, c := range map[string]struct {
		selects func(family) store.Selector
		want    func(family) []auth.ID
	}{
		"grant":   {func(f family) store.Selector { return store.Selector{Grant: f.b.ID} }, func(f family) []auth.ID { return []auth.ID{f.b.ID} }},
		"session": {func(f family) store.Selector { return store.Selector{Session: f.w.session.ID} }, func(f family) []auth.ID { return []auth.ID{f.a.ID} }},
		"user":    {func(f family) store.Selector { return store.Selector{User: f.w.user.ID} }, func(f family) []auth.ID { return []auth.ID{f.a.ID, f.b.ID, f.c.ID} }},
		"nobody":  {func(family) store.Selector { return store.Selector{User: auth.NewID(now())} }, func(family) []auth.ID { return nil }},
	} {
		f := settleFamily(t, db)
		revoke := func(at time.Time) []auth.ID {
			return ask(t, db, func(tx *store.Tx) ([]auth.ID, error) {
				return tx.Grants.Revoke(t.Context(), c.selects(f), auth.ReasonAdmin, at, keep)
			})
		}
		got := revoke(now())
		byID := func(a, b auth.ID) int { return slices.Compare(a[:], b[:]) }
		want := c.want(f)
		slices.SortFunc(got, byID)
		slices.SortFunc(want, byID)
		same(t, name, got, want)
		for _, g := range []auth.Grant{f.a, f.b, f.c, f.d} {
			stored, _ := facts(t, db, g.ID)
			if slices.Contains(want, g.ID) {
				g.RevokedAt, g.RevokedReason = now(), auth.ReasonAdmin
			}
			same(t, name, stored.Grant, g)
			published := written(t, db, g.ID) == "0 events, revoked true"
			if published != g.Revoked() {
				t.Errorf("%s: revoked %v, published %v", name, g.Revoked(), published)
			}
		}
		if again := revoke(now().Add(day)); len(again) != 0 {
			t.Errorf("%s: revoked again: %v", name, again)
		}
	}
}

func testRevokeClient(t *testing.T, db *store.DB) {
	f := settleFamily(t, db)
	ids := ask(t, db, func(tx *store.Tx) ([]auth.ID, error) {
		return tx.Grants.Revoke(t.Context(), store.Selector{Client: f.w.client.ID}, auth.ReasonClientDisabled, now(), keep)
	})
	if len(ids) != 2 || !slices.Contains(ids, f.a.ID) || !slices.Contains(ids, f.d.ID) {
		t.Errorf("revoked %v, want both grants of the client", ids)
	}
	if got := written(t, db, f.a.ID); got != "0 events, revoked false" {
		t.Errorf("%s: the client's epoch tells it", got)
	}
}

func testGrantList(t *testing.T, db *store.DB) {
	f := settleFamily(t, db)
	for name, c := range map[string]struct {
		sel   store.Selector
		limit int
		want  int
	}{
		"all":     {store.Selector{}, 99, 4},
		"limited": {store.Selector{}, 3, 3},
		"user":    {store.Selector{User: f.w.user.ID}, 99, 3},
		"client":  {store.Selector{Client: f.w.client.ID}, 99, 2},
		"grant":   {store.Selector{Grant: f.a.ID}, 99, 1},
		"nobody":  {store.Selector{Client: "nobody"}, 99, 0},
	} {
		got := ask(t, db, func(tx *store.Tx) ([]auth.Grant, error) { return tx.Grants.List(t.Context(), c.sel, c.limit) })
		newestFirst := slices.IsSortedFunc(got, func(a, b auth.Grant) int { return slices.Compare(b.ID[:], a.ID[:]) })
		if len(got) != c.want || !newestFirst {
			t.Errorf("%s: %d grants, newest first %v; want %d", name, len(got), newestFirst, c.want)
		}
	}
}

func testGrantSweep(t *testing.T, db *store.DB) {
	f := settleFamily(t, db)
	live := settle(t, db, func(w *world) {
		w.grant.ExpiresAt, w.grant.RevokedAt = now().Add(60*day), now() // ended, but a token of it may still come
	})
	at := f.a.ExpiresAt
	for i, c := range []struct {
		before time.Time
		want   int64
	}{{at, 0}, {at.Add(time.Millisecond), 3}, {at.Add(time.Millisecond), 1}, {at.Add(time.Millisecond), 0}} {
		if got := ask(t, db, func(tx *store.Tx) (int64, error) { return tx.Grants.Sweep(t.Context(), c.before, 3) }); got != c.want {
			t.Errorf("sweep %d: %d, want %d", i, got, c.want)
		}
	}
	facts(t, db, live.grant.ID)
}

func testRevokeOutside(t *testing.T, db *store.DB) {
	f := settleFamily(t, db)
	ids := ask(t, db, func(tx *store.Tx) ([]auth.ID, error) {
		return tx.Grants.RevokeOutside(t.Context(), f.w.user.ID, f.w.session.ID, auth.ReasonPasswordChange, now(), time.Hour)
	})
	same(t, "revoked", ids, []auth.ID{f.c.ID})
	for name, c := range map[string]struct {
		id   auth.ID
		want bool
	}{"of the session": {f.a.ID, false}, "offline of the session": {f.b.ID, false}, "of another session": {f.c.ID, true}, "of another user": {f.d.ID, false}} {
		view(t, db, func(tx *store.Tx) error {
			facts, _, err := tx.Grants.Facts(t.Context(), c.id)
			if err != nil {
				return err
			}
			told, err := tx.Revocations.Contains(t.Context(), auth.RevokeGrant, c.id.String())
			if facts.Grant.Revoked() != c.want || told != c.want {
				t.Errorf("%s: revoked %v, told %v, want %v", name, facts.Grant.Revoked(), told, c.want)
			}
			return err
		})
	}
	again := ask(t, db, func(tx *store.Tx) ([]auth.ID, error) {
		return tx.Grants.RevokeOutside(t.Context(), f.w.user.ID, auth.ID{}, auth.ReasonPasswordChange, now(), time.Hour)
	})
	if len(again) != 2 {
		t.Errorf("without a session to keep %d were revoked, want the two that lived", len(again))
	}
}

func testSweepEnded(t *testing.T, db *store.DB) {
	f := settleFamily(t, db)
	user, at := f.w.user.ID, now().Add(time.Hour)
	update(t, db, func(tx *store.Tx) error {
		if _, err := tx.Sessions.EndByUser(t.Context(), user, auth.ID{}, auth.ReasonSessionEnded, at); err != nil {
			return err
		}
		_, err := tx.Grants.Revoke(t.Context(), store.Selector{User: user}, auth.ReasonSessionEnded, at, time.Hour)
		return err
	})
	view(t, db, func(tx *store.Tx) error {
		sessions, err := tx.Sessions.ListByUser(t.Context(), user, now())
		if err != nil {
			return err
		}
		clients, err := tx.Sessions.ClientsByUser(t.Context(), user)
		if len(sessions)+len(clients) != 0 {
			t.Errorf("listed are %d sessions and the clients of %d", len(sessions), len(clients))
		}
		return err
	})
	sweep := func(before time.Time) (sessions, grants int64) {
		grants = ask(t, db, func(tx *store.Tx) (int64, error) { return tx.Grants.SweepRevoked(t.Context(), before, 10) })
		sessions = ask(t, db, func(tx *store.Tx) (int64, error) { return tx.Sessions.SweepEnded(t.Context(), before, 10) })
		return sessions, grants
	}
	if s, g := sweep(at); s+g != 0 {
		t.Errorf("too early %d sessions and %d grants were swept", s, g)
	}
	if s, g := sweep(at.Add(time.Millisecond)); s != 2 || g != 3 {
		t.Errorf("%d sessions and %d grants were swept, want 2 and 3 of the user", s, g)
	}
}
