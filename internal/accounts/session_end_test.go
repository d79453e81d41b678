package accounts

import (
	"context"
	"errors"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

func TestEndOfASessionEndsItsGrantsButNotTheOfflineOnes(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		ann := f.signUp(t, "ann@example.com")
		out, ended, kept := f.logIn(t, ann), f.logIn(t, ann), f.logIn(t, ann)
		if err := f.LogOut(t.Context(), somebody(), out.session.ID); err != nil {
			t.Fatal(err)
		}
		if err := f.EndSession(t.Context(), ann.ID, ended.session.ID, somebody()); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			is   login
			want string
		}{"logged out": {out, "offline"}, "ended": {ended, "offline"}, "kept": {kept, "session grant offline"}} {
			if got := f.standing(t, c.is); got != c.want {
				t.Errorf("%s: %q is left, want %q", name, got, c.want)
			}
		}
		if n := f.events(t, ann.ID, auth.EventSessionEnded); n != 2 {
			t.Errorf("%d events, want 2", n)
		}
	})
}

func TestLogOutMayBeRepeatedAndPassesStrangersBy(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.signUp(t, "ann@example.com")
	l := f.logIn(t, ann)
	unknown := auth.NewID(f.clock.Now())
	for range 2 {
		if err := f.LogOut(t.Context(), somebody(), unknown, l.session.ID, l.session.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.LogOut(t.Context(), somebody()); err != nil {
		t.Errorf("nobody to log out: %v", err)
	}
	if n := f.events(t, ann.ID, auth.EventSessionEnded); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func TestNobodyEndsAnotherUsersSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann, bob := f.signUp(t, "ann@example.com"), f.signUp(t, "bob@example.com")
	l := f.logIn(t, ann)
	for name, id := range map[string]auth.ID{"another user's": l.session.ID, "unknown": auth.NewID(f.clock.Now())} {
		if err := f.EndSession(t.Context(), bob.ID, id, somebody()); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	if got := f.standing(t, l); got != "session grant offline" {
		t.Errorf("%q is left, want all", got)
	}
	if err := f.EndSession(t.Context(), ann.ID, l.session.ID, somebody()); err != nil {
		t.Fatal(err)
	}
	if err := f.EndSession(t.Context(), ann.ID, l.session.ID, somebody()); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("ended twice: got %v, want ErrNotFound", err)
	}
}

func TestEndOtherSessionsKeepsTheCurrentOne(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		ann := f.signUp(t, "ann@example.com")
		here, there, stranger := f.logIn(t, ann), f.logIn(t, ann), f.logIn(t, f.signUp(t, "bob@example.com"))
		if err := f.EndOtherSessions(t.Context(), ann.ID, here.session.ID, somebody()); err != nil {
			t.Fatal(err)
		}
		if got := f.standing(t, here); got != "session grant offline" {
			t.Errorf("current: %q is left, want all", got)
		}
		if got := f.standing(t, there); got != "offline" {
			t.Errorf("other: %q is left, want the offline grant", got)
		}
		if got := f.standing(t, stranger); got != "session grant offline" {
			t.Errorf("another user: %q is left, want all", got)
		}
	})
}

func TestDisabledOrDeletedUserLosesEverySessionAndGrant(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		for _, c := range []struct {
			email string
			end   func(context.Context, auth.ID, auth.Caller) error
			kind  auth.EventKind
		}{{"disabled@example.com", f.Disable, auth.EventUserDisabled}, {"deleted@example.com", f.Delete, auth.EventUserDeleted}} {
			u := f.signUp(t, c.email)
			first, second := f.logIn(t, u), f.logIn(t, u)
			if err := c.end(t.Context(), u.ID, somebody()); err != nil {
				t.Fatal(err)
			}
			if a, b := f.standing(t, first), f.standing(t, second); a != "" || b != "" {
				t.Errorf("%s: %q and %q are left, want nothing", c.email, a, b)
			}
			if _, err := f.Verify(t.Context(), c.email, secret.FromString(goodPassword), somebody()); !errors.Is(err, auth.ErrCredentials) {
				t.Errorf("%s: got %v, want ErrCredentials", c.email, err)
			}
			if n := f.events(t, u.ID, c.kind); n != 1 {
				t.Errorf("%s: %d events, want 1", c.email, n)
			}
		}
	})
}

func TestEnabledUserLogsInAgainButKeepsNoOldSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.signUp(t, "ann@example.com")
	l := f.logIn(t, ann)
	for range 2 { // each may be repeated
		if err := f.Disable(t.Context(), ann.ID, somebody()); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := f.Enable(t.Context(), ann.ID, somebody()); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.standing(t, l); got != "" {
		t.Errorf("%q is left, want nothing", got)
	}
	if _, err := f.Verify(t.Context(), ann.Email, secret.FromString(goodPassword), somebody()); err != nil {
		t.Errorf("log in again: %v", err)
	}
	if d, e := f.events(t, ann.ID, auth.EventUserDisabled), f.events(t, ann.ID, auth.EventUserEnabled); d != 1 || e != 1 {
		t.Errorf("%d and %d events, want 1 and 1", d, e)
	}
	for name, act := range map[string]func(context.Context, auth.ID, auth.Caller) error{"disable": f.Disable, "enable": f.Enable, "delete": f.Delete} {
		if err := act(t.Context(), auth.NewID(f.clock.Now()), somebody()); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%s nobody: got %v, want ErrNotFound", name, err)
		}
	}
}
