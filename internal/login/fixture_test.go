package login

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/keys"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

const (
	issuer   = "http://localhost:8080"
	audience = issuer + "/v1"
	password = "correct horse battery staple"
)

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

// fixture is everything below this package, with one user.
type fixture struct {
	db         *store.DB
	clock      *clock
	masters    *keys.Masters
	ring       *keys.Ring
	grants     *grants.Service
	accounts   *accounts.Service
	principals *Principals
	client     auth.Client
	user       auth.User
}

func newFixture(t *testing.T, db *store.DB) *fixture {
	t.Helper()
	f := &fixture{db: db, clock: &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}}
	rules := auth.RefreshRules{
		Window: auth.DefaultReplayWindow, Idle: auth.DefaultRefreshIdle,
		SessionIdle: auth.DefaultSessionIdle, RevokeFor: 16 * time.Minute,
	}
	masters, err := keys.ParseMasters(keys.NewMasterFile())
	check(t, err)
	f.masters = masters
	f.ring, err = keys.NewRing(keys.RingConfig{DB: db, Masters: masters, Issuer: issuer, Now: f.clock.Now})
	check(t, err)
	check(t, f.ring.Ensure(t.Context()))
	f.grants, err = grants.New(grants.Config{DB: db, Keys: masters, Rules: rules, Lifetime: auth.DefaultRefreshLife, Now: f.clock.Now})
	check(t, err)
	f.accounts, err = accounts.New(accounts.Needs{DB: db, Now: f.clock.Now, Keys: masters, Rules: rules, Hashing: accounts.Hashing{Memory: 8, Passes: 1}})
	check(t, err)
	f.principals, err = NewPrincipals(Needs{
		DB: db, Accounts: f.accounts, Verifier: f.ring, Inspector: f.grants,
		SessionIdle: auth.DefaultSessionIdle, Now: f.clock.Now, Audience: audience,
	})
	check(t, err)
	f.client = auth.Client{
		ID: auth.FirstPartyClient, Public: true, FirstParty: true, Scopes: []string{"openid", "profile", "email"},
		Resources: []string{audience, "https://api.example"}, CreatedAt: f.clock.Now(),
	}
	other := auth.Client{ID: "other-app", Public: true, Scopes: []string{"openid"}, CreatedAt: f.clock.Now()}
	check(t, db.Update(t.Context(), func(tx *store.Tx) error {
		_, first := tx.Clients.Insert(t.Context(), f.client)
		_, second := tx.Clients.Insert(t.Context(), other)
		return errors.Join(first, second)
	}))
	f.user = f.newUser(t, "ann@example.com")
	return f
}

func (f *fixture) newUser(t *testing.T, email string) auth.User {
	t.Helper()
	phc, err := f.accounts.Hash(t.Context(), secret.FromString(password), email)
	check(t, err)
	u := auth.User{ID: auth.NewID(f.clock.Now()), Email: email, Password: phc, CreatedAt: f.clock.Now()}
	f.update(t, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Users.Insert(ctx, u)
		return err
	})
	return u
}

// userOf reads a user as stored.
func (f *fixture) userOf(t *testing.T, email string) (u auth.User) {
	t.Helper()
	check(t, f.db.View(t.Context(), func(tx *store.Tx) (err error) {
		u, err = tx.Users.FindByEmail(t.Context(), email)
		return err
	}))
	return u
}

func onSQLite(t *testing.T) *fixture {
	t.Helper()
	return newFixture(t, storetest.SQLite(t))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) ask(email, password string) auth.Ask {
	return auth.Ask{Login: &auth.LoginAsk{Email: email, Password: secret.FromString(password), Caller: auth.Caller{UserAgent: "curl/8"}}}
}

func (f *fixture) logIn(t *testing.T) auth.Granted {
	t.Helper()
	g, err := Hook{f.accounts, f.grants}.Redeem(t.Context(), f.client, f.ask("ann@example.com", password))
	check(t, err)
	return g
}

// claims are those of the access token that the pipeline would mint.
func (f *fixture) claims(g auth.Granted) auth.AccessClaims {
	return auth.AccessClaims{
		Subject: g.Subject, ClientID: g.ClientID, Audience: g.Resources, GrantID: g.GrantID.String(),
		AuthTime: g.AuthTime.Unix(), Epoch: f.client.Epoch,
	}
}

func (f *fixture) mint(t *testing.T, c auth.AccessClaims) secret.Token {
	t.Helper()
	token, _, err := f.ring.MintAccess(c, auth.DefaultAccessLifetime)
	check(t, err)
	return token
}

// alive tells whether the grant of a log-in has not been revoked.
func (f *fixture) alive(t *testing.T, grant auth.ID) bool {
	t.Helper()
	var facts auth.RefreshFacts
	check(t, f.db.View(t.Context(), func(tx *store.Tx) (err error) {
		facts, _, err = tx.Grants.Facts(t.Context(), grant)
		return err
	}))
	return !facts.Grant.Revoked() && !facts.SessionEnded
}

// otherApp gives another client a grant of the log-in's session and returns its refresh token.
func (f *fixture) otherApp(t *testing.T, g auth.Granted) (auth.Grant, secret.Token) {
	t.Helper()
	grant, refresh, err := f.grants.Issue(auth.Grant{
		UserID: g.UserID, SessionID: g.SessionID, ClientID: "other-app",
		Scopes: []string{"openid"}, AuthTime: g.AuthTime,
	}, g.SessionExpires)
	check(t, err)
	check(t, f.db.Update(t.Context(), func(tx *store.Tx) error { return tx.Grants.Insert(t.Context(), grant) }))
	return grant, refresh
}

func (f *fixture) update(t *testing.T, fn func(context.Context, *store.Tx) error) {
	t.Helper()
	check(t, f.db.Update(t.Context(), func(tx *store.Tx) error { return fn(t.Context(), tx) }))
}
