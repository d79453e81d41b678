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

// SignUpMode says who may make an account.
type SignUpMode string

// The modes of sign-up.
const (
	SignUpOpen    SignUpMode = "open"    // everybody: SignUp
	SignUpConfirm SignUpMode = "confirm" // whoever proves the address: BeginSignUp, then ConfirmSignUp
	SignUpClosed  SignUpMode = "closed"  // nobody
)

// SignUpMode returns the mode; whatever belongs to another one is auth.ErrSignUpClosed.
func (s *Service) SignUpMode() SignUpMode { return s.needs.SignUp }

// BeginSignUp checks and hashes what somebody chose, mails a code to the address and returns the token that takes it. A
// taken address is answered in the same way and time: its owner is told by mail, and no code fits. The errors are those
// of SignUp.
func (s *Service) BeginSignUp(ctx context.Context, ask auth.LoginAsk) (secret.Token, error) {
	if s.needs.SignUp != SignUpConfirm {
		return secret.Token{}, auth.ErrSignUpClosed
	}
	entry, err := s.enrol(ctx, ask)
	if err != nil {
		return secret.Token{}, err
	}
	now, code := s.now(), auth.NewCode()
	begun := auth.SignUp{ID: auth.NewID(now), Email: entry.Email, Password: entry.Password, ExpiresAt: now.Add(auth.CodeLife)}
	mac, ok := begun.MAC(code, s.needs.Keys)
	if !ok {
		return secret.Token{}, auth.ErrKeyUnknown
	}
	if err = s.begin(ctx, s.tryCodeMail(auth.ID{}, begun.Email, ask.Caller)); err == nil {
		err = s.needs.DB.Update(ctx, func(tx *store.Tx) error {
			begun.CodeMAC = mac
			owner, err := tx.Users.FindByEmail(ctx, begun.Email)
			if errors.Is(err, auth.ErrNotFound) {
				return s.mail(ctx, tx, s.welcomeMail(begun.Email, code), now, auth.CodeLife)
			}
			if err != nil {
				return err
			}
			begun.CodeMAC = [32]byte(secret.Random(32)) // which no code has
			if err := tx.Events.Insert(ctx, auth.Event{At: now, Kind: auth.EventSignUpRefused, UserID: owner.ID, Caller: ask.Caller}); err != nil {
				return err
			}
			return s.mail(ctx, tx, s.signUpMail(owner.Email, ask.Caller, now), now, noticeLife)
		})
	}
	if err != nil {
		return secret.Token{}, fmt.Errorf("accounts: begin sign-up: %w", err)
	}
	return begun.Token(s.needs.Keys)
}

// SignUpAddress returns the address that a sign-up token waits for the code of; false when it waits for none.
func (s *Service) SignUpAddress(token secret.Token) (string, bool) {
	begun, ok := auth.ReadSignUp(token, s.needs.Keys)
	return begun.Email, ok && s.now().Before(begun.ExpiresAt)
}

// ConfirmSignUp takes the code of a sign-up that was begun. The account is made by LogIn. The error is auth.ErrCode for a
// wrong or old code or token, *auth.Throttled or the store's.
func (s *Service) ConfirmSignUp(ctx context.Context, ask auth.LoginAsk) (Entry, error) {
	if s.needs.SignUp != SignUpConfirm {
		return Entry{}, auth.ErrSignUpClosed
	}
	begun, ok := auth.ReadSignUp(ask.SignUp, s.needs.Keys)
	if !ok {
		return Entry{}, auth.ErrCode
	}
	t := s.tryCode(begun.ID)
	if err := s.begin(ctx, t); err != nil {
		return Entry{}, fmt.Errorf("accounts: confirm sign-up: %w", err)
	}
	now := s.now()
	if !begun.Proven(ask.Code, s.needs.Keys, now) {
		return Entry{}, auth.ErrCode
	}
	user := auth.User{ID: auth.NewID(now), Email: begun.Email, Password: begun.Password, PasswordVersion: 1, CreatedAt: now}
	return Entry{User: user, fresh: true, try: t, spend: &begun, ask: ask}, nil
}

// spend makes sure that a sign-up makes one account: after a deletion, or another address, its code is as old as any.
func (s *Service) spend(ctx context.Context, tx *store.Tx, begun auth.SignUp, now time.Time) error {
	c := s.counter(auth.ThrottleRule{}, countSignUpSpent, begun.ID.String())
	seen, err := tx.Throttles.Lock(ctx, c.key)
	if err != nil {
		return err
	}
	if seen.Count > 0 {
		return auth.ErrCode
	}
	return tx.Throttles.Set(ctx, c.key, auth.Throttle{Count: 1, At: now}, begun.ExpiresAt.Add(time.Minute))
}
