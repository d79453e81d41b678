package accounts

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

func TestStepUpRenewsTheSessionAndTellsWhen(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		ann := f.user(t, "ann@example.com")
		here, there := f.logIn(t, ann), f.logIn(t, ann)
		began := f.clock.Now()
		f.clock.advance(time.Hour)
		if _, err := f.Reauthenticate(t.Context(), ann.ID, here.session.ID, secret.FromString("wrong"), somebody()); !errors.Is(err, auth.ErrCredentials) {
			t.Fatalf("wrong password: got %v, want ErrCredentials", err)
		}
		if view, _, err := f.SessionByToken(t.Context(), here.cookie); err != nil || !view.AuthTime.Equal(began) {
			t.Fatalf("after a refusal: authenticated %v, %v, want %v", view.AuthTime, err, began)
		}
		cookie, err := f.Reauthenticate(t.Context(), ann.ID, here.session.ID, secret.FromString(goodPassword), somebody())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.SessionByToken(t.Context(), here.cookie); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("the cookie from before: got %v, want ErrNotFound", err)
		}
		view, _, err := f.SessionByToken(t.Context(), cookie)
		if err != nil || view.ID != here.session.ID || !view.AuthTime.Equal(f.clock.Now()) || !slices.Equal(view.AMR, []string{"pwd"}) {
			t.Errorf("the new cookie: %v, session %v authenticated %v by %v", err, view.ID, view.AuthTime, view.AMR)
		}
		for name, c := range map[string]struct {
			grant auth.ID
			want  time.Time
		}{
			"its grant":           {here.grant, f.clock.Now()},
			"its offline grant":   {here.offline, f.clock.Now()},
			"another session's":   {there.grant, began},
			"another one offline": {there.offline, began},
		} {
			if got := f.grantOf(t, c.grant); !got.AuthTime.Equal(c.want) {
				t.Errorf("%s says authenticated at %v, want %v", name, got.AuthTime, c.want)
			}
		}
		if n := f.events(t, ann.ID, auth.EventReauthenticated); n != 1 {
			t.Errorf("%d events, want 1", n)
		}
	})
}

func TestStepUpKeepsWhatElseTheUserWasRecognisedBy(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.user(t, "ann@example.com")
	session, _ := f.NewSession(ann, somebody(), "hwk")
	if err := f.LogIn(t.Context(), Entry{User: ann}, session, nothing); err != nil {
		t.Fatal(err)
	}
	cookie, err := f.Reauthenticate(t.Context(), ann.ID, session.ID, secret.FromString(goodPassword), somebody())
	if err != nil {
		t.Fatal(err)
	}
	if view, _, err := f.SessionByToken(t.Context(), cookie); err != nil || !slices.Equal(view.AMR, []string{"hwk", "pwd"}) {
		t.Errorf("recognised by %v, %v, want hwk and pwd", view.AMR, err)
	}
}

func TestStepUpOfASessionThatIsOverIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.user(t, "ann@example.com")
	l := f.logIn(t, ann)
	if err := f.LogOut(t.Context(), somebody(), l.session.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Reauthenticate(t.Context(), ann.ID, l.session.ID, secret.FromString(goodPassword), somebody()); !errors.Is(err, auth.ErrSessionOver) {
		t.Errorf("got %v, want ErrSessionOver", err)
	}
	if got := f.standing(t, l); got != "offline" {
		t.Errorf("%q is left, want the offline grant alone", got)
	}
}

func TestOneSessionTooManyEndsTheLeastRecentlyUsedOne(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, func(n *Needs) { n.SessionsPerUser = 3 })
		ann, bob := f.user(t, "ann@example.com"), f.user(t, "bob@example.com")
		strangers := f.logIn(t, bob)
		var all []login
		for range 3 {
			f.clock.advance(time.Minute)
			all = append(all, f.logIn(t, ann))
		}
		f.clock.advance(2 * time.Minute)
		if _, _, err := f.SessionByToken(t.Context(), all[0].cookie); err != nil { // the oldest one is used
			t.Fatal(err)
		}
		f.clock.advance(time.Minute)
		all = append(all, f.logIn(t, ann), strangers)
		for i, want := range []string{"session grant offline", "offline", "session grant offline", "session grant offline", "session grant offline"} {
			if got := f.standing(t, all[i]); got != want {
				t.Errorf("session %d: %q is left, want %q", i, got, want)
			}
		}
	})
}

func TestStepUpOfAUserWhoIsGoneIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for email, end := range map[string]func(*testing.T, auth.User){"disabled@example.com": f.disable, "deleted@example.com": f.remove, "changed@example.com": f.changePassword} {
		u := f.user(t, email)
		l := f.logIn(t, u)
		f.hasher.before = func() { end(t, u) } // after the user was read
		_, err := f.Reauthenticate(t.Context(), u.ID, l.session.ID, secret.FromString(goodPassword), somebody())
		f.hasher.before = nil
		if !errors.Is(err, auth.ErrCredentials) {
			t.Errorf("%s: got %v, want ErrCredentials", email, err)
		}
		f.view(t, func(tx *store.Tx) error {
			view, err := tx.Sessions.Find(t.Context(), l.session.ID)
			if view.TokenHash != l.cookie.Hash() {
				t.Errorf("%s: the session was renewed", email)
			}
			return err
		})
	}
}

// changePassword moves the version as an operator's change does.
func (f *fixture) changePassword(t *testing.T, u auth.User) {
	t.Helper()
	f.update(t, func(tx *store.Tx) error {
		_, err := tx.Users.SetPassword(t.Context(), u.ID, u.PasswordVersion, secret.FromString("another hash"))
		return err
	})
}

func TestNewSessionIsNeverTheOneThatMakesRoom(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(n *Needs) { n.SessionsPerUser = 1 })
	ann := f.user(t, "ann@example.com")
	old := f.logIn(t, ann)
	f.update(t, func(tx *store.Tx) error { // by a node whose clock is ahead
		return tx.Sessions.Touch(t.Context(), old.session.ID, f.clock.Now().Add(time.Second))
	})
	fresh := f.logIn(t, ann)
	if got := f.standing(t, fresh); got != "session grant offline" {
		t.Errorf("%q is left of the new session, want all", got)
	}
	if got := f.standing(t, old); got != "offline" {
		t.Errorf("%q is left of the old one, want the offline grant", got)
	}
}
