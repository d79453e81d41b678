package admin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
)

func TestEndingASessionEndsItsGrantsButNotOfflineOnes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		u := h.user("ann@example.com")
		one, two := h.session(u.ID), h.session(u.ID)
		online, _ := h.grant(u.ID, one, auth.FirstPartyClient, false)
		offline, _ := h.grant(u.ID, one, auth.FirstPartyClient, true)
		other, _ := h.grant(u.ID, two, auth.FirstPartyClient, false)
		done, err := h.admin.EndSession(t.Context(), one, by())
		if err != nil || done != (admin.Ended{Changed: true, Sessions: 1, Grants: 1}) {
			t.Fatalf("got %+v, %v", done, err)
		}
		if !h.grantNow(online.ID).Revoked() || h.grantNow(offline.ID).Revoked() || h.grantNow(other.ID).Revoked() {
			t.Error("want exactly the session's online grant ended")
		}
		if e := h.events(u.ID)[0]; e.Kind != auth.EventSessionEnded || e.SessionID != one {
			t.Errorf("event: got %+v", e)
		}
		if again, err := h.admin.EndSession(t.Context(), one, by()); err != nil || again.Changed {
			t.Errorf("again: got %+v, %v, want nothing changed", again, err)
		}
		all, err := h.admin.EndSessions(t.Context(), u.ID, by())
		if err != nil || all != (admin.Ended{Changed: true, Sessions: 1, Grants: 1}) {
			t.Errorf("end all: got %+v, %v", all, err)
		}
		if live, err := h.admin.Sessions(t.Context(), u.ID); err != nil || len(live) != 0 {
			t.Errorf("live: got %d, %v", len(live), err)
		}
	})
}

func TestOnlyLiveSessionsAreListedWithTheirClients(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.user("ann@example.com")
	h.session(u.ID) // will idle out
	h.now = h.now.Add(auth.DefaultSessionIdle - time.Hour)
	fresh := h.session(u.ID)
	h.grant(u.ID, fresh, auth.FirstPartyClient, false)
	h.grant(u.ID, fresh, auth.FirstPartyClient, false)
	h.now = h.now.Add(time.Hour)
	live, err := h.admin.Sessions(t.Context(), u.ID)
	if err != nil || len(live) != 1 || live[0].ID != fresh || len(live[0].ClientIDs) != 1 || live[0].ClientIDs[0] != auth.FirstPartyClient {
		t.Errorf("got %+v, %v, want the fresh one with one client", live, err)
	}
	if _, err := h.admin.EndSession(t.Context(), auth.ID{9}, by()); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("unknown session: got %v", err)
	}
}

func TestRevokingAGrantIsDoneOnceAndPublished(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		u := h.user("ann@example.com")
		g, _ := h.grant(u.ID, h.session(u.ID), auth.FirstPartyClient, true)
		for i, want := range []bool{true, false} {
			if done, err := h.admin.RevokeGrant(t.Context(), g.ID, by()); err != nil || done.Changed != want {
				t.Errorf("revoke %d: got %+v, %v", i, done, err)
			}
		}
		v, err := h.admin.ShowGrant(t.Context(), g.ID)
		if err != nil || v.State.Verdict != auth.Revoked || v.State.Why != auth.ReasonAdmin || v.Email != u.Email || !h.revoked(auth.RevokeGrant, g.ID.String()) {
			t.Errorf("got %+v, %v", v, err)
		}
		if kinds(v.Events) != "grant.revoked" {
			t.Errorf("events: got %s", kinds(v.Events))
		}
		if _, err := h.admin.RevokeGrant(t.Context(), auth.ID{9}, by()); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("unknown: got %v", err)
		}
	})
}

func TestGrantsAreListedByUserAndByClient(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.user("a@example.com"), h.user("b@example.com")
	s := h.session(a.ID)
	h.grant(a.ID, s, auth.FirstPartyClient, false)
	h.grant(a.ID, s, "app", false)
	h.grant(b.ID, h.session(b.ID), "app", false)
	for name, c := range map[string]struct {
		filter admin.GrantFilter
		limit  int
		want   int
		more   bool
	}{
		"all":       {admin.GrantFilter{}, 10, 3, false},
		"of a":      {admin.GrantFilter{User: a.ID}, 10, 2, false},
		"of client": {admin.GrantFilter{Client: "app"}, 10, 2, false},
		"cut":       {admin.GrantFilter{}, 2, 2, true},
	} {
		if got, more, err := h.admin.Grants(t.Context(), c.filter, c.limit); err != nil || len(got) != c.want || more != c.more {
			t.Errorf("%s: got %d, more %v, %v", name, len(got), more, err)
		}
	}
}
