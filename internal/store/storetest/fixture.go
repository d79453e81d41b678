package storetest

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// now is the moment at which the suite plays.
func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 123_000_000, time.UTC) }

const (
	day  = 24 * time.Hour
	keep = 16 * time.Minute
)

// rules are the defaults of design §6.
func rules() auth.RefreshRules {
	return auth.RefreshRules{
		Window: auth.DefaultReplayWindow, Idle: auth.DefaultRefreshIdle, SessionIdle: auth.DefaultSessionIdle, Key: 2, RevokeFor: keep,
	}
}

func aUser(email string) auth.User {
	return auth.User{
		ID: auth.NewID(now()), Email: email, Roles: []string{"admin", "Größe"}, Password: secret.FromString("$argon2id$…"),
		PasswordVersion: 3, CreatedAt: now(),
	}
}

func aSession(u auth.User) auth.Session {
	id := auth.NewID(now())
	return auth.Session{
		ID: id, UserID: u.ID, TokenHash: sha256.Sum256(id[:]), AuthTime: now(), AMR: []string{"pwd", "otp"}, ACR: "1",
		Device:    auth.Caller{IP: "2001:db8::1", UserAgent: "Prüfer/1.0 (模擬)"},
		CreatedAt: now(), LastUsedAt: now(), ExpiresAt: now().Add(30 * day),
	}
}

func aClient(id string) auth.Client {
	return auth.Client{
		ID: id, Name: "Café ☕", Public: true, Grants: []oauth.GrantType{oauth.GrantRefreshToken, oauth.GrantAuthorizationCode},
		RedirectURIs: []string{"https://app.example/cb", "http://127.0.0.1/cb"}, Scopes: []string{"openid", "read"},
		Resources: []string{"https://api.example"}, CreatedAt: now(),
	}
}

// grantSecret belongs to every grant of the suite.
func grantSecret() secret.Token { return secret.New([]byte("0123456789abcdef")) }

func aGrant(s auth.Session, client string) auth.Grant {
	return auth.Grant{
		ID: auth.NewID(now()), SecretHash: grantSecret().Hash(), UserID: s.UserID, SessionID: s.ID, ClientID: client,
		Scopes: []string{"openid", "read"}, Resources: []string{"https://api.example"}, AuthTime: s.AuthTime, AMR: s.AMR, ACR: s.ACR,
		CreatedAt: now(), ExpiresAt: now().Add(30 * day),
		Chain: auth.Chain{Current: 5, CurrentKey: 1, First: 3, Last: 4, Since: now().Add(-10 * time.Second), LastUsedAt: now().Add(-time.Second)},
	}
}

// world is one user with one session and one grant of one public client, stored.
type world struct {
	user    auth.User
	session auth.Session
	client  auth.Client
	grant   auth.Grant
}

// settle stores a world after change has had its way with it.
func settle(t testing.TB, db *store.DB, change ...func(*world)) world {
	t.Helper()
	u := aUser(fmt.Sprintf("%s@example.com", auth.NewID(now())))
	s := aSession(u)
	w := world{user: u, session: s, client: aClient("app-" + u.ID.String()), grant: aGrant(s, "app-"+u.ID.String())}
	for _, c := range change {
		c(&w)
	}
	update(t, db, func(tx *store.Tx) error {
		ctx := t.Context()
		if ok, err := tx.Users.Insert(ctx, w.user); err != nil || !ok {
			return fmt.Errorf("insert user: %v, %w", ok, err)
		}
		if ok, err := tx.Clients.Insert(ctx, w.client); err != nil || !ok {
			return fmt.Errorf("insert client: %v, %w", ok, err)
		}
		if err := tx.Sessions.Insert(ctx, w.session); err != nil {
			return err
		}
		return tx.Grants.Insert(ctx, w.grant)
	})
	return w
}

// update runs fn and ends the test when it fails.
func update(t testing.TB, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

func view(t testing.TB, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.View(t.Context(), fn); err != nil {
		t.Fatalf("view: %v", err)
	}
}

// ask runs fn in a transaction and returns its answer.
func ask[T any](t testing.TB, db *store.DB, fn func(tx *store.Tx) (T, error)) (answer T) {
	t.Helper()
	update(t, db, func(tx *store.Tx) (err error) {
		answer, err = fn(tx)
		return err
	})
	return answer
}

// facts reads a grant.
func facts(t testing.TB, db *store.DB, id auth.ID) (f auth.RefreshFacts, user auth.User) {
	t.Helper()
	view(t, db, func(tx *store.Tx) (err error) {
		f, user, err = tx.Grants.Facts(t.Context(), id)
		return err
	})
	return f, user
}

// same fails when two values differ; an empty list equals none, and secrets are compared by content.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	secrets := cmp.Comparer(func(a, b secret.Token) bool { return a.Equal(b) })
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), secrets); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
