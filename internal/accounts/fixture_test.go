package accounts

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

const goodPassword = "correct horse battery staple"

// clock is a time that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is a service over a database of its own.
type fixture struct {
	*Service
	clock *clock
	db    *store.DB
}

func newFixture(t *testing.T, adapt func(*Needs)) *fixture {
	t.Helper()
	return fixtureOver(t, storetest.SQLite(t), adapt)
}

func fixtureOver(t *testing.T, db *store.DB, adapt func(*Needs)) *fixture {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	n := Needs{DB: db, Now: c.Now, Hashing: cheap(), Keys: masterKeys(1), Rules: auth.RefreshRules{
		Idle: auth.DefaultRefreshIdle, SessionIdle: auth.DefaultSessionIdle, RevokeFor: 16 * time.Minute,
	}}
	if adapt != nil {
		adapt(&n)
	}
	s, err := New(n)
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{Service: s, clock: c, db: db}
}

func somebody() auth.Caller { return auth.Caller{IP: "192.0.2.7", UserAgent: "curl/8.5.0"} }

// masterKeys derives from master keys of the versions up to its own, the active one.
type masterKeys byte

func (m masterKeys) Active() byte { return byte(m) }

func (m masterKeys) Derived(version byte, purpose string) (secret.Token, bool) {
	return secret.Derive(secret.New(make([]byte, version)), purpose), version > 0 && version <= byte(m)
}

// user stores a user who has goodPassword.
func (f *fixture) user(t *testing.T, email string) auth.User {
	t.Helper()
	return f.userWith(t, email, goodPassword)
}

func (f *fixture) userWith(t *testing.T, email, password string) auth.User {
	t.Helper()
	phc, err := f.Hash(t.Context(), secret.FromString(password), email)
	if err != nil {
		t.Fatalf("hash for %s: %v", email, err)
	}
	u := auth.User{ID: auth.NewID(f.clock.Now()), Email: email, Password: phc, PasswordVersion: 1, CreatedAt: f.clock.Now()}
	f.update(t, func(tx *store.Tx) error {
		_, err := tx.Users.Insert(t.Context(), u)
		return err
	})
	return u
}

// disable and remove take a user's standing away as internal/admin does, and leave sessions and grants alone.
func (f *fixture) disable(t *testing.T, u auth.User) {
	t.Helper()
	f.update(t, func(tx *store.Tx) error {
		_, err := tx.Users.SetDisabled(t.Context(), u.ID, f.clock.Now())
		return err
	})
}

func (f *fixture) remove(t *testing.T, u auth.User) {
	t.Helper()
	f.update(t, func(tx *store.Tx) error {
		_, err := tx.Users.Delete(t.Context(), u.ID)
		return err
	})
}

// ask is a log-in from somewhere without a device cookie.
func ask(email, password string) auth.LoginAsk {
	return auth.LoginAsk{Email: email, Password: secret.FromString(password), Caller: somebody()}
}

// login is a session with the grants that logIn gave it.
type login struct {
	session auth.Session
	cookie  secret.Token
	grant   auth.ID // ends with the session
	offline auth.ID // outlives it
}

func (f *fixture) logIn(t *testing.T, u auth.User) login {
	t.Helper()
	session, cookie := f.NewSession(u, somebody(), "pwd")
	online, offline := f.grant(session, false), f.grant(session, true)
	err := f.LogIn(t.Context(), Entry{User: u}, session, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Grants.Insert(ctx, online); err != nil {
			return err
		}
		return tx.Grants.Insert(ctx, offline)
	})
	if err != nil {
		t.Fatalf("log in %s: %v", u.Email, err)
	}
	return login{session, cookie, online.ID, offline.ID}
}

func (f *fixture) grant(s auth.Session, offline bool) auth.Grant {
	now := f.clock.Now()
	return auth.Grant{
		ID: auth.NewID(now), UserID: s.UserID, SessionID: s.ID, ClientID: auth.FirstPartyClient, Offline: offline,
		AuthTime: now, CreatedAt: now, ExpiresAt: now.Add(time.Hour * 24 * 30), Chain: auth.NewChain(1, now),
	}
}

// standing tells what is left of a log-in: "session grant offline", each missing when it is over. It
// fails when a grant has ended without a revocation for the resource servers.
func (f *fixture) standing(t *testing.T, l login) string {
	t.Helper()
	var left []string
	f.view(t, func(tx *store.Tx) error {
		left = nil
		s, err := tx.Sessions.Find(t.Context(), l.session.ID)
		if err != nil {
			return err
		}
		if s.EndedAt.IsZero() {
			left = append(left, "session")
		}
		for _, g := range []struct {
			id   auth.ID
			name string
		}{{l.grant, "grant"}, {l.offline, "offline"}} {
			facts, _, err := tx.Grants.Facts(t.Context(), g.id)
			if err != nil {
				return err
			}
			told, err := tx.Revocations.Contains(t.Context(), auth.RevokeGrant, g.id.String())
			if told != facts.Grant.Revoked() {
				t.Errorf("%s: revoked = %v, revocation written = %v", g.name, facts.Grant.Revoked(), told)
			}
			if !facts.Grant.Revoked() {
				left = append(left, g.name)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return strings.Join(left, " ")
}

// grantOf reads a grant.
func (f *fixture) grantOf(t *testing.T, id auth.ID) (g auth.Grant) {
	t.Helper()
	f.view(t, func(tx *store.Tx) error {
		facts, _, err := tx.Grants.Facts(t.Context(), id)
		g = facts.Grant
		return err
	})
	return g
}

func (f *fixture) update(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := f.db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) view(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := f.db.View(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// events counts a user's events of a kind.
func (f *fixture) events(t *testing.T, user auth.ID, kind auth.EventKind) int {
	t.Helper()
	var all []auth.Event
	f.view(t, func(tx *store.Tx) (err error) {
		all, err = tx.Events.OfUser(t.Context(), user, 1000)
		return err
	})
	return len(slices.DeleteFunc(all, func(e auth.Event) bool { return e.Kind != kind }))
}

// nothing is added to a session.
func nothing(context.Context, *store.Tx) error { return nil }
