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

// Entry is somebody who may begin a session: Verify found their password right, or SignUp made their account
// ready.
type Entry struct {
	auth.User
	fresh bool         // of a sign-up: the user is not stored yet
	try   *try         // to be taken back; nil for a sign-up, which counts
	spend *auth.SignUp // whose code made it; nil for none
	ask   auth.LoginAsk
}

// LogIn stores the session of an Entry, and whatever attach adds to it, in one transaction; before them the user of a
// sign-up, and the end of the session that the new one replaces in its browser. attach may run more than once and must
// do nothing but write to its transaction. The error is auth.ErrCredentials when the user was disabled or deleted or
// the password changed since, auth.ErrEmailTaken of a sign-up, or the store's.
func (s *Service) LogIn(ctx context.Context, e Entry, session auth.Session, attach func(context.Context, *store.Tx) error) error {
	taken := false
	err := s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		stands, err := s.stands(ctx, tx, e)
		if taken = err == nil && !stands && e.fresh; err != nil || taken {
			return err // a refused sign-up is committed like any other: its event, and the time it takes
		}
		if !stands {
			return auth.ErrCredentials
		}
		if err := s.endReplaced(ctx, tx, e.ask, session.CreatedAt); err != nil {
			return err
		}
		if err := tx.Sessions.Insert(ctx, session); err != nil {
			return err
		}
		if err := attach(ctx, tx); err != nil {
			return err
		}
		if err := s.makeRoom(ctx, tx, session); err != nil {
			return err
		}
		err = tx.Events.Insert(ctx, auth.Event{
			At: session.CreatedAt, Kind: auth.EventUserLoggedIn, UserID: e.ID, SessionID: session.ID,
			Caller: session.Device,
		})
		if err != nil || e.try == nil {
			return err
		}
		return e.try.succeed(ctx, tx, session.CreatedAt) // last: it locks what other log-ins wait for
	})
	if err == nil && taken {
		err = auth.ErrEmailTaken
	}
	if err != nil {
		return fmt.Errorf("accounts: log in: %w", err)
	}
	return nil
}

// stands makes sure that the user is there, as verified, and stays so for the transaction.
func (s *Service) stands(ctx context.Context, tx *store.Tx, e Entry) (bool, error) {
	if e.fresh {
		return s.insert(ctx, tx, e)
	}
	return tx.Users.Claim(ctx, e.ID, e.PasswordVersion)
}

// endReplaced ends the session whose cookie the new one overwrites: nobody but a thief could use it any more.
func (s *Service) endReplaced(ctx context.Context, tx *store.Tx, ask auth.LoginAsk, now time.Time) error {
	if len(ask.Replaces.Bytes()) != sessionTokenLength {
		return nil
	}
	old, err := tx.Sessions.FindByToken(ctx, ask.Replaces.Hash())
	if errors.Is(err, auth.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.endOne(ctx, tx, old.ID, ending{user: old.UserID, reason: auth.ReasonReplaced, now: now, caller: ask.Caller})
	return err
}

// DeviceCookie returns the device cookie's value for the browser of a log-in, to be set when that came about.
func (s *Service) DeviceCookie(e Entry) (secret.Token, error) {
	value, err := auth.DeviceCookie(e.ask.Device, e.ID, e.PasswordVersion, s.needs.Keys)
	if err != nil {
		return secret.Token{}, fmt.Errorf("accounts: device cookie: %w", err)
	}
	return value, nil
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
