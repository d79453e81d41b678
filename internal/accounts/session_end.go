package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

// ending is one act that takes sessions from a user.
type ending struct {
	user   auth.ID
	keep   auth.ID // session that stays; zero: none
	reason string
	now    time.Time
	caller auth.Caller
}

// LogOut ends the sessions given (those a browser presents, whichever are alive) with their grants
// that are not offline. Sessions that are unknown or over are passed by, so it may be repeated.
func (s *Service) LogOut(ctx context.Context, caller auth.Caller, sessions ...auth.ID) error {
	if len(sessions) == 0 {
		return nil
	}
	now := s.now()
	err := s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		for _, id := range sessions {
			view, err := tx.Sessions.Find(ctx, id)
			if errors.Is(err, auth.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if _, err := s.endOne(ctx, tx, id, ending{user: view.UserID, reason: auth.ReasonLogout, now: now, caller: caller}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("accounts: log out: %w", err)
	}
	return nil
}

// EndSession ends one of the user's own sessions with its grants that are not offline. It returns
// auth.ErrNotFound when there is none such or it has ended: to a stranger both look the same.
func (s *Service) EndSession(ctx context.Context, user, session auth.ID, caller auth.Caller) error {
	now := s.now()
	err := s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		view, err := tx.Sessions.Find(ctx, session)
		if err != nil {
			return err
		}
		if view.UserID != user {
			return auth.ErrNotFound
		}
		ended, err := s.endOne(ctx, tx, session, ending{user: user, reason: auth.ReasonSessionEnded, now: now, caller: caller})
		if err == nil && !ended {
			err = auth.ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("accounts: end session: %w", err)
	}
	return nil
}

// EndOtherSessions ends all sessions of the user but one (zero: all), with their grants that are not offline.
func (s *Service) EndOtherSessions(ctx context.Context, user, keep auth.ID, caller auth.Caller) error {
	now := s.now()
	err := s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		return s.endOthers(ctx, tx, ending{user: user, keep: keep, reason: auth.ReasonSessionEnded, now: now, caller: caller})
	})
	if err != nil {
		return fmt.Errorf("accounts: end other sessions: %w", err)
	}
	return nil
}

// endOne ends a session; false when it had ended. The grants are marked in any case.
func (s *Service) endOne(ctx context.Context, tx *store.Tx, id auth.ID, e ending) (bool, error) {
	ended, err := tx.Sessions.End(ctx, id, e.reason, e.now)
	if err != nil {
		return false, err
	}
	if _, err := tx.Grants.Revoke(ctx, store.Selector{Session: id}, e.reason, e.now, s.needs.Rules.RevokeFor); err != nil {
		return false, err
	}
	if !ended {
		return false, nil
	}
	return true, e.tell(ctx, tx, id)
}

// endOthers ends the user's sessions but e.keep, each with its grants that are not offline.
func (s *Service) endOthers(ctx context.Context, tx *store.Tx, e ending) error {
	ids, err := tx.Sessions.EndByUser(ctx, e.user, e.keep, e.reason, e.now)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := tx.Grants.Revoke(ctx, store.Selector{Session: id}, e.reason, e.now, s.needs.Rules.RevokeFor); err != nil {
			return err
		}
		if err := e.tell(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// tell writes the event about the end of one session.
func (e ending) tell(ctx context.Context, tx *store.Tx, session auth.ID) error {
	return tx.Events.Insert(ctx, auth.Event{
		At: e.now, Kind: auth.EventSessionEnded, UserID: e.user, SessionID: session,
		Caller: e.caller, Detail: e.reason,
	})
}
