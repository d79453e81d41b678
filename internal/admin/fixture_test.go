package admin_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/keys"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/sqlite"
	"github.com/daypass/daypass/internal/store/storetest"
)

// house is a service over a real store with a clock that the test moves.
type house struct {
	t       testing.TB
	db      *store.DB
	admin   *admin.Service
	masters *keys.Masters
	ring    *keys.Ring
	rules   auth.RefreshRules
	now     time.Time
	ticks   atomic.Int64
}

func by() admin.Actor { return admin.Actor{Name: "test, alice"} }

// plainHash stands in for internal/accounts: it marks what it was given.
type plainHash struct{}

func (plainHash) Hash(_ context.Context, password secret.Token, _ string) (secret.Token, error) {
	if len(password.Reveal()) < 15 {
		return secret.Token{}, &auth.WeakPassword{Reason: "too short"}
	}
	h := password.Hash()
	return secret.FromString(fmt.Sprintf("$test$%x", h[:])), nil
}

// Forgive leaves a mark, as accounts takes one away.
func (plainHash) Forgive(ctx context.Context, tx *store.Tx, email string) error {
	return tx.Settings.Set(ctx, "forgiven "+email, []byte("yes"))
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, newHouse(t)) })
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := storetest.Postgres(t)
		e, err := postgres.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		if err := store.New(e).Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, furnish(t, store.New(e)))
	})
}

func newHouse(t testing.TB) *house {
	t.Helper()
	e, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	db := store.New(e)
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(done); _ = e.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done; _ = e.Close() })
	return furnish(t, db)
}

func furnish(t testing.TB, db *store.DB) *house {
	t.Helper()
	masters, err := keys.ParseMasters(keys.NewMasterFile())
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, db: db, masters: masters, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	// A millisecond later each time, so that ids, and with them events, come in order.
	clock := func() time.Time { return h.now.Add(time.Duration(h.ticks.Add(1)) * time.Millisecond) }
	h.ring, err = keys.NewRing(keys.RingConfig{DB: db, Masters: masters, Issuer: "https://id.example", Algorithm: jose.ES256, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.ring.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.rules = auth.RefreshRules{
		Window: auth.DefaultReplayWindow, Idle: auth.DefaultRefreshIdle, SessionIdle: auth.DefaultSessionIdle,
		Key: masters.Active(), RevokeFor: auth.DefaultAccessLifetime + auth.RevocationSlack,
	}
	h.admin, err = admin.New(admin.Needs{DB: db, Hash: plainHash{}, Access: h.ring, Keys: h.ring, Tags: masters, Rules: h.rules, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	h.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Clients.Insert(ctx, auth.Client{ID: auth.FirstPartyClient, Name: "Daypass", Public: true, FirstParty: true, CreatedAt: h.now})
		return err
	})
	return h
}

func (h *house) update(fn func(context.Context, *store.Tx) error) {
	h.t.Helper()
	ctx := h.t.Context()
	if err := h.db.Update(ctx, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) user(email string) auth.User {
	h.t.Helper()
	u, err := h.admin.CreateUser(h.t.Context(), admin.NewUser{Email: email, Password: secret.FromString("correct horse battery staple")}, by())
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

func (h *house) session(user auth.ID) auth.ID {
	h.t.Helper()
	id := auth.NewID(h.now)
	h.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.Sessions.Insert(ctx, auth.Session{
			ID: id, UserID: user, TokenHash: secret.FromString("cookie of " + id.String()).Hash(), AuthTime: h.now, AMR: []string{"pwd"},
			CreatedAt: h.now, LastUsedAt: h.now, ExpiresAt: h.now.Add(auth.DefaultSessionLife),
		})
	})
	return id
}

// grant makes a grant and returns the refresh tokens of its first generations.
func (h *house) grant(user, session auth.ID, client string, offline bool) (auth.Grant, func(generation int64) secret.Token) {
	h.t.Helper()
	own := auth.NewGrantSecret()
	g := auth.Grant{
		ID: auth.NewID(h.now), SecretHash: own.Hash(), UserID: user, SessionID: session, ClientID: client, Scopes: []string{"openid"},
		Offline: offline, AuthTime: h.now, CreatedAt: h.now, ExpiresAt: h.now.Add(auth.DefaultSessionLife), Chain: auth.NewChain(h.rules.Key, h.now),
	}
	h.update(func(ctx context.Context, tx *store.Tx) error { return tx.Grants.Insert(ctx, g) })
	return g, func(m int64) secret.Token {
		t, err := auth.RefreshToken{Key: h.rules.Key, GrantID: g.ID, Generation: m, Secret: own}.Encode(h.masters)
		if err != nil {
			h.t.Fatal(err)
		}
		return t
	}
}

// rotate moves a grant by a refresh with its current token.
func (h *house) rotate(g auth.ID) {
	h.t.Helper()
	h.update(func(ctx context.Context, tx *store.Tx) error {
		facts, _, err := tx.Grants.Facts(ctx, g)
		if err != nil {
			return err
		}
		next := facts.Grant
		if !h.rules.WindowOpen(next.Chain, false, h.now) {
			next.First, next.Since = next.Current, h.now
		}
		next.Last, next.Current, next.LastUsedAt = next.Current, next.Current+1, h.now
		_, err = tx.Grants.Apply(ctx, facts.Grant, auth.Change{Grant: next})
		return err
	})
}

func (h *house) grantNow(id auth.ID) auth.Grant {
	h.t.Helper()
	v, err := h.admin.ShowGrant(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return v.Grant
}

// events returns the kinds written about a user, newest first.
func (h *house) events(user auth.ID) []auth.Event {
	h.t.Helper()
	var all []auth.Event
	if err := h.db.View(h.t.Context(), func(tx *store.Tx) (err error) {
		all, err = tx.Events.OfUser(h.t.Context(), user, 100)
		return err
	}); err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *house) revoked(kind auth.RevocationKind, subject string) bool {
	h.t.Helper()
	var there bool
	if err := h.db.View(h.t.Context(), func(tx *store.Tx) (err error) {
		there, err = tx.Revocations.Contains(h.t.Context(), kind, subject)
		return err
	}); err != nil {
		h.t.Fatal(err)
	}
	return there
}

func (h *house) client(n admin.NewClient) (auth.Client, secret.Token) {
	h.t.Helper()
	c, plain, err := h.admin.CreateClient(h.t.Context(), n, by())
	if err != nil {
		h.t.Fatal(err)
	}
	return c, plain
}

func kinds(all []auth.Event) string {
	var names []string
	for _, e := range all {
		names = append(names, string(e.Kind))
	}
	return strings.Join(names, " ")
}
