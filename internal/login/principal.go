package login

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// ErrUnauthenticated stands for every credential that is not good at this server's own API: malformed,
// expired, another client's, or of a grant, session or user that is over. It never tells which.
var ErrUnauthenticated = errors.New("login: not authenticated")

// Verifier checks access tokens of our own: signature, type, issuer, audience ("" accepts any) and,
// unless allowExpired, their end.
type Verifier interface {
	VerifyAccess(token secret.Token, audience string, allowExpired bool) (auth.AccessClaims, error)
}

// Inspector takes a presented refresh token apart without using it.
type Inspector interface {
	Inspect(ctx context.Context, presented secret.Token) (auth.Inspection, error)
}

var _ Inspector = (*grants.Service)(nil)

// Needs is what Principals are built from; all but Audience is required.
type Needs struct {
	DB          *store.DB
	Accounts    *accounts.Service
	Verifier    Verifier
	Inspector   Inspector
	SessionIdle time.Duration
	Now         func() time.Time
	// Audience is what the aud of an access token must name to be good here, so that a token narrowed to
	// one resource cannot be used by that resource against its owner's account; "": any will do.
	Audience string
}

// Principals finds out whom a credential speaks for.
type Principals struct{ needs Needs }

// NewPrincipals checks that nothing is missing.
func NewPrincipals(n Needs) (*Principals, error) {
	if n.DB == nil || n.Accounts == nil || n.Verifier == nil || n.Inspector == nil || n.Now == nil || n.SessionIdle <= 0 {
		return nil, errors.New("login: DB, Accounts, Verifier, Inspector, Now and SessionIdle are required")
	}
	return &Principals{needs: n}, nil
}

// Authenticate returns whom a first-party access token speaks for, with grant, session and user as they
// are in the database now: any of them being over makes the token worthless here at once. The error is
// ErrUnauthenticated or the store's.
func (p *Principals) Authenticate(ctx context.Context, access secret.Token) (auth.Principal, error) {
	claims, err := p.needs.Verifier.VerifyAccess(access, p.needs.Audience, false)
	if errors.Is(err, auth.ErrKeyUnknown) {
		return auth.Principal{}, fmt.Errorf("login: authenticate: %w", err)
	}
	if err != nil || claims.ClientID != auth.FirstPartyClient {
		return auth.Principal{}, ErrUnauthenticated
	}
	id, err := auth.ParseID(claims.GrantID)
	if err != nil {
		return auth.Principal{}, ErrUnauthenticated
	}
	found := auth.Principal{Claims: claims}
	err = p.needs.DB.View(ctx, func(tx *store.Tx) error {
		alive, err := grants.Alive(ctx, tx, claims)
		if err != nil {
			return err
		}
		if !alive {
			return ErrUnauthenticated
		}
		facts, user, err := tx.Grants.Facts(ctx, id)
		if err != nil {
			return err
		}
		found.Grant, found.User = facts.Grant, user
		found.Session, err = tx.Sessions.Find(ctx, facts.Grant.SessionID)
		return err
	})
	if errors.Is(err, auth.ErrNotFound) {
		return auth.Principal{}, ErrUnauthenticated
	}
	if err != nil {
		return auth.Principal{}, fmt.Errorf("login: authenticate: %w", err)
	}
	if !p.stands(found) {
		return auth.Principal{}, ErrUnauthenticated
	}
	found.Session.Current = true
	return found, nil
}

// stands judges what Authenticate has read.
func (p *Principals) stands(f auth.Principal) bool {
	now := p.needs.Now()
	return f.Grant.ClientID == auth.FirstPartyClient && f.Claims.Subject == f.User.ID.String() &&
		f.Session.UserID == f.User.ID && !f.User.Disabled() && !f.Grant.Revoked() && now.Before(f.Grant.ExpiresAt) &&
		f.Session.Live(now, f.Session.LastUse, p.needs.SessionIdle)
}

// BySession returns the user of an SSO cookie whose session is live, or ErrUnauthenticated.
func (p *Principals) BySession(ctx context.Context, cookie secret.Token) (auth.User, error) {
	_, user, err := p.needs.Accounts.SessionByToken(ctx, cookie)
	if errors.Is(err, auth.ErrNotFound) {
		return auth.User{}, ErrUnauthenticated
	}
	return user, err
}

// GrantOf returns the grant of an access token of ours, expired or not; zero when it is none. A token
// whose key has been retired long ago counts as none, or its owner could never refresh again.
func (p *Principals) GrantOf(access secret.Token) auth.ID {
	claims, err := p.needs.Verifier.VerifyAccess(access, "", true)
	if err != nil {
		return auth.ID{}
	}
	id, err := auth.ParseID(claims.GrantID)
	if err != nil {
		return auth.ID{}
	}
	return id
}

// SameSession tells whether a refresh token is of the session that an SSO cookie names, alive or not. What is no
// first-party refresh token passes: whoever refreshes refuses it, with the right word. The error is the store's.
func (p *Principals) SameSession(ctx context.Context, refresh, cookie secret.Token) (bool, error) {
	of, err := p.sessionOfRefresh(ctx, refresh)
	if err != nil || of.IsZero() {
		return err == nil, err
	}
	named, err := p.needs.Accounts.SessionID(ctx, cookie)
	return named == of, err
}
