package exchange

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/oauth"
)

// Redeemer is internal/grants as this hook needs it.
type Redeemer interface {
	RedeemCode(ctx context.Context, client auth.Client, ask auth.Ask) (grants.Bought, error)
	Ends(g auth.Grant) time.Time
}

// CodeHook is grant_type=authorization_code (RFC 6749 §4.1.3).
type CodeHook struct{ Grants Redeemer }

var (
	_ Hook     = CodeHook{}
	_ Redeemer = (*grants.Service)(nil)
)

// Redeem implements Hook. The access token carries what the user allowed, or of its resources those that are asked for here
// (RFC 8707 §2.2), as far as the client may still have it: a request can be half an hour old.
func (h CodeHook) Redeem(ctx context.Context, client auth.Client, ask auth.Ask) (auth.Granted, error) {
	if ask.Code.IsZero() {
		return auth.Granted{}, oauth.NewError(oauth.InvalidRequest, "code is missing")
	}
	if len(still(ask.Resources, client.Resources)) != len(ask.Resources) {
		return auth.Granted{}, oauth.NewError(oauth.InvalidTarget, "the client may not ask for this resource")
	}
	b, err := h.Grants.RedeemCode(ctx, client, ask)
	if err != nil {
		return auth.Granted{}, err
	}
	g := b.Grant
	granted := auth.Granted{
		Subject: g.UserID.String(), UserID: g.UserID, GrantID: g.ID, SessionID: g.SessionID, ClientID: g.ClientID,
		Scopes: still(g.Scopes, client.AllowedScopes()), Resources: still(still(chosen(ask.Resources, g.Resources), g.Resources), client.Resources),
		AuthTime: g.AuthTime, AMR: g.AMR, ACR: g.ACR, Roles: b.User.Roles, ExpiresAt: g.ExpiresAt,
		Nonce: b.Request.Nonce, IDClaims: b.User.ClaimsOf(nil, b.Request.Claims.IDToken),
	}
	if !b.Refresh.IsZero() {
		granted.Refresh, granted.RefreshExpires = b.Refresh, h.Grants.Ends(g)
	}
	return granted, nil
}
