package grants

import (
	"context"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// Keys are the master keys as grants need them.
type Keys interface {
	auth.TagKeys
	Active() byte
}

// Service makes, refreshes, inspects and revokes grants.
type Service struct {
	db    *store.DB
	keys  Keys
	rules auth.RefreshRules
	life  time.Duration
	now   func() time.Time
}

// Config is what a Service needs.
type Config struct {
	DB       *store.DB
	Keys     Keys
	Rules    auth.RefreshRules // Key is filled in from Keys
	Lifetime time.Duration     // absolute, of a grant
	Now      func() time.Time
}

// New returns a Service, or an error when a need is missing.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Keys == nil || c.Now == nil || c.Lifetime <= 0 || c.Rules.Idle <= 0 || c.Rules.SessionIdle <= 0 || c.Rules.RevokeFor <= 0 {
		return nil, errors.New("grants: a database, keys, a clock and lifetimes are needed")
	}
	c.Rules.Key = c.Keys.Active()
	return &Service{db: c.DB, keys: c.Keys, rules: c.Rules, life: c.Lifetime, now: c.Now}, nil
}

// Rules are the rules that presented tokens are judged by.
func (s *Service) Rules() auth.RefreshRules { return s.rules }

// Issue completes a new grant: id, secret, chain and absolute end (no later than sessionEnd, unless the
// grant is offline or sessionEnd is zero), and returns it with its first refresh token. The caller
// inserts the grant in the transaction that creates what it stands on.
func (s *Service) Issue(g auth.Grant, sessionEnd time.Time) (auth.Grant, secret.Token, error) {
	now := s.now()
	grantSecret := auth.NewGrantSecret()
	g.ID, g.SecretHash, g.CreatedAt = auth.NewID(now), grantSecret.Hash(), now
	g.Chain = auth.NewChain(s.keys.Active(), now)
	g.ExpiresAt = now.Add(s.life)
	if !g.Offline && !sessionEnd.IsZero() && sessionEnd.Before(g.ExpiresAt) {
		g.ExpiresAt = sessionEnd
	}
	token, err := s.token(g, grantSecret)
	return g, token, err
}

// token writes the grant's current refresh token; the secret is the one that was presented.
func (s *Service) token(g auth.Grant, grantSecret secret.Token) (secret.Token, error) {
	return auth.RefreshToken{Key: g.CurrentKey, GrantID: g.ID, Generation: g.Current, Secret: grantSecret}.Encode(s.keys)
}

// Ends says when the refresh token stops being good if it is not used: the absolute end or the idle
// limit, whichever is first.
func (s *Service) Ends(g auth.Grant) time.Time {
	idle := g.LastUsedAt.Add(s.rules.IdleLimit(g.Offline))
	if idle.Before(g.ExpiresAt) {
		return idle
	}
	return g.ExpiresAt
}

// Inspect tells what a presented refresh token is and what a refresh by its own client would be told
// now. It changes nothing. A token that is not ours is auth.ErrMalformed, a grant that is not there a
// *auth.Refused with verdict Unknown.
func (s *Service) Inspect(ctx context.Context, presented secret.Token) (auth.Inspection, error) {
	t, err := auth.ParseRefreshToken(presented, s.keys)
	if err != nil {
		return auth.Inspection{}, err
	}
	in := auth.Inspection{Presented: t.Generation}
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		in.Facts, _, err = tx.Grants.Facts(ctx, t.GrantID)
		return err
	})
	if errors.Is(err, auth.ErrNotFound) {
		return in, &auth.Refused{Verdict: auth.Unknown, GrantID: t.GrantID}
	}
	if err != nil {
		return in, err
	}
	g, now := in.Facts.Grant, s.now()
	in.Verdict = auth.Judge(in.Facts, auth.Presentation{Token: t, ClientID: g.ClientID, Binding: g.Binding}, s.rules, now).Verdict
	if proves := in.Facts.Client.Proves(g.Binding); !proves && s.rules.WindowOpen(g.Chain, false, now) {
		in.WindowEnd = g.Since.Add(s.rules.Window)
	}
	in.IdleEnd = g.LastUsedAt.Add(s.rules.IdleLimit(g.Offline))
	return in, nil
}

// Revoke ends the grant of a refresh token at the wish of the client it belongs to (RFC 7009 §2.1). ok
// is false, and nothing happens, when the token is no refresh token of this client; any generation of
// it serves, for the client wants it gone.
func (s *Service) Revoke(ctx context.Context, client string, presented secret.Token, caller auth.Caller) (ok bool, err error) {
	t, err := auth.ParseRefreshToken(presented, s.keys)
	if errors.Is(err, auth.ErrMalformed) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		ok = false
		f, _, err := tx.Grants.Facts(ctx, t.GrantID)
		if errors.Is(err, auth.ErrNotFound) {
			return nil
		}
		if err != nil || f.Grant.ClientID != client || t.Secret.Hash() != f.Grant.SecretHash {
			return err
		}
		c := auth.KillGrant(f.Grant, auth.ReasonClientRevoked, s.rules, s.now())
		c.Events = append(c.Events, auth.Event{
			At: c.Grant.RevokedAt, Kind: auth.EventGrantRevoked, UserID: f.Grant.UserID, SessionID: f.Grant.SessionID,
			GrantID: f.Grant.ID, ClientID: client, Caller: caller, Detail: auth.ReasonClientRevoked,
		})
		_, err = tx.Grants.Apply(ctx, f.Grant, c)
		ok = true
		return err
	})
	return ok, err
}
