package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// Grants makes grants.
type Grants interface {
	// Issue completes a grant with id, secret, chain and absolute end, no later than sessionEnd, and
	// returns it with its first refresh token. It stores nothing.
	Issue(g auth.Grant, sessionEnd time.Time) (auth.Grant, secret.Token, error)
	// Ends says when the grant's refresh token stops being good if it is not used.
	Ends(g auth.Grant) time.Time
}

var _ Grants = (*grants.Service)(nil)

// Hook is auth.GrantLogin in the exchange pipeline. Both fields are required.
type Hook struct {
	Accounts *accounts.Service
	Grants   Grants
}

// Redeem logs a user in with a password for the built-in client, or makes the user and logs in at once. The grant covers what was asked, or
// all that the client is registered for, ends with the session at the latest and is stored together with it.
// An unknown address, a wrong password and a disabled user are auth.ErrCredentials alike; a new user's are auth.ErrEmail,
// auth.ErrEmailTaken and *auth.WeakPassword; what is asked beyond the client's registration is *oauth.Error before
// anything is verified; other errors are *auth.Throttled, auth.ErrBusy and the store's.
func (h Hook) Redeem(ctx context.Context, c auth.Client, ask auth.Ask) (auth.Granted, error) {
	if ask.Login == nil {
		return auth.Granted{}, errors.New("login: the ask holds no log-in")
	}
	if c.ID != auth.FirstPartyClient {
		return auth.Granted{}, oauth.NewError(oauth.UnauthorizedClient, "only the built-in client logs users in")
	}
	scopes, ok := within(ask.Scopes, c.Scopes)
	if !ok {
		return auth.Granted{}, oauth.NewError(oauth.InvalidScope, "the scope goes beyond what the client may ask for")
	}
	resources, ok := within(ask.Resources, c.Resources)
	if !ok {
		return auth.Granted{}, oauth.NewError(oauth.InvalidTarget, "a resource was asked for that is not the client's")
	}
	enter := h.Accounts.Verify
	switch {
	case ask.Login.New && !ask.Login.SignUp.IsZero():
		enter = h.Accounts.ConfirmSignUp
	case ask.Login.New:
		enter = h.Accounts.SignUp
	}
	user, err := enter(ctx, *ask.Login)
	if err != nil {
		return auth.Granted{}, fmt.Errorf("login: %w", err)
	}
	device, err := h.Accounts.DeviceCookie(user)
	if err != nil {
		return auth.Granted{}, fmt.Errorf("login: %w", err)
	}
	session, cookie := h.Accounts.NewSession(user.User, ask.Login.Caller, auth.AMRPassword)
	grant, refresh, err := h.Grants.Issue(auth.Grant{
		UserID: user.ID, SessionID: session.ID, ClientID: c.ID, Scopes: scopes, Resources: resources,
		Binding: ask.Binding, AuthTime: session.AuthTime, AMR: session.AMR, ACR: session.ACR,
	}, session.ExpiresAt)
	if err != nil {
		return auth.Granted{}, fmt.Errorf("login: issue grant: %w", err)
	}
	err = h.Accounts.LogIn(ctx, user, session, func(ctx context.Context, tx *store.Tx) error {
		return tx.Grants.Insert(ctx, grant)
	})
	if err != nil {
		return auth.Granted{}, fmt.Errorf("login: %w", err)
	}
	return auth.Granted{
		Subject: user.ID.String(), UserID: user.ID, GrantID: grant.ID, SessionID: session.ID, ClientID: c.ID,
		Scopes: scopes, Resources: resources, AuthTime: grant.AuthTime, AMR: grant.AMR, ACR: grant.ACR, Roles: user.Roles,
		ExpiresAt: grant.ExpiresAt, Refresh: refresh, RefreshExpires: h.Grants.Ends(grant),
		Session: cookie, SessionExpires: session.ExpiresAt, Device: device,
	}, nil
}

// within returns what was asked when it is registered, and all that is registered when nothing was asked.
func within(asked, registered []string) ([]string, bool) {
	if asked == nil {
		return registered, true
	}
	return asked, !slices.ContainsFunc(asked, func(a string) bool { return !slices.Contains(registered, a) })
}
