package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/clients"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// Hook is what one grant type adds to the pipeline.
type Hook interface {
	// Redeem exchanges the ask's credential for what it grants. It refuses what was asked beyond that
	// before it changes anything.
	Redeem(ctx context.Context, client auth.Client, ask auth.Ask) (auth.Granted, error)
}

// Clients authenticates and finds clients.
type Clients interface {
	Authenticate(ctx context.Context, c clients.Credentials) (auth.Client, error)
	Find(ctx context.Context, id string) (auth.Client, error)
}

// Keys mints and verifies access tokens.
type Keys interface {
	Mint(c auth.AccessClaims, life time.Duration, style auth.TokenStyle) (secret.Token, time.Time, error)
	VerifyAccess(token secret.Token, audience string, allowExpired bool) (auth.AccessClaims, error)
	SessionRef(session auth.ID, client string) string
	// Subject is the sub by which a client knows a user.
	Subject(user auth.ID, client auth.Client) string
	// MintID signs the ID token that goes with an access token, with an algorithm that this server has a key for.
	MintID(c auth.IDTokenClaims, access secret.Token, more map[string]any, algorithm string) (secret.Token, error)
}

// Guesses slow down who guesses secrets of clients.
type Guesses interface {
	// ClientFailed counts a wrong secret; *auth.Throttled when the next try has to wait.
	ClientFailed(ctx context.Context, client string, caller auth.Caller) error
}

// Config is what a Pipeline needs.
type Config struct {
	Clients   Clients
	Resources auth.Resources // nil: none is registered
	Guesses   Guesses        // nil: nobody counts
	Keys      Keys
	Hooks     map[oauth.GrantType]Hook
	Lifetime  time.Duration // of access tokens for resources that say nothing else
	Fallback  string        // audience when no resource was asked and none is configured: UserInfo
	Now       func() time.Time
}

// Pipeline is the token endpoint's use case.
type Pipeline struct{ c Config }

// New returns a Pipeline, or an error when a need is missing.
func New(c Config) (*Pipeline, error) {
	if c.Clients == nil || c.Keys == nil || c.Now == nil || c.Lifetime <= 0 || c.Fallback == "" {
		return nil, errors.New("exchange: clients, keys, a clock, a lifetime and a fallback audience are needed")
	}
	if c.Resources == nil {
		c.Resources = unregistered{}
	}
	return &Pipeline{c: c}, nil
}

// unregistered knows no resource.
type unregistered struct{}

// Find implements auth.Resources.
func (unregistered) Find(string) (auth.Resource, bool) { return auth.Resource{}, false }

// Request is a token request as it came over the wire.
type Request struct {
	Grant       oauth.GrantType
	Credentials clients.Credentials
	Ask         auth.Ask
}

// Exchange runs a request of the token endpoint.
func (p *Pipeline) Exchange(ctx context.Context, r Request) (auth.Tokens, error) {
	client, err := p.authenticate(ctx, r.Credentials)
	if err != nil {
		return auth.Tokens{}, err
	}
	if !slices.Contains(p.GrantTypes(), r.Grant) {
		return auth.Tokens{}, oauth.NewError(oauth.UnsupportedGrantType, "this server does not know the grant type")
	}
	return p.run(ctx, client, r.Grant, r.Ask)
}

// FirstParty runs a request of the first-party API and of the log-in page, on behalf of the built-in
// public client.
func (p *Pipeline) FirstParty(ctx context.Context, grant oauth.GrantType, ask auth.Ask) (auth.Tokens, error) {
	client, err := p.c.Clients.Find(ctx, auth.FirstPartyClient)
	if err != nil {
		return auth.Tokens{}, fmt.Errorf("exchange: first-party client: %w", err)
	}
	return p.run(ctx, client, grant, ask)
}

// GrantTypes lists what the token endpoint exchanges, sorted: the source of the metadata document.
func (p *Pipeline) GrantTypes() []oauth.GrantType {
	var all []oauth.GrantType
	for g := range p.c.Hooks {
		if g != auth.GrantLogin {
			all = append(all, g)
		}
	}
	slices.Sort(all)
	return all
}

// Authenticate proves a client, for the endpoints that exchange nothing. The errors are *oauth.Error (invalid_client),
// *auth.Throttled and the store's.
func (p *Pipeline) Authenticate(ctx context.Context, c clients.Credentials) (auth.Client, error) {
	return p.authenticate(ctx, c)
}

func (p *Pipeline) authenticate(ctx context.Context, c clients.Credentials) (auth.Client, error) {
	client, err := p.c.Clients.Authenticate(ctx, c)
	if errors.Is(err, clients.ErrUnauthenticated) {
		if p.c.Guesses != nil && !c.Secret.IsZero() {
			if err := p.c.Guesses.ClientFailed(ctx, c.ID, c.Caller); err != nil {
				return auth.Client{}, err
			}
		}
		return auth.Client{}, oauth.NewError(oauth.InvalidClient, "client authentication failed")
	}
	return client, err
}

func (p *Pipeline) run(ctx context.Context, client auth.Client, grant oauth.GrantType, ask auth.Ask) (auth.Tokens, error) {
	hook, ok := p.c.Hooks[grant]
	if !ok {
		return auth.Tokens{}, oauth.NewError(oauth.UnsupportedGrantType, "this server does not know the grant type")
	}
	if !client.MayUse(grant) && (grant != auth.GrantLogin || client.ID != auth.FirstPartyClient) {
		return auth.Tokens{}, oauth.NewError(oauth.UnauthorizedClient, "the client is not registered for this grant type")
	}
	if err := p.target(client, ask); err != nil {
		return auth.Tokens{}, err
	}
	granted, err := hook.Redeem(ctx, client, ask)
	if err != nil {
		return auth.Tokens{}, err
	}
	return p.mint(client, granted)
}

// target refuses resources that cannot be had together before the hook moves anything.
func (p *Pipeline) target(client auth.Client, ask auth.Ask) error {
	if len(ask.Resources) == 0 {
		return nil
	}
	if err := auth.TargetFault(p.c.Resources, ask.Resources, chosen(ask.Scopes, client.Scopes), ask.Scopes != nil); err != nil {
		return err
	}
	return nil
}

// mint writes the access token that was granted and no more than its resource needs (RFC 9068 §2.2).
func (p *Pipeline) mint(client auth.Client, g auth.Granted) (auth.Tokens, error) {
	plan, ok := auth.PlanToken(p.c.Resources, g.Resources, g.Scopes, p.c.Lifetime)
	if !ok {
		return auth.Tokens{}, oauth.NewError(oauth.InvalidTarget, "no tokens are given for this resource: it is disabled")
	}
	g.Resources, g.Scopes = plan.Audience, plan.Scopes
	claims := auth.AccessClaims{
		Subject: g.Subject, ClientID: g.ClientID, Scope: strings.Join(g.Scopes, " "), Audience: g.Resources,
		ACR: g.ACR, AMR: g.AMR, Roles: g.Roles, Epoch: client.Epoch,
	}
	if len(claims.Audience) == 0 {
		claims.Audience = auth.Audience{p.c.Fallback}
	}
	if !g.UserID.IsZero() {
		g.Subject = p.c.Keys.Subject(g.UserID, client)
		claims.Subject = g.Subject
	}
	if !g.AuthTime.IsZero() {
		claims.AuthTime = g.AuthTime.Unix()
	}
	if !g.GrantID.IsZero() {
		claims.GrantID = g.GrantID.String()
	}
	if !g.SessionID.IsZero() {
		claims.SessionID = p.c.Keys.SessionRef(g.SessionID, g.ClientID)
	}
	life := auth.AccessLife(plan.Lifetime, g.ExpiresAt, p.c.Now())
	token, expires, err := p.c.Keys.Mint(claims, life, plan.Style)
	if err != nil {
		return auth.Tokens{}, fmt.Errorf("exchange: mint: %w", err)
	}
	tokens := auth.Tokens{Access: token, AccessExpires: expires, ExpiresIn: life, Granted: g}
	if client.ID != auth.FirstPartyClient && !g.UserID.IsZero() && slices.Contains(g.Scopes, oauth.ScopeOpenID) {
		tokens.ID, err = p.mintID(client, g, claims, token)
	}
	return tokens, err
}

// mintID writes the ID token that goes with an access token (OpenID Connect Core 1.0 §3.1.3.6, after a refresh §12.2). The
// built-in client has no use for one.
func (p *Pipeline) mintID(client auth.Client, g auth.Granted, access auth.AccessClaims, token secret.Token) (secret.Token, error) {
	algorithm := cmp.Or(client.Metadata.IDTokenAlgorithm, auth.DefaultIDTokenAlgorithm)
	id, err := p.c.Keys.MintID(auth.IDTokenClaims{
		Subject: g.Subject, Audience: auth.Audience{client.ID}, AuthTime: access.AuthTime, Nonce: g.Nonce, ACR: g.ACR, AMR: g.AMR,
		SessionID: access.SessionID, Expires: p.c.Now().Add(p.c.Lifetime).Unix(),
	}, token, g.IDClaims, algorithm)
	if err != nil {
		return secret.Token{}, fmt.Errorf("exchange: ID token: %w", err)
	}
	return id, nil
}
