package accounts

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

func TestLogInStoresSessionAndGrantTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		ann := f.user(t, "ann@example.com")
		session, cookie := f.NewSession(ann, somebody(), "pwd")
		g := f.grant(session, false)
		broken := errors.New("broken")
		err := f.LogIn(t.Context(), Entry{User: ann}, session, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Grants.Insert(ctx, g); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatalf("got %v, want the error of attach", err)
		}
		if _, _, err := f.SessionByToken(t.Context(), cookie); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("the session was stored: %v", err)
		}
		err = db.View(t.Context(), func(tx *store.Tx) error { _, _, err := tx.Grants.Facts(t.Context(), g.ID); return err })
		if !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("the grant was stored: %v", err)
		}
		if n := f.events(t, ann.ID, auth.EventUserLoggedIn); n != 0 {
			t.Errorf("%d log-in events, want 0", n)
		}
		f.logIn(t, ann)
		if n := f.events(t, ann.ID, auth.EventUserLoggedIn); n != 1 {
			t.Errorf("%d log-in events, want 1", n)
		}
	})
}

func TestSessionIsKeptAsAHashOfItsCookie(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	session, cookie := f.NewSession(f.user(t, "ann@example.com"), somebody(), "pwd")
	if n := len(cookie.Reveal()); n != 43 {
		t.Errorf("the cookie has %d characters, want 43 (32 bytes)", n)
	}
	if session.TokenHash != cookie.Hash() {
		t.Error("the session does not hold SHA-256 of the cookie")
	}
	if again, other := f.NewSession(auth.User{}, somebody()); other.Equal(cookie) || again.ID == session.ID {
		t.Error("two log-ins share an id or a cookie")
	}
}

func TestSessionIsLiveUntilItEndsAgesOrIdles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*testing.T, *fixture, login)
		live   bool
	}{
		"at once":     {func(*testing.T, *fixture, login) {}, true},
		"nearly idle": {func(_ *testing.T, f *fixture, _ login) { f.clock.advance(auth.DefaultSessionIdle - time.Second) }, true},
		"idle":        {func(_ *testing.T, f *fixture, _ login) { f.clock.advance(auth.DefaultSessionIdle) }, false},
		"kept alive by a grant": {func(t *testing.T, f *fixture, l login) {
			f.clock.advance(auth.DefaultSessionIdle - time.Hour)
			f.useGrant(t, l)
			f.clock.advance(2 * time.Hour)
		}, true},
		"used daily, past its absolute end": {func(t *testing.T, f *fixture, l login) {
			for range 30 {
				f.clock.advance(24 * time.Hour)
				f.useGrant(t, l)
			}
		}, false},
		"logged out": {func(t *testing.T, f *fixture, l login) {
			if err := f.LogOut(t.Context(), somebody(), l.session.ID); err != nil {
				t.Fatal(err)
			}
		}, false},
		"user disabled, session forgotten": {func(t *testing.T, f *fixture, l login) {
			f.disable(t, auth.User{ID: l.session.UserID})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, nil)
			ann := f.user(t, "ann@example.com")
			l := f.logIn(t, ann)
			c.change(t, f, l)
			list, err := f.Sessions(t.Context(), ann.ID, l.session.ID)
			if err != nil || (len(list) == 1) != c.live && !strings.Contains(name, "forgotten") {
				t.Errorf("listed %d (%v), want live = %v", len(list), err, c.live)
			}
			view, user, err := f.SessionByToken(t.Context(), l.cookie)
			if c.live && (err != nil || view.ID != l.session.ID || user.ID != ann.ID || !view.Current) {
				t.Errorf("got %v, %v, want the session and its user", view.ID, err)
			}
			if !c.live && !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("got %v, want ErrNotFound", err)
			}
		})
	}
}

// useGrant moves the last use of the log-in's grant to now, as a refresh does.
func (f *fixture) useGrant(t *testing.T, l login) {
	t.Helper()
	err := f.db.Update(t.Context(), func(tx *store.Tx) error {
		facts, _, err := tx.Grants.Facts(t.Context(), l.grant)
		if err != nil {
			return err
		}
		next := facts.Grant
		next.LastUsedAt = f.clock.Now()
		_, err = tx.Grants.Apply(t.Context(), facts.Grant, auth.Change{Grant: next})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestUnknownCookiesAreNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	l := f.logIn(t, f.user(t, "ann@example.com"))
	for _, value := range []string{"", "x", secret.RandomToken(32).Reveal(), l.cookie.Reveal() + "A", l.session.ID.String()} {
		if _, _, err := f.SessionByToken(t.Context(), secret.FromString(value)); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", value, err)
		}
	}
}

func TestUseOfASessionIsWrittenAtMostOncePerMinute(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	l := f.logIn(t, f.user(t, "ann@example.com"))
	for _, c := range []struct {
		after time.Duration // since the log-in
		want  time.Duration // last use on record
	}{{59 * time.Second, 0}, {time.Minute, time.Minute}, {119 * time.Second, time.Minute}, {2 * time.Minute, 2 * time.Minute}} {
		f.clock.advance(l.session.CreatedAt.Add(c.after).Sub(f.clock.Now()))
		if _, _, err := f.SessionByToken(t.Context(), l.cookie); err != nil {
			t.Fatal(err)
		}
		var view auth.SessionView
		f.view(t, func(tx *store.Tx) (err error) {
			view, err = tx.Sessions.Find(t.Context(), l.session.ID)
			return err
		})
		if got := view.LastUsedAt.Sub(l.session.CreatedAt); got != c.want {
			t.Errorf("used after %v: %v on record, want %v", c.after, got, c.want)
		}
	}
}

func TestListNamesClientsAndMarksTheCurrentSession(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		ann := f.user(t, "ann@example.com")
		first := f.logIn(t, ann)
		f.clock.advance(time.Second)
		second := f.logIn(t, ann)
		f.logIn(t, f.user(t, "bob@example.com"))
		list, err := f.Sessions(t.Context(), ann.ID, first.session.ID)
		if err != nil || len(list) != 2 || list[0].ID != second.session.ID || list[1].ID != first.session.ID {
			t.Fatalf("got %d sessions (%v), want the user's two, newest first", len(list), err)
		}
		if list[0].Current || !list[1].Current {
			t.Error("the wrong session is current")
		}
		if got := list[0].ClientIDs; len(got) != 1 || got[0] != auth.FirstPartyClient {
			t.Errorf("clients %v, want %s once", got, auth.FirstPartyClient)
		}
	})
}
