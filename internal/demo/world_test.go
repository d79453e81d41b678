package demo_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/demo"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/pages"
	"github.com/daypass/daypass/internal/secret"
)

const (
	demoEmail    = "demo@example.com"
	demoPassword = "correct horse battery staple"
)

// world is a server in miniature: one user, grants in memory, and the real verdict (auth.Judge) on every refresh.
// Its access tokens are unsigned JWTs that live for `access`.
type world struct {
	mu       sync.Mutex
	user     auth.User
	sessions map[auth.ID]*auth.Session
	grants   map[auth.ID]*auth.Grant
	events   []auth.Event
	rules    auth.RefreshRules
	access   time.Duration
	issuer   string
	cookies  httpkit.Cookies
	clock    func() time.Time
}

type tagKeys struct{}

func (tagKeys) TagKey(v byte) (secret.Token, bool) {
	return secret.FromString("the tag key of the demo's tests"), v == 1
}

func newWorld(clock func() time.Time) *world {
	return &world{
		user:     auth.User{ID: auth.NewID(clock()), Email: demoEmail},
		sessions: map[auth.ID]*auth.Session{}, grants: map[auth.ID]*auth.Grant{},
		rules: auth.RefreshRules{
			Window: auth.DefaultReplayWindow, Idle: auth.DefaultRefreshIdle,
			SessionIdle: auth.DefaultSessionIdle, Key: 1, RevokeFor: time.Hour,
		},
		access: auth.DefaultAccessLifetime, issuer: "http://localhost:8080",
		cookies: httpkit.Cookies{Insecure: true}, clock: clock,
	}
}

func (x *world) LogIn(_ context.Context, ask auth.LoginAsk) (auth.Tokens, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if ask.New && len(ask.Password.Bytes()) < 15 {
		return auth.Tokens{}, &auth.WeakPassword{Reason: "Use at least 15 characters; this one has fewer."}
	}
	if ask.New {
		return auth.Tokens{}, auth.ErrEmailTaken
	}
	if ask.Email != demoEmail || ask.Password.Reveal() != demoPassword {
		return auth.Tokens{}, auth.ErrCredentials
	}
	now, cookie, key := x.clock(), secret.RandomToken(32), auth.NewGrantSecret()
	s := &auth.Session{
		ID: auth.NewID(now), UserID: x.user.ID, TokenHash: cookie.Hash(), AuthTime: now,
		Device: ask.Caller, CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(auth.DefaultSessionLife),
	}
	g := &auth.Grant{
		ID: auth.NewID(now), SecretHash: key.Hash(), UserID: x.user.ID, SessionID: s.ID,
		ClientID: auth.FirstPartyClient, AuthTime: now, CreatedAt: now, ExpiresAt: s.ExpiresAt, Chain: auth.NewChain(1, now),
	}
	x.sessions[s.ID], x.grants[g.ID] = s, g
	t := x.tokens(g, key, auth.Current)
	t.Session, t.SessionExpires = cookie, s.ExpiresAt
	return t, nil
}

// tokens mints what a refresh or log-in hands out; x.mu is held.
func (x *world) tokens(g *auth.Grant, key secret.Token, v auth.Verdict) auth.Tokens {
	now := x.clock()
	refresh, err := auth.RefreshToken{Key: 1, GrantID: g.ID, Generation: g.Current, Secret: key}.Encode(tagKeys{})
	if err != nil {
		panic(err)
	}
	claims := auth.AccessClaims{
		Issuer: x.issuer, Subject: g.UserID.String(), Audience: auth.Audience{x.issuer + "/v1", x.issuer + "/demo/api"},
		Expires: now.Add(x.access).Unix(), IssuedAt: now.Unix(), ID: auth.NewID(now).String(), ClientID: g.ClientID,
		Scope: "openid profile email", Roles: []string{"demo"}, Epoch: g.CreatedAt.UnixMilli(), AuthTime: g.AuthTime.Unix(), AMR: []string{"pwd"}, SessionID: "s-" + g.SessionID.String()[:13], GrantID: g.ID.String(),
	}
	return auth.Tokens{Access: jwt(claims), AccessExpires: now.Add(x.access), ExpiresIn: x.access, Granted: auth.Granted{
		GrantID: g.ID, UserID: g.UserID, SessionID: g.SessionID, Refresh: refresh, RefreshExpires: g.ExpiresAt, Verdict: v,
	}}
}

func jwt(claims auth.AccessClaims) secret.Token {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	header := map[string]string{"typ": auth.AccessTokenType, "alg": "ES256", "kid": "kH3vQ9mVb2xR"}
	return secret.FromString(part(header) + "." + part(claims) + ".c2lnbmF0dXJl")
}

// judge finds the grant of a presented token and the ruling on it; x.mu is held.
func (x *world) judge(presented secret.Token, caller auth.Caller) (*auth.Grant, auth.RefreshToken, auth.RefreshFacts, auth.Ruling) {
	token, err := auth.ParseRefreshToken(presented, tagKeys{})
	if err != nil {
		return nil, token, auth.RefreshFacts{}, auth.Ruling{Verdict: auth.Malformed}
	}
	g, ok := x.grants[token.GrantID]
	if !ok {
		return nil, token, auth.RefreshFacts{}, auth.Ruling{Verdict: auth.Unknown}
	}
	s := x.sessions[g.SessionID]
	facts := auth.RefreshFacts{
		Grant: *g, SessionEnded: !s.EndedAt.IsZero(), SessionUse: g.LastUsedAt,
		Client: auth.Client{ID: auth.FirstPartyClient, Public: true, FirstParty: true},
	}
	p := auth.Presentation{Token: token, ClientID: auth.FirstPartyClient, Caller: caller}
	return g, token, facts, auth.Judge(facts, p, x.rules, x.clock())
}

func (x *world) Refresh(_ context.Context, presented secret.Token, caller auth.Caller) (auth.Tokens, auth.Verdict, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	g, token, _, ruling := x.judge(presented, caller)
	if ruling.Change != nil {
		*g = ruling.Change.Grant
		x.events = append(x.events, ruling.Change.Events...)
	}
	if !ruling.Verdict.Granted() {
		return auth.Tokens{}, ruling.Verdict, nil
	}
	return x.tokens(g, token.Secret, ruling.Verdict), ruling.Verdict, nil
}

func (x *world) Inspect(_ context.Context, presented secret.Token) (auth.Inspection, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	g, token, facts, ruling := x.judge(presented, auth.Caller{})
	seen := auth.Inspection{Verdict: ruling.Verdict, Presented: token.Generation, Facts: facts}
	if g != nil {
		seen.IdleEnd = g.LastUsedAt.Add(x.rules.SessionIdle)
		if x.rules.WindowOpen(g.Chain, false, x.clock()) {
			seen.WindowEnd = g.Since.Add(x.rules.Window)
		}
	}
	return seen, nil
}

func (x *world) Age(_ context.Context, grant auth.ID, by time.Duration) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.grants[grant].Since = x.grants[grant].Since.Add(-by)
	return nil
}

func (x *world) Expire(_ context.Context, grant auth.ID) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	g := x.grants[grant]
	g.ExpiresAt = x.clock()
	x.sessions[g.SessionID].ExpiresAt = x.clock()
	return nil
}

func (x *world) Events(_ context.Context, grant auth.ID) ([]auth.Event, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var mine []auth.Event
	for _, e := range slices.Backward(x.events) {
		if e.GrantID == grant {
			mine = append(mine, e)
		}
	}
	return mine, nil
}

func (x *world) Current(_ context.Context, cookie secret.Token) (auth.User, auth.Session, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.sessions {
		if s.TokenHash == cookie.Hash() && s.Live(x.clock(), s.LastUsedAt, auth.DefaultSessionIdle) {
			return x.user, *s, nil
		}
	}
	return auth.User{}, auth.Session{}, auth.ErrNotFound
}

func (x *world) List(_ context.Context, _, current auth.ID) ([]auth.SessionView, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []auth.SessionView
	for _, s := range x.sessions {
		if s.EndedAt.IsZero() {
			all = append(all, auth.SessionView{Session: *s, LastUse: s.LastUsedAt, Current: s.ID == current})
		}
	}
	slices.SortFunc(all, func(a, b auth.SessionView) int { return b.LastUse.Compare(a.LastUse) })
	return all, nil
}

func (x *world) End(_ context.Context, _, session auth.ID, _ auth.Caller) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	s, ok := x.sessions[session]
	if !ok {
		return auth.ErrNotFound
	}
	s.EndedAt = x.clock()
	return nil
}

func (x *world) EndAll(context.Context, auth.ID, auth.ID, auth.Caller) error { return nil }

func (x *world) ChangePassword(context.Context, accounts.PasswordChange) (accounts.Renewed, error) {
	return accounts.Renewed{}, auth.ErrCredentials
}

func (x *world) LogOut(ctx context.Context, cookie, _ secret.Token, caller auth.Caller) error {
	_, s, err := x.Current(ctx, cookie)
	if err != nil {
		return nil //nolint:nilerr // over already: nothing to end
	}
	return x.End(ctx, s.UserID, s.ID, caller)
}

// serve starts the pages, the demo and what they call, as `daypass dev` mounts them.
func (x *world) serve(t *testing.T) *httptest.Server {
	t.Helper()
	p, err := pages.New(pages.Config{
		LogIn: x, Sessions: x, Passwords: x, Cookies: x.cookies, Landing: "/demo", Now: x.clock,
		Demo: &pages.Demo{Email: demoEmail, Password: demoPassword, Window: x.rules.Window},
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := demo.New(demo.Config{Grants: x, Refresher: x, Cookies: x.cookies, Window: x.rules.Window, Now: x.clock})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, route := range p.Routes() {
		mux.Handle(route.Pattern, route.Handler)
	}
	for _, route := range d.Routes() {
		mux.Handle(route.Pattern, route.Handler)
	}
	mux.HandleFunc("POST /v1/refresh", x.refreshEndpoint)
	mux.HandleFunc("GET /demo/api/hello", x.hello)
	mux.HandleFunc("/", p.NotFound)
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(p.CrossOrigin))
	srv := httptest.NewServer(guard.Handler(mux))
	t.Cleanup(srv.Close)
	return srv
}

// refreshEndpoint stands in for POST /v1/refresh in cookie mode.
func (x *world) refreshEndpoint(w http.ResponseWriter, r *http.Request) {
	token, ok, err := x.cookies.Refresh(r)
	if err != nil || !ok {
		httpkit.WriteProblem(w, r, httpkit.Problem{Code: httpkit.CodeUnauthenticated})
		return
	}
	tokens, verdict, err := x.Refresh(r.Context(), token, auth.Caller{})
	w.Header().Set(demo.HeaderVerdict, string(verdict))
	if err != nil || !verdict.Granted() {
		httpkit.WriteProblem(w, r, httpkit.Problem{Code: httpkit.CodeInvalidGrant})
		return
	}
	x.cookies.SetRefresh(w, tokens.Refresh, time.Hour)
	x.cookies.SetAccess(w, tokens.Access, x.access)
	httpkit.WriteJSON(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": int(x.access.Seconds())})
}

// hello stands in for the protected API, which asks on each call whether the grant was revoked. One grant is enough here.
func (x *world) hello(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	revoked := false
	for _, g := range x.grants {
		revoked = revoked || g.Revoked()
	}
	if _, ok, err := x.cookies.Access(r); err != nil || !ok || revoked {
		httpkit.WriteProblem(w, r, httpkit.Problem{Code: httpkit.CodeUnauthenticated})
		return
	}
	httpkit.WriteJSON(w, http.StatusOK, map[string]string{"message": "Hello from the protected API"})
}

var (
	_ pages.LogIn    = (*world)(nil)
	_ pages.Sessions = (*world)(nil)
	_ demo.Grants    = (*world)(nil)
	_ demo.Refresher = (*world)(nil)
)
