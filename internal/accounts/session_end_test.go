package accounts

import (
	"errors"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

func TestEndOfASessionEndsItsGrantsButNotTheOfflineOnes(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		ann := f.user(t, "ann@example.com")
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
	ann := f.user(t, "ann@example.com")
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
	ann, bob := f.user(t, "ann@example.com"), f.user(t, "bob@example.com")
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
		ann := f.user(t, "ann@example.com")
		here, there, stranger := f.logIn(t, ann), f.logIn(t, ann), f.logIn(t, f.user(t, "bob@example.com"))
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
