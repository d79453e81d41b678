package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// SignUp makes a user who asks for it. The error is auth.ErrEmail, *auth.WeakPassword,
// auth.ErrEmailTaken, auth.ErrBusy or the store's.
func (s *Service) SignUp(ctx context.Context, email string, password secret.Token, caller auth.Caller) (auth.User, error) {
	email, err := auth.NormalizeEmail(email)
	if err != nil {
		return auth.User{}, err
	}
	phc, err := s.Hash(ctx, password, email)
	if err != nil {
		return auth.User{}, err
	}
	now := s.now()
	u := auth.User{ID: auth.NewID(now), Email: email, Password: phc, PasswordVersion: 1, CreatedAt: now}
	err = s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		inserted, err := tx.Users.Insert(ctx, u)
		if err != nil {
			return err
		}
		if !inserted {
			return auth.ErrEmailTaken
		}
		return tx.Events.Insert(ctx, auth.Event{At: now, Kind: auth.EventUserSignedUp, UserID: u.ID, Caller: caller})
	})
	if err != nil {
		return auth.User{}, fmt.Errorf("accounts: sign up: %w", err)
	}
	return u, nil
}

// Disable stops a user from logging in and ends all sessions and grants. A user who is disabled
// already stays so; auth.ErrNotFound when there is none.
func (s *Service) Disable(ctx context.Context, id auth.ID, caller auth.Caller) error {
	now := s.now()
	return s.changeStanding(ctx, id, auth.Event{At: now, Kind: auth.EventUserDisabled, Caller: caller}, func(tx *store.Tx) (bool, error) {
		changed, err := tx.Users.SetDisabled(ctx, id, now)
		if err != nil || !changed {
			return false, err
		}
		return true, s.endAll(ctx, tx, id, auth.ReasonUserDisabled, now, caller)
	})
}

// Enable lets a user log in again; what Disable ended stays ended.
func (s *Service) Enable(ctx context.Context, id auth.ID, caller auth.Caller) error {
	return s.changeStanding(ctx, id, auth.Event{At: s.now(), Kind: auth.EventUserEnabled, Caller: caller}, func(tx *store.Tx) (bool, error) {
		return tx.Users.SetDisabled(ctx, id, time.Time{})
	})
}

// Delete removes a user and ends all sessions and grants; the records about them stay.
func (s *Service) Delete(ctx context.Context, id auth.ID, caller auth.Caller) error {
	now := s.now()
	return s.changeStanding(ctx, id, auth.Event{At: now, Kind: auth.EventUserDeleted, Caller: caller}, func(tx *store.Tx) (bool, error) {
		// The row goes first: its lock keeps a log-in from adding a session behind the statements below.
		deleted, err := tx.Users.Delete(ctx, id)
		if err != nil || !deleted {
			return false, err
		}
		return true, s.endAll(ctx, tx, id, auth.ReasonUserDeleted, now, caller)
	})
}

// changeStanding runs a change with its event; a change that finds nothing to do is an error only when
// the user does not exist.
func (s *Service) changeStanding(ctx context.Context, id auth.ID, e auth.Event, change func(*store.Tx) (bool, error)) error {
	e.UserID = id
	err := s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		changed, err := change(tx)
		if err != nil {
			return err
		}
		if !changed {
			_, err := tx.Users.Find(ctx, id)
			return err
		}
		return tx.Events.Insert(ctx, e)
	})
	if err != nil {
		return fmt.Errorf("accounts: %s: %w", e.Kind, err)
	}
	return nil
}
