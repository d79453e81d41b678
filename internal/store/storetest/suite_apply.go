package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

func applyCases() []testCase {
	return []testCase{
		{"a change is written with its event", testApply},
		{"a change to a row that moved is not written", testApplyLoses},
		{"an end is written with its event and its revocation, whatever moved", testApplyEnd},
		{"an end that somebody else wrote stays theirs", testApplyEndTwice},
		{"a grant that ended takes notes and nothing else", testApplyNoteOnEnded},
	}
}

func apply(t testing.TB, db *store.DB, judged auth.Grant, c auth.Change) bool {
	t.Helper()
	return ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Grants.Apply(t.Context(), judged, c) })
}

// written counts the events and revocations of a grant.
func written(t testing.TB, db *store.DB, id auth.ID) string {
	t.Helper()
	return ask(t, db, func(tx *store.Tx) (string, error) {
		events, err := tx.Events.OfGrant(t.Context(), id, 99)
		if err != nil {
			return "", err
		}
		revoked, err := tx.Revocations.Contains(t.Context(), auth.RevokeGrant, id.String())
		return fmt.Sprintf("%d events, revoked %v", len(events), revoked), err
	})
}

func moved(g auth.Grant) auth.Change {
	event := auth.Event{At: now(), Kind: auth.EventGrantRecovered, GrantID: g.ID, UserID: g.UserID}
	g.Current, g.CurrentKey, g.First, g.Last = 6, 2, 3, 4
	g.Since, g.LastUsedAt, g.ReplayNotedAt, g.MisboundNotedAt = now(), now().Add(time.Second), now(), now()
	return auth.Change{Grant: g, Events: []auth.Event{event}}
}

func testApply(t *testing.T, db *store.DB) {
	w := settle(t, db)
	c := moved(w.grant)
	if !apply(t, db, w.grant, c) {
		t.Fatal("not written")
	}
	f, _ := facts(t, db, w.grant.ID)
	same(t, "grant", f.Grant, c.Grant)
	if got := written(t, db, w.grant.ID); got != "1 events, revoked false" {
		t.Error(got)
	}
	if apply(t, db, w.grant, c) {
		t.Error("one row was judged once and changed twice")
	}
	if got := written(t, db, w.grant.ID); got != "1 events, revoked false" {
		t.Errorf("the loser wrote: %s", got)
	}
}

func testApplyLoses(t *testing.T, db *store.DB) {
	for name, differs := range map[string]func(*auth.Grant){
		"current":       func(g *auth.Grant) { g.Current++ },
		"first":         func(g *auth.Grant) { g.First++ },
		"last":          func(g *auth.Grant) { g.Last-- },
		"since":         func(g *auth.Grant) { g.Since = g.Since.Add(time.Millisecond) },
		"last use":      func(g *auth.Grant) { g.LastUsedAt = g.LastUsedAt.Add(time.Millisecond) },
		"replay note":   func(g *auth.Grant) { g.ReplayNotedAt = now() },
		"misbound note": func(g *auth.Grant) { g.MisboundNotedAt = now() },
		"ended":         func(g *auth.Grant) { g.RevokedAt, g.RevokedReason = now(), auth.ReasonLogout },
	} {
		w := settle(t, db)
		c := moved(w.grant)
		stored := w.grant
		differs(&stored)
		replace(t, db, stored) // the row is what it is; the judged one is older
		if apply(t, db, w.grant, c) {
			t.Errorf("%s: a change to another row than the judged one was written", name)
		}
		if got := written(t, db, w.grant.ID); got != "0 events, revoked false" {
			t.Errorf("%s: the loser wrote: %s", name, got)
		}
		f, _ := facts(t, db, w.grant.ID)
		same(t, name, f.Grant, stored)
	}
	missing := aGrant(settle(t, db).session, "app")
	if apply(t, db, missing, moved(missing)) || apply(t, db, missing, ended(missing, auth.ReasonReuse)) {
		t.Error("a grant that is not there was changed")
	}
}

// replace stores a grant in place of the one with its id.
func replace(t testing.TB, db *store.DB, g auth.Grant) {
	t.Helper()
	f, _ := facts(t, db, g.ID)
	if !apply(t, db, f.Grant, auth.Change{Grant: g}) {
		t.Fatal("the row cannot be replaced")
	}
}

func ended(g auth.Grant, reason string) auth.Change {
	c := auth.KillGrant(g, reason, rules(), now())
	c.Events = []auth.Event{{At: now(), Kind: auth.EventGrantReuse, GrantID: g.ID}}
	return c
}

func testApplyEnd(t *testing.T, db *store.DB) {
	w := settle(t, db)
	rotated := moved(w.grant)
	replace(t, db, rotated.Grant) // a rotation came between the judgement and its execution
	if !apply(t, db, w.grant, ended(w.grant, auth.ReasonReuse)) {
		t.Fatal("a concurrent rotation saved the grant")
	}
	f, _ := facts(t, db, w.grant.ID)
	want := rotated.Grant
	want.RevokedAt, want.RevokedReason = now(), auth.ReasonReuse
	same(t, "grant", f.Grant, want)
	if got := written(t, db, w.grant.ID); got != "1 events, revoked true" {
		t.Error(got)
	}
}

func testApplyEndTwice(t *testing.T, db *store.DB) {
	w := settle(t, db)
	for i, reason := range []string{auth.ReasonLogout, auth.ReasonReuse} {
		if got := apply(t, db, w.grant, ended(w.grant, reason)); got != (i == 0) {
			t.Errorf("end %d: %v", i, got)
		}
	}
	f, _ := facts(t, db, w.grant.ID)
	if apply(t, db, f.Grant, ended(f.Grant, auth.ReasonReuse)) { // judged when it had ended
		t.Error("ended twice")
	}
	if f.Grant.RevokedReason != auth.ReasonLogout {
		t.Errorf("reason %q", f.Grant.RevokedReason)
	}
	if got := written(t, db, w.grant.ID); got != "1 events, revoked true" {
		t.Error(got)
	}
}

// A forged token is an alarm also when its grant has ended.
func testApplyNoteOnEnded(t *testing.T, db *store.DB) {
	w := settle(t, db, func(w *world) { w.grant.RevokedAt, w.grant.RevokedReason = now(), auth.ReasonLogout })
	c := auth.Change{Grant: w.grant, Events: []auth.Event{{At: now(), Kind: auth.EventGrantForged, GrantID: w.grant.ID}}}
	c.Grant.MisboundNotedAt = now()
	if !apply(t, db, w.grant, c) {
		t.Fatal("not written")
	}
	f, _ := facts(t, db, w.grant.ID)
	same(t, "grant", f.Grant, c.Grant)
	if got := written(t, db, w.grant.ID); got != "1 events, revoked false" {
		t.Error(got)
	}
}
