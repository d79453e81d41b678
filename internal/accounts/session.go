package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

const (
	sessionTokenSize   = 32                           // bytes
	sessionTokenLength = (sessionTokenSize*8 + 5) / 6 // characters of base64url
	touchEvery         = time.Minute
)

// NewSession makes the session that a verified log-in of user will be, and the value of its SSO
// cookie. Nothing is stored before LogIn.
func (s *Service) NewSession(user auth.User, caller auth.Caller, amr ...string) (auth.Session, secret.Token) {
	now := s.now()
	token := secret.RandomToken(sessionTokenSize)
	return auth.Session{
		ID: auth.NewID(now), UserID: user.ID, TokenHash: token.Hash(), AuthTime: now, AMR: amr, Device: caller,
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(s.needs.SessionLife),
	}, token
}

// LogIn stores the session of a user whom Verify returned, and whatever attach adds to it, in one
// transaction. attach may run more than once and must do nothing but write to its transaction. The
// error is auth.ErrCredentials when the user was disabled or deleted or the password changed since.
func (s *Service) LogIn(ctx context.Context, user auth.User, session auth.Session, attach func(context.Context, *store.Tx) error) error {
	err := s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		held, err := tx.Users.Claim(ctx, user.ID, user.PasswordVersion)
		if err != nil {
			return err
		}
		if !held {
			return auth.ErrCredentials
		}
		if err := tx.Sessions.Insert(ctx, session); err != nil {
			return err
		}
		if err := attach(ctx, tx); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, auth.Event{
			At: session.CreatedAt, Kind: auth.EventUserLoggedIn, UserID: user.ID, SessionID: session.ID,
			Caller: session.Device,
		})
	})
	if err != nil {
		return fmt.Errorf("accounts: log in: %w", err)
	}
	return nil
}

// SessionByToken returns the live session of an SSO cookie and its enabled user, and counts it as a
// use. auth.ErrNotFound stands for everything that is not live.
func (s *Service) SessionByToken(ctx context.Context, token secret.Token) (auth.SessionView, auth.User, error) {
	if len(token.Bytes()) != sessionTokenLength {
		return auth.SessionView{}, auth.User{}, auth.ErrNotFound
	}
	now := s.now()
	var view auth.SessionView
	var user auth.User
	err := s.needs.DB.View(ctx, func(tx *store.Tx) error {
		var err error
		if view, err = tx.Sessions.FindByToken(ctx, token.Hash()); err != nil {
			return err
		}
		user, err = tx.Users.Find(ctx, view.UserID)
		return err
	})
	if err != nil {
		return auth.SessionView{}, auth.User{}, fmt.Errorf("accounts: session: %w", err)
	}
	if user.Disabled() || !view.Live(now, view.LastUse, s.needs.Rules.SessionIdle) {
		return auth.SessionView{}, auth.User{}, auth.ErrNotFound
	}
	if now.Sub(view.LastUsedAt) >= touchEvery {
		// A read that succeeded is not failed for the bookkeeping: at worst the session idles out early.
		_ = s.needs.DB.Update(ctx, func(tx *store.Tx) error { return tx.Sessions.Touch(ctx, view.ID, now) })
	}
	view.Current = true
	return view, user, nil
}

// SessionID returns the id of the session of an SSO cookie, live or not; zero when there is none.
func (s *Service) SessionID(ctx context.Context, token secret.Token) (auth.ID, error) {
	var id auth.ID
	err := s.needs.DB.View(ctx, func(tx *store.Tx) error {
		view, err := tx.Sessions.FindByToken(ctx, token.Hash())
		id = view.ID
		return err
	})
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return auth.ID{}, fmt.Errorf("accounts: session: %w", err)
	}
	return id, nil
}

// Sessions lists the user's live sessions, newest first, each with the clients that hold or held
// grants of it. current is marked.
func (s *Service) Sessions(ctx context.Context, user, current auth.ID) ([]auth.SessionView, error) {
	now := s.now()
	live := []auth.SessionView{}
	err := s.needs.DB.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Sessions.ListByUser(ctx, user, now)
		if err != nil {
			return err
		}
		clients, err := tx.Sessions.ClientsByUser(ctx, user)
		if err != nil {
			return err
		}
		live = live[:0]
		for _, v := range all {
			if v.Live(now, v.LastUse, s.needs.Rules.SessionIdle) {
				v.ClientIDs, v.Current = clients[v.ID], v.ID == current
				live = append(live, v)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("accounts: sessions: %w", err)
	}
	return live, nil
}
