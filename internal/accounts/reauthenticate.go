package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// Reauthenticate verifies the password of a user who is logged in already: a step-up. The session gets another SSO
// cookie, whose value is returned, and the time of this authentication, and so do its first-party grants, so that the
// next refresh brings an access token that a resource asking for a recent log-in accepts (RFC 9470 §4). The error is one
// of Verify's, or auth.ErrSessionOver when the session ended meanwhile.
func (s *Service) Reauthenticate(ctx context.Context, user, session auth.ID, password secret.Token, caller auth.Caller) (secret.Token, error) {
	t := s.tryAgain(user, session, caller)
	found, err := s.confirm(ctx, user, password, t, caller)
	if err != nil {
		return secret.Token{}, err
	}
	now, cookie := s.now(), secret.RandomToken(sessionTokenSize)
	err = s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		stands, err := tx.Users.Claim(ctx, found.ID, found.PasswordVersion)
		if err != nil {
			return err
		}
		if !stands {
			return auth.ErrCredentials
		}
		if err := s.stepUp(ctx, tx, session, cookie, now); err != nil {
			return err
		}
		if err := t.succeed(ctx, tx, now); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, auth.Event{At: now, Kind: auth.EventReauthenticated, UserID: found.ID, SessionID: session, Caller: caller})
	})
	if err != nil {
		return secret.Token{}, fmt.Errorf("accounts: reauthenticate: %w", err)
	}
	return cookie, nil
}

// stepUp renews the id of a session whose user has just proved the password again, and writes the time of it. What else
// the user was recognised by stays told. The error is auth.ErrSessionOver when it is.
func (s *Service) stepUp(ctx context.Context, tx *store.Tx, session auth.ID, cookie secret.Token, now time.Time) error {
	view, err := s.living(ctx, tx, session)
	if err != nil {
		return err
	}
	amr := view.AMR
	if !slices.Contains(amr, auth.AMRPassword) {
		amr = append(slices.Clone(amr), auth.AMRPassword)
	}
	renewed, err := tx.Sessions.Renew(ctx, session, cookie.Hash(), now, amr)
	if err != nil {
		return err
	}
	if !renewed {
		return auth.ErrSessionOver
	}
	return tx.Grants.Reauthenticated(ctx, session, auth.FirstPartyClient, now, amr)
}

// renew gives a session another SSO cookie and leaves the rest. The error is auth.ErrSessionOver when it is.
func (s *Service) renew(ctx context.Context, tx *store.Tx, session auth.ID, cookie secret.Token) error {
	view, err := s.living(ctx, tx, session)
	if err != nil {
		return err
	}
	renewed, err := tx.Sessions.Renew(ctx, session, cookie.Hash(), view.AuthTime, view.AMR)
	if err == nil && !renewed {
		err = auth.ErrSessionOver
	}
	return err
}

// living reads a session that is to be renewed.
func (s *Service) living(ctx context.Context, tx *store.Tx, session auth.ID) (auth.SessionView, error) {
	view, err := tx.Sessions.Find(ctx, session)
	if errors.Is(err, auth.ErrNotFound) {
		err = auth.ErrSessionOver
	}
	return view, err
}

// makeRoom ends the least recently used sessions of a user who has more than one may have.
func (s *Service) makeRoom(ctx context.Context, tx *store.Tx, session auth.Session) error {
	surplus, err := tx.Sessions.Surplus(ctx, session.UserID, session.ID, s.needs.SessionsPerUser-1, session.CreatedAt)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range surplus {
		_, err := s.endOne(ctx, tx, id, ending{user: session.UserID, reason: auth.ReasonSurplus, now: session.CreatedAt, caller: session.Device})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
