package storetest

import (
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

func rotateCases() []testCase {
	return []testCase{
		{"a rotation moves the chain and gives the grant and today's roles", testRotate},
		{"a rotation moves nothing unless all of Current holds", testRotateRefuses},
		{"a rotation says that its user is gone", testRotateUserGone},
		{"a rotation is auth.Judge in SQL", testRotateIsJudge},
	}
}

// swapFor asks for the rotation that moves w's grant.
func swapFor(w world) store.Swap {
	return store.Swap{
		Grant: w.grant.ID, SecretHash: w.grant.SecretHash, Generation: w.grant.Current, ClientID: w.grant.ClientID,
		Binding: w.grant.Binding, Public: w.client.Public, Proves: w.client.Proves(w.grant.Binding), Rules: rules(), Now: now(),
	}
}

type rotation struct {
	grant    auth.Grant
	roles    []string
	userGone bool
	moved    bool
}

func rotate(t testing.TB, db *store.DB, s store.Swap) (r rotation) {
	t.Helper()
	var err error
	if r.grant, r.roles, r.userGone, r.moved, err = db.Rotate(t.Context(), s); err != nil {
		t.Fatalf("rotate: %v", err)
	}
	return r
}

func testRotate(t *testing.T, db *store.DB) {
	for name, c := range map[string]struct {
		make func(*world)
		want auth.Chain
	}{
		"window open": {
			func(*world) {},
			auth.Chain{Current: 6, CurrentKey: 2, First: 3, Last: 5, Since: now().Add(-10 * time.Second), LastUsedAt: now()},
		},
		"window closed": {
			func(w *world) { w.grant.Since = now().Add(-30 * time.Second) },
			auth.Chain{Current: 6, CurrentKey: 2, First: 5, Last: 5, Since: now(), LastUsedAt: now()},
		},
		"first of all": {
			func(w *world) { w.grant.Chain = auth.NewChain(1, now()) },
			auth.Chain{Current: 1, CurrentKey: 2, First: 0, Last: 0, Since: now(), LastUsedAt: now()},
		},
		"proving client": {
			func(w *world) { w.client.Public, w.grant.Since = false, now().Add(-365*day) },
			auth.Chain{Current: 6, CurrentKey: 2, First: 3, Last: 5, Since: now().Add(-365 * day), LastUsedAt: now()},
		},
		"last generation of all": {
			func(w *world) { w.grant.Current = auth.MaxGeneration - 1 },
			auth.Chain{Current: auth.MaxGeneration, CurrentKey: 2, First: 3, Last: auth.MaxGeneration - 1, Since: now().Add(-10 * time.Second), LastUsedAt: now()},
		},
	} {
		w := settle(t, db, c.make)
		neighbour := settle(t, db)
		got := rotate(t, db, swapFor(w))
		if !got.moved || got.userGone {
			t.Errorf("%s: moved %v, user gone %v", name, got.moved, got.userGone)
			continue
		}
		want := w.grant
		want.Chain = c.want
		same(t, name+": roles", got.roles, w.user.Roles)
		same(t, name+": answer", got.grant, want)
		f, _ := facts(t, db, w.grant.ID)
		same(t, name+": row", f.Grant, want)
		if rotate(t, db, swapFor(w)).moved {
			t.Errorf("%s: one generation was spent twice", name)
		}
		f, _ = facts(t, db, neighbour.grant.ID)
		same(t, name+": another grant", f.Grant, neighbour.grant)
	}
}

func testRotateRefuses(t *testing.T, db *store.DB) {
	nothing := func(*world) {}
	plain := func(*store.Swap) {}
	for name, c := range map[string]struct {
		make  func(*world)
		ask   func(*store.Swap)
		moves bool
	}{
		"all well":                    {nothing, plain, true},
		"another grant":               {nothing, func(s *store.Swap) { s.Grant = auth.NewID(now()) }, false},
		"wrong secret":                {nothing, func(s *store.Swap) { s.SecretHash = secret.New([]byte("x")).Hash() }, false},
		"generation below":            {nothing, func(s *store.Swap) { s.Generation-- }, false},
		"generation above":            {nothing, func(s *store.Swap) { s.Generation++ }, false},
		"another client":              {nothing, func(s *store.Swap) { s.ClientID = "other" }, false},
		"public, another key":         {func(w *world) { w.grant.Binding = "k" }, func(s *store.Swap) { s.Binding = "l" }, false},
		"public, key missing":         {func(w *world) { w.grant.Binding = "k" }, func(s *store.Swap) { s.Binding = "" }, false},
		"public, key never bound":     {nothing, func(s *store.Swap) { s.Binding = "k" }, false},
		"confidential, another key":   {func(w *world) { w.client.Public = false }, func(s *store.Swap) { s.Binding = "k" }, true},
		"revoked":                     {func(w *world) { w.grant.RevokedAt = now().Add(time.Hour) }, plain, false},
		"no generation left":          {func(w *world) { w.grant.Current = auth.MaxGeneration }, plain, false},
		"ends in 1 ms":                {func(w *world) { w.grant.ExpiresAt = now().Add(time.Millisecond) }, plain, true},
		"ends now":                    {func(w *world) { w.grant.ExpiresAt = now() }, plain, false},
		"never had an end":            {func(w *world) { w.grant.ExpiresAt = time.Time{} }, plain, false},
		"session idle 1 ms short":     {func(w *world) { w.grant.LastUsedAt = now().Add(-7*day + time.Millisecond) }, plain, true},
		"session idle":                {func(w *world) { w.grant.LastUsedAt = now().Add(-7 * day) }, plain, false},
		"offline, idle 1 ms short":    {func(w *world) { w.grant.Offline, w.grant.LastUsedAt = true, now().Add(-30*day+time.Millisecond) }, plain, true},
		"offline, idle":               {func(w *world) { w.grant.Offline, w.grant.LastUsedAt = true, now().Add(-30*day) }, plain, false},
		"a window of forty days":      {nothing, func(s *store.Swap) { s.Rules.Window = 40 * day }, true},
		"a window beyond any number":  {nothing, func(s *store.Swap) { s.Rules.Window = 1<<63 - 1 }, true},
		"idle times beyond any bound": {nothing, func(s *store.Swap) { s.Rules.Idle, s.Rules.SessionIdle = 1<<63-1, 1<<63-1 }, true},
	} {
		w := settle(t, db, c.make)
		s := swapFor(w)
		c.ask(&s)
		got := rotate(t, db, s)
		if got.moved != c.moves {
			t.Errorf("%s: moved %v, want %v", name, got.moved, c.moves)
		}
		if f, _ := facts(t, db, w.grant.ID); !c.moves {
			same(t, name, f.Grant, w.grant)
			same(t, name+": answer", got.grant, auth.Grant{})
		}
	}
}

// The grants of a disabled user are revoked, so this concerns a grant made at that very moment.
func testRotateUserGone(t *testing.T, db *store.DB) {
	disabled := settle(t, db, func(w *world) { w.user.DisabledAt = now() })
	deleted := settle(t, db)
	ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Users.Delete(t.Context(), deleted.user.ID) })
	for name, w := range map[string]world{"disabled": disabled, "deleted": deleted} {
		if got := rotate(t, db, swapFor(w)); !got.moved || !got.userGone || len(got.roles) != 0 {
			t.Errorf("%s: moved %v, user gone %v, roles %v", name, got.moved, got.userGone, got.roles)
		}
	}
}
