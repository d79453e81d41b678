package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

// SignUp checks and hashes what somebody chose who wants an account. Nothing of it is stored before LogIn,
// which makes user, session and grant in one transaction, so that a refusal on the way leaves nothing behind.
// The error is auth.ErrEmail, *auth.WeakPassword, *auth.Throttled, auth.ErrBusy or the store's. Whether the
// address is taken is found out by LogIn alone, after the same work.
func (s *Service) SignUp(ctx context.Context, ask auth.LoginAsk) (Entry, error) {
	if s.needs.SignUp != SignUpOpen {
		return Entry{}, auth.ErrSignUpClosed
	}
	return s.enrol(ctx, ask)
}

func (s *Service) enrol(ctx context.Context, ask auth.LoginAsk) (Entry, error) {
	email, err := auth.NormalizeEmail(ask.Email)
	if err != nil {
		return Entry{}, err
	}
	password := normalizePassword(ask.Password)
	if err := s.checkPassword(password, email); err != nil {
		return Entry{}, err
	}
	t := s.trySignUp(email, ask.Caller)
	err = s.needs.DB.View(ctx, func(tx *store.Tx) error { return t.allowed(ctx, tx, s.now()) })
	if err != nil {
		return Entry{}, fmt.Errorf("accounts: sign up: %w", err)
	}
	leave, err := s.hasher.queue.enter(ctx, t.seat)
	if err != nil {
		return Entry{}, fmt.Errorf("accounts: sign up: %w", err)
	}
	defer leave()
	if err := s.begin(ctx, t); err != nil {
		return Entry{}, fmt.Errorf("accounts: sign up: %w", err)
	}
	phc, err := s.hasher.hashNow(password)
	if err != nil {
		return Entry{}, err
	}
	now := s.now()
	user := auth.User{ID: auth.NewID(now), Email: email, Password: phc, PasswordVersion: 1, CreatedAt: now}
	return Entry{User: user, fresh: true, ask: ask}, nil
}

// insert stores the user of a sign-up; false when the address is taken.
func (s *Service) insert(ctx context.Context, tx *store.Tx, e Entry) (bool, error) {
	if e.spend != nil {
		if err := s.spend(ctx, tx, *e.spend, e.CreatedAt); err != nil {
			return false, err
		}
	}
	inserted, err := tx.Users.Insert(ctx, e.User)
	if err != nil {
		return false, err
	}
	if !inserted {
		return false, s.tellOwner(ctx, tx, e)
	}
	return true, tx.Events.Insert(ctx, auth.Event{At: e.CreatedAt, Kind: auth.EventUserSignedUp, UserID: e.ID, Caller: e.ask.Caller})
}

// tellOwner leaves an event at the user whose address somebody tried to sign up with, at most one an hour: strangers
// cause it. Something is written each time, so that it takes as long as a sign-up that comes about.
func (s *Service) tellOwner(ctx context.Context, tx *store.Tx, e Entry) error {
	owner, err := tx.Users.FindByEmail(ctx, e.Email)
	if errors.Is(err, auth.ErrNotFound) {
		return nil // deleted in this moment
	}
	if err != nil {
		return err
	}
	c := s.counter(auth.ThrottleRule{Forget: ownerToldEvery}, countSignUpRefused, e.Email)
	seen, err := tx.Throttles.Lock(ctx, c.key)
	if err != nil {
		return err
	}
	if e.CreatedAt.Sub(seen.At) >= ownerToldEvery {
		seen = auth.Throttle{Count: 1, At: e.CreatedAt}
		told := auth.Event{At: e.CreatedAt, Kind: auth.EventSignUpRefused, UserID: owner.ID, Caller: e.ask.Caller}
		if err := tx.Events.Insert(ctx, told); err != nil {
			return err
		}
		if err := s.mail(ctx, tx, s.signUpMail(owner.Email, e.ask.Caller, e.CreatedAt), e.CreatedAt, noticeLife); err != nil {
			return err
		}
	}
	return tx.Throttles.Set(ctx, c.key, seen, c.rule.Forgotten(seen))
}

const ownerToldEvery = time.Hour
