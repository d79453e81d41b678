package protocol_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/clients"
	"github.com/daypass/daypass/internal/exchange"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/keys"
	"github.com/daypass/daypass/internal/protocol"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
	"github.com/daypass/daypass/oauth"
)

const (
	issuer     = "https://id.example"
	api        = "https://api.example"
	otherAPI   = "https://other.example"
	secretOf   = "s3cret with+odd%chars:and more than thirty-two"
	publicID   = "app"
	machineID  = "machine"
	strangerID = "stranger"
	rotaterID  = "rotater"
	webID      = "web"
	nativeID   = "native"
	legacyID   = "legacy"
	pushingID  = "pushing"
	callback   = "https://app.example/cb"
	bye        = "https://app.example/bye"
	codeLife   = 40 * time.Second // shorter than the default, to see that it is the configured one
)

// world is the whole OAuth side over a real database, with a clock that the test moves.
type world struct {
	t       *testing.T
	db      *store.DB
	ring    *keys.Ring
	grants  *grants.Service
	server  *httptest.Server
	codes   *authorize.Service
	apis    *clients.Resources
	known   *clients.Service
	origins *clients.Origins
	user    auth.User
	cookie  auth.Session // of whoever sends the SSO cookie "signed-in"; zero: nobody

	published published
	registrar *admin.Registrar
	mu        sync.Mutex
	at        time.Time
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: storetest.SQLite(t), at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	masters, err := keys.ParseMasters(keys.NewMasterFile())
	must(t, err)
	w.ring, err = keys.NewRing(keys.RingConfig{DB: w.db, Masters: masters, Issuer: issuer, Now: w.now})
	must(t, err)
	must(t, w.ring.Ensure(t.Context()))
	rules := auth.RefreshRules{
		Window: auth.DefaultReplayWindow, Idle: auth.DefaultRefreshIdle, SessionIdle: auth.DefaultSessionIdle, RevokeFor: time.Hour,
	}
	w.grants, err = grants.New(grants.Config{DB: w.db, Keys: masters, Now: w.now, Lifetime: auth.DefaultRefreshLife, Rules: rules})
	must(t, err)
	guesses, err := accounts.New(accounts.Needs{DB: w.db, Now: w.now, Keys: masters, Rules: rules, Hashing: accounts.Hashing{Memory: 8, Passes: 1}})
	must(t, err)
	w.known = clients.New(w.db, clients.Proof{Issuer: issuer, TokenEndpoint: issuer + "/oauth/token", Documents: w, Now: w.now})
	w.apis, w.origins = clients.NewResources(w.db), clients.NewOrigins(w.db)
	pipeline, err := exchange.New(exchange.Config{
		Clients: w.known, Resources: w.apis, Guesses: guesses, Keys: w.ring, Lifetime: 10 * time.Minute, Fallback: issuer + "/oauth/userinfo",
		Now: w.now, Hooks: map[oauth.GrantType]exchange.Hook{
			oauth.GrantAuthorizationCode: exchange.CodeHook{Grants: w.grants},
			oauth.GrantRefreshToken:      exchange.RefreshHook{Grants: w.grants},
			oauth.GrantClientCredentials: exchange.ClientCredentialsHook{},
		},
	})
	must(t, err)
	desk := &exchange.Desk{Pipeline: pipeline, Signer: w.ring, DB: w.db, Grants: w.grants, Issuer: issuer, Rules: w.grants.Rules(), Scopes: []auth.Scope{{Name: "read", Claims: []string{"nickname"}}}}
	w.codes, err = authorize.New(authorize.Needs{
		Issuer: issuer, DB: w.db, Clients: w.known, Keys: w.ring, Sealing: masters, Now: w.now, Resources: w.apis, CodeLife: codeLife,
	})
	must(t, err)
	operators, err := admin.New(admin.Needs{DB: w.db, Hash: guesses, Access: w.ring, Keys: w.ring, Tags: masters, Rules: rules, Now: w.now})
	must(t, err)
	w.registrar = newRegistrar(w, operators)
	p, err := protocol.New(protocol.Config{
		Issuer: issuer, Exchange: pipeline, Desk: desk, Keys: w.ring, Origins: w.origins, Now: w.now,
		Authorize: w.codes, Sessions: w, Screens: screens{}, Registrar: w.registrar, Cookies: httpkit.Cookies{Insecure: true}, Languages: []string{"en", "de"},
	})
	must(t, err)
	mux := http.NewServeMux()
	p.Mount(mux)
	w.server = httptest.NewServer(httpkit.Wrap(mux, httpkit.WrapOptions{Now: time.Now, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}))
	t.Cleanup(w.server.Close)
	w.register()
	return w
}

// Current implements protocol.Sessions.
func (w *world) Current(_ context.Context, cookie secret.Token) (auth.User, auth.Session, error) {
	if cookie.Reveal() != "signed-in" || w.cookie.ID.IsZero() {
		return auth.User{}, auth.Session{}, auth.ErrNotFound
	}
	return w.user, w.cookie, nil
}

// screens answers as JSON what the pages would show.
type screens struct{}

func (screens) Fault(w http.ResponseWriter, _ *http.Request, f protocol.Fault) {
	httpkit.WriteJSON(w, f.Status, map[string]any{"page": "fault", "error": f.Code, "parameter": f.Parameter})
}

func (screens) FormPost(w http.ResponseWriter, _ *http.Request, a authorize.Answer) {
	httpkit.WriteJSON(w, http.StatusOK, map[string]any{"page": "post", "to": a.RedirectURI, "values": a.Values.Encode(), "locales": a.Locales})
}

func (screens) Exit(w http.ResponseWriter, _ *http.Request, e authorize.Exit, sure bool) {
	httpkit.WriteJSON(w, http.StatusOK, map[string]any{"page": "exit", "client": e.Client.ID, "to": e.Location(), "sure": sure, "locales": e.Locales})
}

func (w *world) register() {
	hash := secret.FromString(secretOf).Hash()
	web := []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	web6 := []string{"openid", "profile", "email", "offline_access", "read"}
	both := []oauth.GrantType{oauth.GrantRefreshToken, oauth.GrantClientCredentials}
	w.user = auth.User{ID: auth.NewID(w.at), Email: "ada@example.com", Profile: auth.Profile{Nickname: "Ada"}, Roles: []string{"editor"}, CreatedAt: w.at}
	must(w.t, w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		ctx := w.t.Context()
		if _, err := tx.Users.Insert(ctx, w.user); err != nil {
			return err
		}
		for _, c := range []auth.Client{
			{ID: publicID, Public: true, Grants: both, Scopes: []string{"read", "write"}, Resources: []string{api, otherAPI}},
			{ID: machineID, SecretHashes: [][32]byte{hash}, Grants: both, Scopes: []string{"read", "write"}, Resources: []string{api, otherAPI}},
			{ID: strangerID, SecretHashes: [][32]byte{hash}, Grants: both, Scopes: []string{"read"}},
			{ID: rotaterID, SecretHashes: [][32]byte{hash}, Grants: both, Scopes: []string{"read"}, Refresh: auth.RefreshRotate},
			{ID: "codeonly", SecretHashes: [][32]byte{hash}, Grants: []oauth.GrantType{oauth.GrantAuthorizationCode}},
			{ID: webID, Name: "Web", SecretHashes: [][32]byte{hash}, Grants: web, RedirectURIs: []string{callback, callback + "?tenant=1"}, Scopes: web6, Resources: []string{api, otherAPI}, Metadata: auth.ClientMetadata{PostLogoutRedirectURIs: []string{bye, bye + "?x=1"}}},
			{ID: nativeID, Public: true, Grants: web, RedirectURIs: []string{"http://127.0.0.1/cb"}, Scopes: web6},
			{ID: legacyID, SecretHashes: [][32]byte{hash}, Grants: web[:1], RedirectURIs: []string{callback}, Metadata: auth.ClientMetadata{PKCE: auth.PKCEWhenSent}},
			{ID: pushingID, SecretHashes: [][32]byte{hash}, Grants: web[:1], RedirectURIs: []string{callback}, Metadata: auth.ClientMetadata{RequirePAR: true}},
			{ID: "off", SecretHashes: [][32]byte{hash}, Grants: both, DisabledAt: w.at},
		} {
			if _, err := tx.Clients.Insert(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}))
}

// grant makes a session and a grant as a log-in would, and returns the first refresh token.
func (w *world) grant(client string) (auth.Grant, string) {
	w.t.Helper()
	now := w.now()
	session := auth.Session{
		ID: auth.NewID(now), UserID: w.user.ID, TokenHash: secret.RandomToken(32).Hash(), AuthTime: now,
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(auth.DefaultSessionLife),
	}
	g, token, err := w.grants.Issue(auth.Grant{
		UserID: w.user.ID, SessionID: session.ID, ClientID: client, Scopes: []string{"read", "write"},
		Resources: []string{api, otherAPI}, AuthTime: now, AMR: []string{"pwd"},
	}, session.ExpiresAt)
	must(w.t, err)
	must(w.t, w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		if err := tx.Sessions.Insert(w.t.Context(), session); err != nil {
			return err
		}
		return tx.Grants.Insert(w.t.Context(), g)
	}))
	return g, token.Reveal()
}

// reply is an answer, its JSON decoded.
type reply struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (r reply) str(name string) string { s, _ := r.body[name].(string); return s }

// post sends a form; option changes the request first.
func (w *world) post(path string, form url.Values, option ...func(*http.Request)) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.server.URL+path, strings.NewReader(form.Encode()))
	must(w.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, o := range option {
		o(req)
	}
	return w.do(req)
}

func (w *world) do(req *http.Request) reply {
	w.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	must(w.t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	must(w.t, err)
	r := reply{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	if len(raw) > 0 && strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(raw, &r.body); err != nil {
			w.t.Fatalf("%s answered %q: %v", req.URL.Path, raw, err)
		}
	}
	return r
}

func (w *world) refresh(client, token string, more ...string) reply {
	w.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {client}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Add(more[i], more[i+1])
	}
	return w.post("/oauth/token", form)
}

// basic authenticates as RFC 6749 §2.3.1 says.
func basic(id, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(password)) }
}

// want fails unless the answer is an OAuth error with that status and code.
func (r reply) want(t *testing.T, status int, code oauth.ErrorCode) {
	t.Helper()
	if r.status != status || r.str("error") != string(code) {
		t.Errorf("got %d %s, want %d %s", r.status, r.raw, status, code)
	}
	if r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control: got %q, want no-store", r.header.Get("Cache-Control"))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
