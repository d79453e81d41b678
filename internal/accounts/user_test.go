package accounts

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

// signUp signs up and logs in, as internal/login does.
func (f *fixture) signUp(t *testing.T, email string, attach func(context.Context, *store.Tx) error) (Entry, secret.Token, error) {
	t.Helper()
	e, err := f.SignUp(t.Context(), ask(email, goodPassword))
	if err != nil {
		return e, secret.Token{}, err
	}
	session, cookie := f.NewSession(e.User, somebody(), "pwd")
	return e, cookie, f.LogIn(t.Context(), e, session, attach)
}

func (f *fixture) exists(t *testing.T, email string) bool {
	t.Helper()
	var err error
	f.view(t, func(tx *store.Tx) error {
		_, err = tx.Users.FindByEmail(t.Context(), email)
		return nil
	})
	return err == nil
}

func TestSignUpMakesUserSessionAndGrantTogetherOrNothing(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		broken := errors.New("broken")
		if _, _, err := f.signUp(t, "ann@example.com", func(context.Context, *store.Tx) error { return broken }); !errors.Is(err, broken) {
			t.Fatalf("got %v, want the error of attach", err)
		}
		if f.exists(t, "ann@example.com") {
			t.Error("a sign-up that failed left a user")
		}
		e, cookie, err := f.signUp(t, "ann@example.com", nothing)
		if err != nil {
			t.Fatal(err)
		}
		if _, user, err := f.SessionByToken(t.Context(), cookie); err != nil || user.ID != e.ID || user.PasswordVersion != 1 {
			t.Errorf("got %v, %v, want the new user's session", user.ID, err)
		}
		if s, l := f.events(t, e.ID, auth.EventUserSignedUp), f.events(t, e.ID, auth.EventUserLoggedIn); s != 1 || l != 1 {
			t.Errorf("%d sign-up and %d log-in events, want one each", s, l)
		}
		if _, err := f.Verify(t.Context(), ask("Ann@example.com", goodPassword)); err != nil {
			t.Errorf("the password: %v", err)
		}
	})
}

func TestSignUpThatIsTurnedAwayLeavesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(n *Needs) { n.Hashing.AtOnce, n.Hashing.Waiting, n.Hashing.Patience = 1, 1, 1 })
	leave := hold(t, f.hasher.queue)
	if _, _, err := f.signUp(t, "ann@example.com", nothing); !errors.Is(err, auth.ErrBusy) {
		t.Errorf("got %v, want busy", err)
	}
	if f.exists(t, "ann@example.com") {
		t.Error("a user is left")
	}
	leave()
	if _, _, err := f.signUp(t, "ann@example.com", nothing); err != nil {
		t.Errorf("the second try: %v", err)
	}
}

func TestSignUpRefusesATakenAddressInAnySpellingAndTellsItsOwner(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		ann := f.user(t, "ann@example.com")
		for range 3 {
			_, cookie, err := f.signUp(t, "Ann@Example.COM", nothing)
			if !errors.Is(err, auth.ErrEmailTaken) {
				t.Errorf("got %v, want ErrEmailTaken", err)
			}
			if _, _, err := f.SessionByToken(t.Context(), cookie); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("a session was stored: %v", err)
			}
		}
		f.clock.advance(time.Hour)
		_, _, _ = f.signUp(t, "ann@example.com", nothing)
		if n := f.events(t, ann.ID, auth.EventSignUpRefused); n != 2 {
			t.Errorf("%d events about refused sign-ups, want one an hour: 2", n)
		}
		if n := f.events(t, ann.ID, auth.EventUserSignedUp) + f.events(t, ann.ID, auth.EventUserLoggedIn); n != 0 {
			t.Errorf("%d events of a sign-up or log-in, want 0", n)
		}
	})
}

func TestSignUpRefusesWhatIsNoAddressOrAWeakPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	if _, err := f.SignUp(t.Context(), ask("nobody", goodPassword)); !errors.Is(err, auth.ErrEmail) {
		t.Errorf("got %v, want ErrEmail", err)
	}
	if _, err := f.SignUp(t.Context(), ask("ann@example.com", "short")); !errors.Is(err, auth.ErrWeakPassword) {
		t.Errorf("got %v, want ErrWeakPassword", err)
	}
}

func TestLogInEndsTheSessionThatItsCookieReplaces(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann, bob := f.user(t, "ann@example.com"), f.user(t, "bob@example.com")
	old, elsewhere := f.logIn(t, ann), f.logIn(t, ann)
	for _, email := range []string{ann.Email, bob.Email} {
		again := ask(email, goodPassword)
		again.Replaces = old.cookie
		e, err := f.Verify(t.Context(), again)
		if err != nil {
			t.Fatal(err)
		}
		session, cookie := f.NewSession(e.User, somebody())
		if err := f.LogIn(t.Context(), e, session, nothing); err != nil {
			t.Fatal(err)
		}
		if got := f.standing(t, old); got != "offline" {
			t.Errorf("%s: %q is left of the session before, want the offline grant", email, got)
		}
		if _, user, err := f.SessionByToken(t.Context(), cookie); err != nil || user.Email != email {
			t.Errorf("%s: %v", email, err)
		}
	}
	if got := f.standing(t, elsewhere); got != "session grant offline" {
		t.Errorf("%q is left of the session in another browser, want all", got)
	}
}
