package api_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/api"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/clients"
	"github.com/daypass/daypass/internal/exchange"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/keys"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
	"github.com/daypass/daypass/oauth"
)

const (
	issuer   = "http://localhost:8080"
	email    = "ann@example.com"
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

// world is the API over the real pipeline and a database of its own, with one user.
type world struct {
	t        *testing.T
	db       *store.DB
	clock    *clock
	grants   *grants.Service
	ring     *keys.Ring
	accounts *accounts.Service
	masters  *keys.Masters
	needs    api.Needs
	handler  http.Handler
}

func newWorld(t *testing.T, adapt ...func(*api.Needs)) *world {
	t.Helper()
	w := &world{t: t, db: storetest.SQLite(t), clock: &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}}
	rules := auth.RefreshRules{
		Window: auth.DefaultReplayWindow, Idle: auth.DefaultRefreshIdle,
		SessionIdle: auth.DefaultSessionIdle, RevokeFor: 16 * time.Minute,
	}
	masters, err := keys.ParseMasters(keys.NewMasterFile())
	w.check(err)
	ring, err := keys.NewRing(keys.RingConfig{DB: w.db, Masters: masters, Issuer: issuer, Now: w.clock.Now})
	w.check(err)
	w.check(ring.Ensure(t.Context()))
	w.ring, w.masters = ring, masters
	w.grants, err = grants.New(grants.Config{DB: w.db, Keys: masters, Rules: rules, Lifetime: auth.DefaultRefreshLife, Now: w.clock.Now})
	w.check(err)
	w.accounts = w.accountsOf(rules, issuer)
	principals, err := login.NewPrincipals(login.Needs{
		DB: w.db, Accounts: w.accounts, Verifier: ring, Inspector: w.grants,
		SessionIdle: rules.SessionIdle, Now: w.clock.Now, Audience: issuer + "/v1",
	})
	w.check(err)
	w.addClient(auth.Client{
		ID: auth.FirstPartyClient, Public: true, FirstParty: true, Grants: []oauth.GrantType{oauth.GrantRefreshToken},
		Scopes: []string{"openid", "profile", "email"}, Resources: []string{issuer + "/v1"},
	})
	w.addClient(auth.Client{ID: "other-app", Public: true, Grants: []oauth.GrantType{oauth.GrantRefreshToken}, Scopes: []string{"openid"}})
	w.needs = api.Needs{
		Exchange: w.pipeline(login.Hook{Accounts: w.accounts, Grants: w.grants}), Accounts: w.accounts, Principals: principals, Cookies: httpkit.Cookies{Insecure: true},
		Now: w.clock.Now, AllowTokenMode: true, ShowVerdict: true,
	}
	for _, change := range adapt {
		change(&w.needs)
	}
	w.build()
	w.signUp(email)
	return w
}

func (w *world) pipeline(logIn login.Hook) *exchange.Pipeline {
	w.t.Helper()
	p, err := exchange.New(exchange.Config{
		Clients: clients.New(w.db, clients.Proof{}), Keys: w.ring, Lifetime: auth.DefaultAccessLifetime,
		Fallback: issuer + "/oauth/userinfo", Now: w.clock.Now, Hooks: map[oauth.GrantType]exchange.Hook{
			oauth.GrantRefreshToken: exchange.RefreshHook{Grants: w.grants},
			auth.GrantLogin:         logIn,
		},
	})
	w.check(err)
	return p
}

// accountsOf makes the accounts; without a site they send no mail.
func (w *world) accountsOf(rules auth.RefreshRules, site string) *accounts.Service {
	w.t.Helper()
	s, err := accounts.New(accounts.Needs{
		DB: w.db, Now: w.clock.Now, Keys: w.masters, Rules: rules, Hashing: accounts.Hashing{Memory: 8, Passes: 1}, Site: site,
	})
	w.check(err)
	return s
}

// build makes the handler of the needs as they are.
func (w *world) build() {
	a, err := api.New(w.needs)
	w.check(err)
	mux := http.NewServeMux()
	for _, r := range a.Routes() {
		mux.Handle(r.Pattern, r.Handler)
	}
	w.handler = httpkit.Wrap(mux, httpkit.WrapOptions{Now: w.clock.Now, Logger: slog.New(slog.DiscardHandler)})
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) addClient(c auth.Client) {
	w.t.Helper()
	c.CreatedAt = w.clock.Now()
	w.check(w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Clients.Insert(w.t.Context(), c)
		return err
	}))
}

func (w *world) signUp(email string) auth.User {
	w.t.Helper()
	phc, err := w.accounts.Hash(w.t.Context(), secret.FromString(password), email)
	w.check(err)
	u := auth.User{ID: auth.NewID(w.clock.Now()), Email: email, Password: phc, CreatedAt: w.clock.Now()}
	w.check(w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Users.Insert(w.t.Context(), u)
		return err
	}))
	return u
}

// with adds to a request.
type with func(*http.Request)

func header(name, value string) with { return func(r *http.Request) { r.Header.Add(name, value) } }
func bearer(token string) with       { return header("Authorization", "Bearer "+token) }
func cookie(name, value string) with { return header("Cookie", name+"="+value) }

// all sends every cookie of the jar, as a browser does.
func (j jar) all(r *http.Request) {
	for name, value := range j {
		cookie(name, value)(r)
	}
}

// but sends the cookies of the jar without one.
func (j jar) but(without string) with {
	return func(r *http.Request) {
		for name, value := range j {
			if name != without {
				cookie(name, value)(r)
			}
		}
	}
}

// jar is what a browser keeps.
type jar map[string]string

// reply is an answer, read.
type reply struct {
	t       *testing.T
	status  int
	header  http.Header
	raw     string
	body    map[string]any
	cookies []*http.Cookie
}

// do sends a request; a body that is not empty is JSON.
func (w *world) do(method, path, body string, extra ...with) reply {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body))
	r.Host = "localhost:8080"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("User-Agent", "curl/8.5.0")
	for _, add := range extra {
		add(r)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	res := rec.Result()
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	w.check(err)
	got := reply{t: w.t, status: res.StatusCode, header: res.Header, raw: string(raw), cookies: res.Cookies()}
	if len(raw) > 0 {
		w.check(json.Unmarshal(raw, &got.body))
	}
	return got
}

func (r reply) text(member string) string { s, _ := r.body[member].(string); return s }

// want fails unless status and code ("" for none) are as given.
func (r reply) want(what string, status int, code httpkit.Code) {
	r.t.Helper()
	if r.status != status || r.text("code") != string(code) {
		r.t.Errorf("%s: got %d %q, want %d %q (%s)", what, r.status, r.text("code"), status, code, r.raw)
	}
	if code != "" && r.header.Get("Content-Type") != "application/problem+json" {
		r.t.Errorf("%s: an error of type %q", what, r.header.Get("Content-Type"))
	}
}

// jar returns the cookies that the reply sets.
func (r reply) jar() jar {
	j := jar{}
	for _, c := range r.cookies {
		j[c.Name] = c.Value
	}
	return j
}

// browser logs in in cookie mode.
func (w *world) browser() jar {
	w.t.Helper()
	r := w.do("POST", "/v1/login", credentials(email, password), header("Origin", issuer))
	r.want("log in", http.StatusOK, "")
	return r.jar()
}

// program logs in in token mode.
func (w *world) program() (access, refresh string) {
	w.t.Helper()
	r := w.do("POST", "/v1/login", credentials(email, password))
	r.want("log in", http.StatusOK, "")
	return r.text("access_token"), r.text("refresh_token")
}

func credentials(email, password string) string {
	b, _ := json.Marshal(map[string]string{"email": email, "password": password})
	return string(b)
}

// exchanger is a pipeline that only fails.
type exchanger struct{ err error }

func (e exchanger) FirstParty(context.Context, oauth.GrantType, auth.Ask) (auth.Tokens, error) {
	return auth.Tokens{}, e.err
}
