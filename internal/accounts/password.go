package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// Hash checks a password chosen by or for the owner of a normalised address and returns its PHC string.
// The error is *auth.WeakPassword or auth.ErrBusy.
func (s *Service) Hash(ctx context.Context, password secret.Token, email string) (secret.Token, error) {
	password = normalizePassword(password)
	if err := s.checkPassword(password, email); err != nil {
		return secret.Token{}, err
	}
	return s.hasher.hash(ctx, password)
}

// Verify returns the enabled user whose address and password these are. The error is
// auth.ErrCredentials for an unknown address, a wrong password and a disabled user alike, and all three
// cost one hash; or auth.ErrBusy, or the store's.
func (s *Service) Verify(ctx context.Context, email string, password secret.Token, caller auth.Caller) (auth.User, error) {
	var user auth.User
	// What is no address is nobody's; it still costs the hash and the read.
	normal, _ := auth.NormalizeEmail(email)
	err := s.needs.DB.View(ctx, func(tx *store.Tx) error {
		var err error
		user, err = tx.Users.FindByEmail(ctx, normal)
		return err
	})
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return auth.User{}, fmt.Errorf("accounts: verify: %w", err)
	}
	return s.verify(ctx, user, password, caller)
}

// Confirm verifies the password of a user who is logged in already, with the errors of Verify.
func (s *Service) Confirm(ctx context.Context, id auth.ID, password secret.Token, caller auth.Caller) (auth.User, error) {
	var user auth.User
	err := s.needs.DB.View(ctx, func(tx *store.Tx) error {
		var err error
		user, err = tx.Users.Find(ctx, id)
		return err
	})
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return auth.User{}, fmt.Errorf("accounts: confirm: %w", err)
	}
	return s.verify(ctx, user, password, caller)
}

// verify takes the zero user for one who is unknown.
func (s *Service) verify(ctx context.Context, user auth.User, password secret.Token, caller auth.Caller) (auth.User, error) {
	password = normalizePassword(password)
	if tooLong(password) { // nobody's: whoever sends it learns nothing about the address
		return auth.User{}, auth.ErrCredentials
	}
	match, err := s.hasher.verify(ctx, user.Password, password)
	if err != nil {
		return auth.User{}, fmt.Errorf("accounts: verify: %w", err)
	}
	if !match || user.ID.IsZero() || user.Disabled() {
		s.noteFailure(user.ID, caller)
		return auth.User{}, auth.ErrCredentials
	}
	return user, nil
}

// PasswordChange asks to replace a password that its owner knows.
type PasswordChange struct {
	User    auth.ID
	Session auth.ID // stays, with its grants; zero: none stays
	Current secret.Token
	New     secret.Token
	Caller  auth.Caller
}

// ChangePassword replaces the password and ends every other session of the user and every grant that
// is not of the session kept, offline ones too: whoever stole the old password loses what it bought.
// The error is auth.ErrCredentials, *auth.WeakPassword, auth.ErrBusy or the store's.
func (s *Service) ChangePassword(ctx context.Context, c PasswordChange) error {
	user, err := s.Confirm(ctx, c.User, c.Current, c.Caller)
	if err != nil {
		return err
	}
	phc, err := s.Hash(ctx, c.New, user.Email)
	if err != nil {
		return err
	}
	return s.replacePassword(ctx, user, phc, c)
}

// replacePassword stores a new hash for the user as it was when the old password was verified.
func (s *Service) replacePassword(ctx context.Context, user auth.User, phc secret.Token, c PasswordChange) error {
	now := s.now()
	err := s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		// The version is the one that was verified: of two changes at once the second one fails.
		set, err := tx.Users.SetPassword(ctx, user.ID, user.PasswordVersion, phc)
		if err != nil {
			return err
		}
		if !set {
			return auth.ErrCredentials
		}
		end := ending{user: user.ID, keep: c.Session, reason: auth.ReasonPasswordChange, now: now, caller: c.Caller}
		if err := s.endOthers(ctx, tx, end); err != nil {
			return err
		}
		if err := s.revokeOutside(ctx, tx, end); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, auth.Event{At: now, Kind: auth.EventPasswordChanged, UserID: user.ID, SessionID: c.Session, Caller: c.Caller})
	})
	if err != nil {
		return fmt.Errorf("accounts: change password: %w", err)
	}
	return nil
}
