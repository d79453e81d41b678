package grants

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

const (
	// patience is how long after its arrival a refresh may still be executed; later it would look like
	// a replay from the past (design §2).
	patience = 10 * time.Second
	// rejudge bounds how often the loser of a race reads and judges again. Every loss means that
	// somebody else moved, so a handful is plenty.
	rejudge = 20
)

// Refreshed is a refresh that yields tokens.
type Refreshed struct {
	Verdict auth.Verdict
	Grant   auth.Grant
	Roles   []string     // the user's, today
	Token   secret.Token // the current refresh token
}

// Refresh exchanges a presented refresh token (RFC 6749 §6). The client has been authenticated. What is
// asked beyond the grant is refused with *oauth.Error before anything moves; a verdict that yields no
// token is *auth.Refused; store.ErrUnavailable and auth.ErrKeyUnknown mean that nothing is known to
// have happened and the same token may be presented again.
func (s *Service) Refresh(ctx context.Context, client auth.Client, ask auth.Ask) (Refreshed, error) {
	t, err := auth.ParseRefreshToken(ask.Refresh, s.keys)
	if errors.Is(err, auth.ErrMalformed) {
		return Refreshed{}, &auth.Refused{Verdict: auth.Malformed}
	}
	if err != nil {
		return Refreshed{}, err
	}
	if !ask.ExpectGrant.IsZero() && ask.ExpectGrant != t.GrantID {
		return Refreshed{}, &auth.Refused{Verdict: auth.Misbound, GrantID: t.GrantID}
	}
	// From here a client that hangs up must not leave the question open whether its token was spent.
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), s.deadline(ask.Arrived))
	defer cancel()
	if ask.Scopes != nil || ask.Resources != nil {
		if err := s.narrow(ctx, client, t, ask); err != nil {
			return Refreshed{}, err
		}
	}
	p := auth.Presentation{Token: t, ClientID: client.ID, Binding: ask.Binding, Caller: ask.Caller}
	if client.Rotates(ask.Binding) {
		if r, moved, err := s.swap(ctx, client, p); moved || err != nil {
			return r, err
		}
	}
	return s.settle(ctx, p)
}

// deadline turns the moment of arrival, told by the injected clock, into one of the context's clock.
func (s *Service) deadline(arrived time.Time) time.Time {
	waited := time.Duration(0)
	if !arrived.IsZero() {
		waited = max(s.now().Sub(arrived), 0)
	}
	return time.Now().Add(patience - waited) //nolint:forbidigo // contexts live by the machine's clock
}

// swap is the hot path: one statement, and no row comes back unless the verdict is Current.
func (s *Service) swap(ctx context.Context, client auth.Client, p auth.Presentation) (r Refreshed, moved bool, err error) {
	var userGone bool
	r.Grant, r.Roles, userGone, moved, err = s.db.Rotate(ctx, store.Swap{
		Grant: p.Token.GrantID, SecretHash: p.Token.Secret.Hash(), Generation: p.Token.Generation,
		ClientID: client.ID, Binding: p.Binding, Public: client.Public, Proves: client.Proves(p.Binding),
		Rules: s.rules, Now: s.now(),
	})
	switch {
	case err != nil || !moved:
		return Refreshed{}, false, err
	case userGone:
		// Disabling marks the grants, so this is a grant made while the user was being disabled.
		return Refreshed{}, true, &auth.Refused{Verdict: auth.Revoked, GrantID: p.Token.GrantID}
	}
	r.Verdict = auth.Current
	r.Token, err = s.token(r.Grant, p.Token.Secret)
	return r, true, err
}

// settle reads, judges and applies until a ruling stands.
func (s *Service) settle(ctx context.Context, p auth.Presentation) (Refreshed, error) {
	for range rejudge {
		r, settled, err := s.judge(ctx, p)
		if err != nil || settled {
			return r, err
		}
	}
	return Refreshed{}, fmt.Errorf("%w: a grant changed %d times while it was judged", store.ErrUnavailable, rejudge)
}

// judge rules once. A ruling that writes nothing needs no transaction that writes; any other one is
// made again inside the transaction that applies it, on the row as it is there.
func (s *Service) judge(ctx context.Context, p auth.Presentation) (r Refreshed, settled bool, err error) {
	ruling := auth.Ruling{}
	rule := func(tx *store.Tx) (auth.Grant, error) {
		f, user, err := tx.Grants.Facts(ctx, p.Token.GrantID)
		if errors.Is(err, auth.ErrNotFound) {
			ruling = auth.Ruling{Verdict: auth.Unknown}
			return auth.Grant{}, nil
		}
		if err != nil {
			return auth.Grant{}, err
		}
		ruling = auth.Judge(f, p, s.rules, s.now())
		r = Refreshed{Verdict: ruling.Verdict, Grant: f.Grant, Roles: user.Roles}
		return f.Grant, nil
	}
	err = s.db.View(ctx, func(tx *store.Tx) error { _, err := rule(tx); return err })
	settled = ruling.Change == nil
	if err == nil && !settled {
		err = s.db.Update(ctx, func(tx *store.Tx) error {
			judged, err := rule(tx)
			if err != nil || ruling.Change == nil {
				settled = true
				return err
			}
			r.Grant = ruling.Change.Grant
			settled, err = tx.Grants.Apply(ctx, judged, *ruling.Change)
			return err
		})
	}
	if err != nil || !settled {
		return Refreshed{}, false, err
	}
	if !ruling.Verdict.Granted() {
		return Refreshed{}, true, &auth.Refused{Verdict: ruling.Verdict, GrantID: p.Token.GrantID}
	}
	r.Token, err = s.token(r.Grant, p.Token.Secret)
	return r, true, err
}

// narrow refuses scopes and resources beyond the grant (RFC 6749 §6, RFC 8707 §2.2) before the token
// is spent. To a client whose grant it is not, the verdict answers instead.
func (s *Service) narrow(ctx context.Context, client auth.Client, t auth.RefreshToken, ask auth.Ask) error {
	var f auth.RefreshFacts
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		f, _, err = tx.Grants.Facts(ctx, t.GrantID)
		return err
	})
	if errors.Is(err, auth.ErrNotFound) {
		return nil
	}
	if err != nil || f.Grant.ClientID != client.ID || f.Grant.SecretHash != t.Secret.Hash() {
		return err
	}
	// What the client lost since counts as not granted.
	if !within(ask.Scopes, f.Grant.Scopes) || !within(ask.Scopes, client.AllowedScopes()) {
		return oauth.NewError(oauth.InvalidScope, "the scope goes beyond what was granted")
	}
	if !within(ask.Resources, f.Grant.Resources) || !within(ask.Resources, client.Resources) {
		return oauth.NewError(oauth.InvalidTarget, "a resource was asked for that the grant does not cover")
	}
	return nil
}

func within(asked, granted []string) bool {
	return !slices.ContainsFunc(asked, func(a string) bool { return !slices.Contains(granted, a) })
}
