package app

import (
	"context"
	"crypto"
	"errors"
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/demo"
	"github.com/daypass/daypass/internal/exchange"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/keys"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/pages"
	"github.com/daypass/daypass/internal/protocol"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
	"github.com/daypass/daypass/resource"
)

// The adapters below join interfaces of one floor to packages that may not know each other.

// pageLogIn is the log-in of the pages: the same pipeline as the JSON API's.
type pageLogIn struct{ pipeline *exchange.Pipeline }

var _ pages.LogIn = pageLogIn{}

func (l pageLogIn) LogIn(ctx context.Context, ask auth.LoginAsk) (auth.Tokens, error) {
	return l.pipeline.FirstParty(ctx, auth.GrantLogin, auth.Ask{Login: &ask, Caller: ask.Caller})
}

// pageSessions are the sessions of the pages.
type pageSessions struct {
	accounts   *accounts.Service
	principals *login.Principals
}

var _ pages.Sessions = pageSessions{}

func (s pageSessions) Current(ctx context.Context, cookie secret.Token) (auth.User, auth.Session, error) {
	view, user, err := s.accounts.SessionByToken(ctx, cookie)
	return user, view.Session, err
}

func (s pageSessions) List(ctx context.Context, user, current auth.ID) ([]auth.SessionView, error) {
	return s.accounts.Sessions(ctx, user, current)
}

func (s pageSessions) End(ctx context.Context, user, session auth.ID, caller auth.Caller) error {
	return s.accounts.EndSession(ctx, user, session, caller)
}

func (s pageSessions) EndAll(ctx context.Context, user, keep auth.ID, caller auth.Caller) error {
	return s.accounts.EndOtherSessions(ctx, user, keep, caller)
}

func (s pageSessions) LogOut(ctx context.Context, cookie, access secret.Token, caller auth.Caller) error {
	return s.principals.LogOut(ctx, login.Presented{Session: cookie, Access: []secret.Token{access}}, caller)
}

// screens are the pages that the OAuth endpoints show.
type screens struct{ pages *pages.Pages }

var _ protocol.Screens = screens{}

func (s screens) Fault(w http.ResponseWriter, r *http.Request, f protocol.Fault) {
	s.pages.Error(w, r, pages.Fault{Status: f.Status, Code: string(f.Code), Parameter: f.Parameter, Reason: reasonOf(f.Reason), Detail: f.Detail})
}

func reasonOf(r protocol.Reason) pages.Reason {
	switch r {
	case protocol.Mistake:
		return pages.Mistake
	case protocol.Over:
		return pages.Over
	case protocol.TwoCookies:
		return pages.TwoCookies
	case protocol.ByStatus:
	}
	return pages.ByStatus
}

func (s screens) FormPost(w http.ResponseWriter, r *http.Request, a authorize.Answer) {
	s.pages.FormPost(w, r, a)
}

func (s screens) Exit(w http.ResponseWriter, r *http.Request, e authorize.Exit, sure bool) {
	s.pages.Exit(w, r, e, sure)
}

// demoGrants lets the demo look at a grant and bend its clocks.
type demoGrants struct {
	grants *grants.Service
	db     *store.DB
	now    func() time.Time
}

var _ demo.Grants = demoGrants{}

func (d demoGrants) Inspect(ctx context.Context, presented secret.Token) (auth.Inspection, error) {
	in, err := d.grants.Inspect(ctx, presented)
	var refused *auth.Refused
	if errors.As(err, &refused) {
		return auth.Inspection{Verdict: refused.Verdict, Presented: in.Presented}, nil
	}
	return in, err
}

func (d demoGrants) Age(ctx context.Context, grant auth.ID, by time.Duration) error {
	return d.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Grants.Backdate(ctx, grant, by)
		return err
	})
}

func (d demoGrants) Expire(ctx context.Context, grant auth.ID) error {
	return d.db.Update(ctx, func(tx *store.Tx) error { return tx.Grants.Expire(ctx, grant, d.now()) })
}

func (d demoGrants) Events(ctx context.Context, grant auth.ID) (events []auth.Event, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		events, err = tx.Events.OfGrant(ctx, grant, 50)
		return err
	})
	return events, err
}

// demoRefresher presents a token as anybody could.
type demoRefresher struct{ pipeline *exchange.Pipeline }

var _ demo.Refresher = demoRefresher{}

func (d demoRefresher) Refresh(ctx context.Context, presented secret.Token, caller auth.Caller) (auth.Tokens, auth.Verdict, error) {
	tokens, err := d.pipeline.FirstParty(ctx, oauth.GrantRefreshToken, auth.Ask{Refresh: presented, Caller: caller})
	var refused *auth.Refused
	if errors.As(err, &refused) {
		return auth.Tokens{}, refused.Verdict, nil
	}
	return tokens, tokens.Verdict, err
}

// ringKeys lets a resource server in this process use the keys at hand.
type ringKeys struct{ ring *keys.Ring }

var _ resource.KeySource = ringKeys{}

func (r ringKeys) PublicKey(_ context.Context, kid string, alg resource.Algorithm) (crypto.PublicKey, error) {
	if key, ok := r.ring.PublicKey(kid, jose.Algorithm(alg)); ok {
		return key, nil
	}
	return nil, resource.ErrUnknownKey
}

// alive asks the database whether what a verified token stands on still lives. A resource server in
// this process can; one elsewhere believes the token until it ends.
func alive(db *store.DB) func(context.Context, resource.Token) error {
	return func(ctx context.Context, t resource.Token) error {
		ok := false
		err := db.View(ctx, func(tx *store.Tx) (err error) {
			ok, err = grants.Alive(ctx, tx, auth.AccessClaims{ID: t.ID, ClientID: t.ClientID, GrantID: t.GrantID, Epoch: t.ClientEpoch})
			return err
		})
		if err != nil {
			return err
		}
		if !ok {
			return &resource.Refusal{Code: oauth.InvalidToken, Cause: errRevoked}
		}
		return nil
	}
}

var errRevoked = errors.New("revoked")
