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
	Bearer  secret.Token   // access token of the Authorization header
	Access  []secret.Token // cookies
	Refresh []secret.Token // cookies and the body
	Session secret.Token   // SSO cookie
}

// LogOut ends every session that one of the credentials belongs to, with its grants, durably before it
// returns. A bearer token must be good here: one that was narrowed for another API, taken back, or found in
// an old log logs nobody out. A browser's own cookies serve when they are expired or spent too: who asks to be
// logged out must not stay logged in because a token was old. What names no session of ours, or cannot
// be judged here, changes nothing and is no error. Errors are the store's, and ErrUnauthenticated for a
// bearer token that is not good here while nothing else was presented: its client has to know that it is
// still logged in.
func (p *Principals) LogOut(ctx context.Context, presented Presented, caller auth.Caller) error {
	var sessions []auth.ID
	add := func(id auth.ID) {
		if !id.IsZero() && !slices.Contains(sessions, id) {
			sessions = append(sessions, id)
		}
	}
	if !presented.Bearer.IsZero() {
		id, err := p.sessionOfBearer(ctx, presented.Bearer)
		if err != nil && (!errors.Is(err, ErrUnauthenticated) || !presented.others()) {
			return err
		}
		add(id)
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

// others tells whether anything but the bearer token was presented.
func (d Presented) others() bool {
	given := func(t secret.Token) bool { return !t.IsZero() }
	return given(d.Session) || slices.ContainsFunc(d.Access, given) || slices.ContainsFunc(d.Refresh, given)
}

// sessionOfBearer returns the session that a token good at this API speaks for; zero when that is over
// already, ErrUnauthenticated for a token that is not good here.
func (p *Principals) sessionOfBearer(ctx context.Context, token secret.Token) (auth.ID, error) {
	if _, err := p.needs.Verifier.VerifyAccess(token, p.needs.Audience, false); err != nil {
		return auth.ID{}, ErrUnauthenticated
	}
	who, err := p.Authenticate(ctx, token)
	if errors.Is(err, ErrUnauthenticated) {
		return auth.ID{}, nil
	}
	return who.Grant.SessionID, err
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
	case errors.Is(err, auth.ErrMalformed), errors.Is(err, auth.ErrKeyUnknown), errors.As(err, &refused):
		return auth.ID{}, nil // planted, perhaps: the other credentials still count
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
