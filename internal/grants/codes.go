package grants

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// Bought is what an authorization code was redeemed for.
type Bought struct {
	Grant   auth.Grant
	User    auth.User
	Request auth.AuthorizationRequest
	Refresh secret.Token // zero: the client gets none
}

// errCode is the answer to a code for which nothing is given, whatever the reason (AZ-14).
var errCode = oauth.NewError(oauth.InvalidGrant, "the code is not good: it was used, is too old, or belongs to another client, redirect URI or verifier")

// RedeemCode exchanges an authorization code (RFC 6749 §4.1.3). The client has been authenticated. Of callers at once one
// gets it. Whoever presents it again and proves all that the first one had to ends what it bought (§4.1.2). Errors are
// *oauth.Error and the store's.
func (s *Service) RedeemCode(ctx context.Context, client auth.Client, ask auth.Ask) (Bought, error) {
	var b Bought
	var refused error
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		b, refused = Bought{}, errCode
		code, err := tx.Codes.Find(ctx, ask.Code.Hash())
		if errors.Is(err, auth.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		p := auth.CodePresentation{ClientID: client.ID, RedirectURI: ask.RedirectURI, Verifier: ask.Verifier.Reveal()}
		verdict := code.Judge(p, s.now())
		if verdict == auth.CodeGood {
			if b, verdict, err = s.buy(ctx, tx, client, code); err != nil {
				return err
			}
		}
		switch verdict {
		case auth.CodeGood:
			refused = nil
		case auth.CodeReplayed:
			return s.endReplayed(ctx, tx, code.Hash, ask.Caller)
		case auth.CodeForeign, auth.CodeRedirect, auth.CodeUnverified, auth.CodeExpired:
		}
		return nil
	})
	if err != nil {
		return Bought{}, fmt.Errorf("grants: redeem: %w", err)
	}
	return b, refused
}

// buy makes the grant of a code. The verdict is CodeExpired when user or session stand no more, and CodeReplayed when
// another one spent the code since it was read: who comes second in a race replays it as well.
func (s *Service) buy(ctx context.Context, tx *store.Tx, client auth.Client, code auth.AuthorizationCode) (b Bought, v auth.CodeVerdict, err error) {
	user, err1 := tx.Users.Find(ctx, code.UserID)
	session, err2 := tx.Sessions.Find(ctx, code.SessionID)
	if errors.Is(err1, auth.ErrNotFound) || errors.Is(err2, auth.ErrNotFound) {
		return Bought{}, auth.CodeExpired, nil
	}
	if err := errors.Join(err1, err2); err != nil {
		return Bought{}, "", err
	}
	stands, err := stand(ctx, tx, client, user, code)
	if err != nil {
		return Bought{}, "", err
	}
	if !stands || !session.Live(s.now(), session.LastUse, s.rules.SessionIdle) {
		return Bought{}, auth.CodeExpired, nil
	}
	q := code.Request
	g, token, err := s.Issue(auth.Grant{
		UserID: user.ID, SessionID: session.ID, ClientID: client.ID, Scopes: q.Scopes, Resources: q.Resources, Claims: q.Claims.UserInfo,
		Offline:  slices.Contains(q.Scopes, oauth.ScopeOfflineAccess) && client.MayUse(oauth.GrantRefreshToken),
		AuthTime: code.AuthTime, AMR: code.AMR, ACR: code.ACR,
	}, session.ExpiresAt)
	if err != nil {
		return Bought{}, "", err
	}
	first, err := tx.Codes.Use(ctx, code.Hash, g.ID, s.now())
	if err != nil || !first {
		return Bought{}, auth.CodeReplayed, err
	}
	if !refreshes(client, q, g) {
		token = secret.Token{}
	}
	return Bought{Grant: g, User: user, Request: q, Refresh: token}, auth.CodeGood, tx.Grants.Insert(ctx, g)
}

// stand tells whether the user and what they allowed are still as they were. The rows' locks keep a disabling, a change of
// password or a consent that is taken back from passing unseen.
func stand(ctx context.Context, tx *store.Tx, client auth.Client, user auth.User, code auth.AuthorizationCode) (bool, error) {
	stands, err := tx.Users.Claim(ctx, user.ID, user.PasswordVersion)
	if err != nil || !stands || client.FirstParty { // nobody was asked
		return stands, err
	}
	return tx.Consents.Claim(ctx, user.ID, client.ID, code.CreatedAt)
}

// refreshes tells whether the client gets a refresh token (RT-01): for offline access, which the user allowed, or one
// that ends with the session for an application of the operator's own and for a request of pure OAuth.
func refreshes(client auth.Client, q auth.AuthorizationRequest, g auth.Grant) bool {
	return client.MayUse(oauth.GrantRefreshToken) && (g.Offline || client.FirstParty || !q.OpenID())
}

// endReplayed ends the grant that a code bought, which the row tells now.
func (s *Service) endReplayed(ctx context.Context, tx *store.Tx, hash [32]byte, caller auth.Caller) error {
	code, err := tx.Codes.Find(ctx, hash)
	if err != nil {
		return err
	}
	f, _, err := tx.Grants.Facts(ctx, code.GrantID)
	if errors.Is(err, auth.ErrNotFound) {
		return nil
	}
	if err != nil || f.Grant.Revoked() {
		return err
	}
	c := auth.KillGrant(f.Grant, auth.ReasonCodeReplay, s.rules, s.now())
	c.Events = append(c.Events, auth.Event{
		At: c.Grant.RevokedAt, Kind: auth.EventCodeReplayed, UserID: f.Grant.UserID, SessionID: f.Grant.SessionID, GrantID: f.Grant.ID,
		ClientID: f.Grant.ClientID, Caller: caller, Detail: auth.ReasonCodeReplay,
	})
	_, err = tx.Grants.Apply(ctx, f.Grant, c)
	return err
}
