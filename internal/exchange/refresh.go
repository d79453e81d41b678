package exchange

import (
	"context"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/oauth"
)

// Refresher is internal/grants as this package needs it.
type Refresher interface {
	Refresh(ctx context.Context, client auth.Client, ask auth.Ask) (grants.Refreshed, error)
	Ends(g auth.Grant) time.Time
}

// RefreshHook is grant_type=refresh_token (RFC 6749 §6).
type RefreshHook struct{ Grants Refresher }

var (
	_ Hook      = RefreshHook{}
	_ Refresher = (*grants.Service)(nil)
)

// Redeem implements Hook. The new access token carries what was asked, or the whole grant, as far as the
// client may still have it; the grant itself keeps its scope.
func (h RefreshHook) Redeem(ctx context.Context, client auth.Client, ask auth.Ask) (auth.Granted, error) {
	if ask.Refresh.IsZero() {
		return auth.Granted{}, oauth.NewError(oauth.InvalidRequest, "refresh_token is missing")
	}
	r, err := h.Grants.Refresh(ctx, client, ask)
	if err != nil {
		return auth.Granted{}, err
	}
	g := r.Grant
	return auth.Granted{
		Subject: g.UserID.String(), UserID: g.UserID, GrantID: g.ID, SessionID: g.SessionID, ClientID: g.ClientID,
		Scopes:    still(chosen(ask.Scopes, g.Scopes), client.AllowedScopes()),
		Resources: still(chosen(ask.Resources, g.Resources), client.Resources),
		AuthTime:  g.AuthTime, AMR: g.AMR, ACR: g.ACR, Roles: r.Roles, ExpiresAt: g.ExpiresAt,
		Refresh: r.Token, RefreshExpires: h.Grants.Ends(g), Verdict: r.Verdict,
	}, nil
}

// chosen is what was asked for, or all when nothing was.
func chosen(asked, granted []string) []string {
	if asked == nil {
		return granted
	}
	return asked
}

// still keeps what the client is registered for today.
func still(list, registered []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !slices.Contains(registered, s) })
}

// ClientCredentialsHook is grant_type=client_credentials (RFC 6749 §4.4): a confidential client on its
// own behalf, without a refresh token.
type ClientCredentialsHook struct{}

var _ Hook = ClientCredentialsHook{}

// Redeem implements Hook. sub is the client's id, which can be no user's: users are UUIDs, and no client
// may be registered under one (RFC 9700 §4.15).
func (ClientCredentialsHook) Redeem(_ context.Context, client auth.Client, ask auth.Ask) (auth.Granted, error) {
	if client.Public {
		return auth.Granted{}, oauth.NewError(oauth.UnauthorizedClient, "a public client cannot prove who it is")
	}
	scopes, resources := chosen(ask.Scopes, client.Scopes), chosen(ask.Resources, client.Resources)
	if len(still(scopes, client.Scopes)) != len(scopes) {
		return auth.Granted{}, oauth.NewError(oauth.InvalidScope, "the scope goes beyond what the client may ask for")
	}
	if len(still(resources, client.Resources)) != len(resources) {
		return auth.Granted{}, oauth.NewError(oauth.InvalidTarget, "the client may not ask for this resource")
	}
	return auth.Granted{Subject: client.ID, ClientID: client.ID, Scopes: scopes, Resources: resources}, nil
}
