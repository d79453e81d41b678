package accounts

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

func TestVerifyTellsNobodyWhoExists(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.user(t, "ann@example.com")
	f.disable(t, f.user(t, "disabled@example.com"))
	for name, c := range map[string]struct{ email, password string }{
		"wrong password":    {"ann@example.com", "wrong horse battery staple"},
		"no password":       {"ann@example.com", ""},
		"too long":          {"ann@example.com", strings.Repeat("x", 5000)},
		"unknown":           {"bob@example.com", goodPassword},
		"unknown, too long": {"bob@example.com", strings.Repeat("x", 5000)},
		"disabled":          {"disabled@example.com", goodPassword},
		"no address":        {"not an address", goodPassword},
		"empty address":     {"", goodPassword},
	} {
		user, err := f.Verify(t.Context(), ask(c.email, c.password))
		if err != auth.ErrCredentials || !user.ID.IsZero() { //nolint:errorlint // not even a wrapping may differ
			t.Errorf("%s: got %v, %v, want exactly ErrCredentials", name, user.ID, err)
		}
	}
	if _, err := f.Verify(t.Context(), ask(" ANN@example.com ", goodPassword)); err != nil {
		t.Errorf("right password, address in capitals: %v", err)
	}
}

func TestVerifyHashesForStrangersToo(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(n *Needs) { n.Hashing.AtOnce, n.Hashing.Waiting, n.Hashing.Patience = 1, 1, 1 })
	f.user(t, "ann@example.com")
	hold(t, f.hasher.queue)
	for _, email := range []string{"ann@example.com", "unknown@example.com", "not an address"} {
		if _, err := f.Verify(t.Context(), ask(email, goodPassword)); !errors.Is(err, auth.ErrBusy) {
			t.Errorf("%s: got %v, want busy, since every log-in needs a hash", email, err)
		}
		if _, err := f.Verify(t.Context(), ask(email, strings.Repeat("x", maxPassword+1))); !errors.Is(err, auth.ErrCredentials) {
			t.Errorf("%s, password too long: got %v, want ErrCredentials without a hash", email, err)
		}
	}
}

func TestPasswordIsTheSameHoweverItsLettersAreComposed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.userWith(t, "zoe@example.com", "caf\u00e9 au lait, please")
	if _, err := f.Verify(t.Context(), ask("zoe@example.com", "cafe\u0301 au lait, please")); err != nil {
		t.Errorf("decomposed: %v", err)
	}
	for _, other := range []string{"CAF\u00c9 au lait, please", " caf\u00e9 au lait, please", "cafe au lait, please"} {
		if _, err := f.Verify(t.Context(), ask("zoe@example.com", other)); !errors.Is(err, auth.ErrCredentials) {
			t.Errorf("%q: got %v, want ErrCredentials", other, err)
		}
	}
}

func TestChangeOfPasswordEndsAllButTheCurrentSession(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		ann, bob := f.user(t, "ann@example.com"), f.user(t, "bob@example.com")
		here, there, loggedOut, stranger := f.logIn(t, ann), f.logIn(t, ann), f.logIn(t, ann), f.logIn(t, bob)
		if err := f.LogOut(t.Context(), somebody(), loggedOut.session.ID); err != nil {
			t.Fatal(err)
		}
		change := PasswordChange{
			User: ann.ID, Session: here.session.ID, Current: secret.FromString("wrong"),
			New: secret.FromString("another long password"), Caller: somebody(),
		}
		if _, err := f.ChangePassword(t.Context(), change); !errors.Is(err, auth.ErrCredentials) {
			t.Fatalf("wrong current password: got %v, want ErrCredentials", err)
		}
		change.Current, change.New = secret.FromString(goodPassword), secret.FromString("short")
		if _, err := f.ChangePassword(t.Context(), change); !errors.Is(err, auth.ErrWeakPassword) {
			t.Fatalf("weak new password: got %v, want ErrWeakPassword", err)
		}
		if got := f.standing(t, there); got != "session grant offline" {
			t.Fatalf("a refused change left %q of the other session", got)
		}
		change.New = secret.FromString("another long password")
		renewed, err := f.ChangePassword(t.Context(), change)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			is   login
			want string
		}{
			{"the current session", here, "session grant offline"},
			{"the other session", there, ""},
			{"the offline grant of a session that was over", loggedOut, ""},
			{"another user's session", stranger, "session grant offline"},
		} {
			if got := f.standing(t, c.is); got != c.want {
				t.Errorf("%s: %q is left, want %q", c.name, got, c.want)
			}
		}
		if _, err := f.Verify(t.Context(), ask("ann@example.com", goodPassword)); !errors.Is(err, auth.ErrCredentials) {
			t.Errorf("the old password: got %v, want ErrCredentials", err)
		}
		if _, _, err := f.SessionByToken(t.Context(), here.cookie); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("the SSO cookie from before: got %v, want ErrNotFound", err)
		}
		if view, _, err := f.SessionByToken(t.Context(), renewed.Session); err != nil || view.ID != here.session.ID {
			t.Errorf("the new SSO cookie: got %v, %v, want the same session", view.ID, err)
		}
		if _, err := f.Verify(t.Context(), ask("ann@example.com", change.New.Reveal())); err != nil {
			t.Errorf("the new password: %v", err)
		}
		if n := f.events(t, ann.ID, auth.EventPasswordChanged); n != 1 {
			t.Errorf("%d events, want 1", n)
		}
	})
}

func TestLogInThatVerifiedAnOldPasswordIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		ann := f.user(t, "ann@example.com")
		verified, err := f.Verify(t.Context(), ask(ann.Email, goodPassword))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.ChangePassword(t.Context(), PasswordChange{
			User: ann.ID, Current: secret.FromString(goodPassword),
			New: secret.FromString("another long password"),
		}); err != nil {
			t.Fatal(err)
		}
		f.refusedLogIn(t, verified)
	})
}

func TestLogInThatVerifiedBeforeADisableOrDeleteIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		for email, end := range map[string]func(*testing.T, auth.User){"disabled@example.com": f.disable, "deleted@example.com": f.remove} {
			u := f.user(t, email)
			verified, err := f.Verify(t.Context(), ask(email, goodPassword))
			if err != nil {
				t.Fatal(err)
			}
			end(t, u)
			f.refusedLogIn(t, verified)
		}
	})
}

// refusedLogIn tries to log in with what Verify returned and wants that nothing is stored.
func (f *fixture) refusedLogIn(t *testing.T, e Entry) {
	t.Helper()
	session, cookie := f.NewSession(e.User, somebody(), "pwd")
	err := f.LogIn(t.Context(), e, session, func(context.Context, *store.Tx) error {
		t.Error("a grant would have been made")
		return nil
	})
	if !errors.Is(err, auth.ErrCredentials) {
		t.Errorf("got %v, want ErrCredentials", err)
	}
	if _, _, err := f.SessionByToken(t.Context(), cookie); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the session was stored: %v", err)
	}
}

func TestSecondOfTwoChangesOfPasswordAtOnceIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		ann := f.user(t, "ann@example.com")
		l := f.logIn(t, ann)
		first, second := secret.FromString("the first hash"), secret.FromString("the second hash")
		if _, err := f.replacePassword(t.Context(), ann, first, PasswordChange{Session: l.session.ID}, &try{}); err != nil {
			t.Fatal(err)
		}
		// Both verified the same old password.
		if _, err := f.replacePassword(t.Context(), ann, second, PasswordChange{}, &try{}); !errors.Is(err, auth.ErrCredentials) {
			t.Errorf("got %v, want ErrCredentials", err)
		}
		if got := f.standing(t, l); got != "session grant offline" {
			t.Errorf("the refused change left %q, want all", got)
		}
		f.view(t, func(tx *store.Tx) error {
			u, err := tx.Users.Find(t.Context(), ann.ID)
			if !u.Password.Equal(first) {
				t.Error("the second change replaced the first")
			}
			return err
		})
	})
}
