package login

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// Presented is what came with a request to log out; any of it may be empty.
type Presented struct {
	Access  []secret.Token
	Refresh []secret.Token
	Session secret.Token // SSO cookie
}

// LogOut ends every session that one of the credentials belongs to, with its grants, durably before it
// returns. Expired access tokens and spent refresh tokens serve as well: who asks to be logged out must
// not stay logged in because the token was old. What names no session of ours changes nothing and is no
// error; other errors are the store's, and auth.ErrKeyUnknown.
func (p *Principals) LogOut(ctx context.Context, presented Presented, caller auth.Caller) error {
	var sessions []auth.ID
	add := func(id auth.ID) {
		if !id.IsZero() && !slices.Contains(sessions, id) {
			sessions = append(sessions, id)
		}
	}
	for _, access := range presented.Access {
		id, err := p.sessionOfAccess(ctx, access)
		if err != nil {
			return err
		}
		add(id)
	}
	for _, refresh := range presented.Refresh {
		id, err := p.sessionOfRefresh(ctx, refresh)
		if err != nil {
			return err
		}
		add(id)
	}
	if !presented.Session.IsZero() {
		id, err := p.needs.Accounts.SessionID(ctx, presented.Session)
		if err != nil {
			return err
		}
		add(id)
	}
	if err := p.needs.Accounts.LogOut(ctx, caller, sessions...); err != nil {
		return fmt.Errorf("login: %w", err)
	}
	return nil
}

// sessionOfAccess returns the session of a first-party access token; zero when there is none.
func (p *Principals) sessionOfAccess(ctx context.Context, access secret.Token) (auth.ID, error) {
	id := p.GrantOf(access) // zero for no token as well
	if id.IsZero() {
		return auth.ID{}, nil
	}
	var session auth.ID
	err := p.needs.DB.View(ctx, func(tx *store.Tx) error {
		facts, _, err := tx.Grants.Facts(ctx, id)
		session = firstParty(facts.Grant)
		return err
	})
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return auth.ID{}, fmt.Errorf("login: session of an access token: %w", err)
	}
	return session, nil
}

// sessionOfRefresh returns the session of a first-party refresh token; zero when there is none. A token
// with a wrong secret (Forged) proves nothing.
func (p *Principals) sessionOfRefresh(ctx context.Context, refresh secret.Token) (auth.ID, error) {
	in, err := p.needs.Inspector.Inspect(ctx, refresh)
	var refused *auth.Refused
	switch {
	case errors.Is(err, auth.ErrMalformed), errors.As(err, &refused):
		return auth.ID{}, nil
	case err != nil:
		return auth.ID{}, fmt.Errorf("login: session of a refresh token: %w", err)
	case in.Verdict == auth.Forged:
		return auth.ID{}, nil
	}
	return firstParty(in.Facts.Grant), nil
}

// firstParty returns the session of a grant of the built-in client: another client's token must not log
// its user out of this server.
func firstParty(g auth.Grant) auth.ID {
	if g.ClientID != auth.FirstPartyClient {
		return auth.ID{}
	}
	return g.SessionID
}
