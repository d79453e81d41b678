package grants_test

import (
	"crypto/sha256"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

const (
	day    = 24 * time.Hour
	window = auth.DefaultReplayWindow
)

// clock is the time as the test says it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// keyring holds tag keys by version.
type keyring struct {
	active byte
	keys   map[byte]secret.Token
}

func newKeys(active byte) keyring {
	k := keyring{active: active, keys: map[byte]secret.Token{}}
	for v := byte(1); v <= active; v++ {
		h := sha256.Sum256([]byte{v})
		k.keys[v] = secret.New(h[:])
	}
	return k
}

func (k keyring) TagKey(v byte) (secret.Token, bool) { key, ok := k.keys[v]; return key, ok }
func (k keyring) Active() byte                       { return k.active }

var _ grants.Keys = keyring{}

func rules() auth.RefreshRules {
	return auth.RefreshRules{
		Window: window, Idle: auth.DefaultRefreshIdle, SessionIdle: auth.DefaultSessionIdle, RevokeFor: 16 * time.Minute,
	}
}

func service(t testing.TB, db *store.DB, c *clock, keys grants.Keys) *grants.Service {
	t.Helper()
	s, err := grants.New(grants.Config{DB: db, Keys: keys, Rules: rules(), Lifetime: auth.DefaultRefreshLife, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// world is one user with one session and one grant, as a log-in leaves them.
type world struct {
	db      *store.DB
	clock   *clock
	svc     *grants.Service
	user    auth.User
	session auth.Session
	client  auth.Client
	grant   auth.Grant
	first   secret.Token
}

func public() auth.Client {
	return auth.Client{ID: "app", Public: true, Scopes: []string{"read"}, Resources: []string{"https://api.example"}}
}

func confidential(p auth.RefreshPolicy) auth.Client {
	return auth.Client{ID: "backend-" + string(p), Refresh: p}
}

// login stores a user, a session and a grant for a client. change may alter the grant before it is issued.
func login(t testing.TB, db *store.DB, c *clock, svc *grants.Service, client auth.Client, change ...func(*auth.Grant)) *world {
	t.Helper()
	now := c.now()
	w := &world{db: db, clock: c, svc: svc, client: client}
	w.user = auth.User{ID: auth.NewID(now), Email: auth.NewID(now).String() + "@example.com", Roles: []string{"reader"}, PasswordVersion: 1, CreatedAt: now}
	w.session = auth.Session{ID: auth.NewID(now), UserID: w.user.ID, AuthTime: now, CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(60 * day)}
	w.session.TokenHash = sha256.Sum256(w.session.ID[:])
	g := auth.Grant{UserID: w.user.ID, SessionID: w.session.ID, ClientID: client.ID, Scopes: []string{"openid", "read"}, Resources: []string{"https://api.example"}, AuthTime: now}
	for _, f := range change {
		f(&g)
	}
	var err error
	if w.grant, w.first, err = svc.Issue(g, w.session.ExpiresAt); err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Users.Insert(t.Context(), w.user); err != nil {
			return err
		}
		if _, err := tx.Clients.Insert(t.Context(), client); err != nil {
			return err
		}
		if err := tx.Sessions.Insert(t.Context(), w.session); err != nil {
			return err
		}
		return tx.Grants.Insert(t.Context(), w.grant)
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// onEngines runs a test on both engines, each with a world of a public client.
func onEngines(t *testing.T, client auth.Client, test func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		c := newClock()
		test(t, login(t, db, c, service(t, db, c, newKeys(1)), client))
	})
}

// refresh presents a token as the world's client.
func (w *world) refresh(t testing.TB, token secret.Token) (grants.Refreshed, error) {
	t.Helper()
	return w.svc.Refresh(t.Context(), w.client, auth.Ask{Refresh: token, Arrived: w.clock.now()})
}

// verdictOf reads the verdict out of either answer; anything else ends the test.
func verdictOf(t testing.TB, r grants.Refreshed, err error) auth.Verdict {
	t.Helper()
	var refused *auth.Refused
	switch {
	case err == nil && r.Verdict.Granted() && !r.Token.IsZero():
		return r.Verdict
	case errors.As(err, &refused) && !refused.Verdict.Granted() && r.Token.IsZero():
		return refused.Verdict
	}
	t.Fatalf("neither tokens nor a refusal: verdict %q, %v", r.Verdict, err)
	return ""
}

// expect presents a token and fails unless the verdict is the one wanted; it returns the new token.
func (w *world) expect(t testing.TB, token secret.Token, want auth.Verdict) secret.Token {
	t.Helper()
	r, err := w.refresh(t, token)
	if got := verdictOf(t, r, err); got != want {
		t.Fatalf("verdict %s, want %s", got, want)
	}
	return r.Token
}

func (w *world) row(t testing.TB) auth.Grant {
	t.Helper()
	return w.rowOf(t, w.grant.ID)
}

func (w *world) rowOf(t testing.TB, grant auth.ID) auth.Grant {
	t.Helper()
	var f auth.RefreshFacts
	err := w.db.View(t.Context(), func(tx *store.Tx) (err error) {
		f, _, err = tx.Grants.Facts(t.Context(), grant)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return f.Grant
}

func (w *world) events(t testing.TB) (kinds []auth.EventKind) {
	t.Helper()
	err := w.db.View(t.Context(), func(tx *store.Tx) error {
		all, err := tx.Events.OfGrant(t.Context(), w.grant.ID, 99)
		for _, e := range all {
			kinds = append(kinds, e.Kind)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// parse reads a token's generation.
func parse(t testing.TB, token secret.Token, keys auth.TagKeys) auth.RefreshToken {
	t.Helper()
	parsed, err := auth.ParseRefreshToken(token, keys)
	if err != nil {
		t.Fatalf("our own token: %v", err)
	}
	return parsed
}

// forge writes a token of the world's grant as somebody with the master key could.
func (w *world) forge(t testing.TB, key byte, generation int64, grantSecret secret.Token) secret.Token {
	t.Helper()
	token, err := auth.RefreshToken{Key: key, GrantID: w.grant.ID, Generation: generation, Secret: grantSecret}.Encode(newKeys(key))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (w *world) secret(t testing.TB) secret.Token { return parse(t, w.first, newKeys(2)).Secret }
