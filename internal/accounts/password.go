package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
	return s.hasher.hash(ctx, seat{line: familiar, who: email}, password)
}

// Verify returns the enabled user whose address and password these are. The error is auth.ErrCredentials for an
// unknown address, a wrong password and a disabled user alike, and all three cost one hash; *auth.Throttled, which
// tells no more; or auth.ErrBusy, or the store's.
func (s *Service) Verify(ctx context.Context, ask auth.LoginAsk) (Entry, error) {
	// What is no address is nobody's; it still costs the hash, the read and a try.
	email, err := auth.NormalizeEmail(ask.Email)
	if err != nil {
		email = strings.ToLower(ask.Email)
	}
	var t *try
	var user auth.User
	err = s.needs.DB.View(ctx, func(tx *store.Tx) error {
		var err error
		if user, err = tx.Users.FindByEmail(ctx, email); err != nil && !errors.Is(err, auth.ErrNotFound) {
			return err
		}
		t = s.tryLogIn(email, user, ask)
		return t.allowed(ctx, tx, s.now())
	})
	if err != nil {
		return Entry{}, fmt.Errorf("accounts: verify: %w", err)
	}
	if err := s.verify(ctx, user, ask.Password, t, ask.Caller); err != nil {
		return Entry{}, err
	}
	return Entry{User: user, try: t, ask: ask}, nil
}

// Confirm verifies the password of a user who is logged in already, for one act and with the errors of Verify; unlike
// Reauthenticate it leaves the session as it was.
func (s *Service) Confirm(ctx context.Context, user, session auth.ID, password secret.Token, caller auth.Caller) error {
	t := s.tryAgain(user, session, caller)
	if _, err := s.confirm(ctx, user, password, t, caller); err != nil {
		return err
	}
	if err := s.needs.DB.Update(ctx, func(tx *store.Tx) error { return t.succeed(ctx, tx, s.now()) }); err != nil {
		return fmt.Errorf("accounts: confirm: %w", err)
	}
	return nil
}

// confirm is Confirm that leaves it to the caller to take the try back.
func (s *Service) confirm(ctx context.Context, id auth.ID, password secret.Token, t *try, caller auth.Caller) (auth.User, error) {
	var user auth.User
	err := s.needs.DB.View(ctx, func(tx *store.Tx) error {
		if err := t.allowed(ctx, tx, s.now()); err != nil {
			return err
		}
		var err error
		user, err = tx.Users.Find(ctx, id)
		return err
	})
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return auth.User{}, fmt.Errorf("accounts: confirm: %w", err)
	}
	return user, s.verify(ctx, user, password, t, caller)
}

// verify takes the zero user for one who is unknown. The try is counted in the moment when it is made: whoever is
// turned away by the queue has not tried.
func (s *Service) verify(ctx context.Context, user auth.User, password secret.Token, t *try, caller auth.Caller) error {
	raw := password
	password = normalizePassword(password)
	if tooLong(password) { // nobody's: whoever sends it learns nothing about the address
		return auth.ErrCredentials
	}
	match, err := s.match(ctx, user.Password, password, raw, t)
	if err != nil && !errors.Is(err, errHash) {
		return fmt.Errorf("accounts: verify: %w", err)
	}
	if !match || user.ID.IsZero() || user.Disabled() {
		s.noteFailure(user.ID, caller, t.delays(), err)
		return auth.ErrCredentials
	}
	if !s.hasher.current(user.Password) && !auth.CutsPasswords(user.Password, password) {
		s.rehash(ctx, user, password, t.seat)
	}
	return nil
}

// match counts the try and looks. A hash that was made elsewhere may be of the password as it was typed.
func (s *Service) match(ctx context.Context, stored, password, raw secret.Token, t *try) (bool, error) {
	leave, err := s.hasher.queue.enter(ctx, t.seat)
	if err != nil {
		return false, err
	}
	defer leave()
	if err := s.begin(ctx, t); err != nil {
		return false, err
	}
	match, err := s.hasher.matchNow(stored, password)
	if err == nil && !match && !raw.Equal(password) && auth.MadeElsewhere(stored) {
		return s.hasher.matchNow(stored, raw)
	}
	return match, err
}

// rehash stores the password that was just found right as today's parameters have it: an imported hash, or one
// from before a change of cost. Nobody is refused because it did not come about; the next log-in tries again.
func (s *Service) rehash(ctx context.Context, user auth.User, password secret.Token, at seat) {
	phc, err := s.hasher.hash(ctx, at, password)
	if err != nil {
		return
	}
	_ = s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Users.SetHash(ctx, user.ID, user.PasswordVersion, phc) // not over a password changed meanwhile
		return err
	})
}

// PasswordChange asks to replace a password that its owner knows.
type PasswordChange struct {
	User    auth.ID
	Session auth.ID // stays, with its grants; zero: none stays
	Current secret.Token
	New     secret.Token
	Device  secret.Token // device cookie of the browser; empty: none
	Caller  auth.Caller
}

// Renewed are the cookies of a browser after a change of password; the old ones are a stranger's.
type Renewed struct{ Session, Device secret.Token }

// ChangePassword replaces the password and ends every other session of the user and every grant that is not of the
// session kept, offline ones too: whoever stole the old password loses what it bought. The session kept gets another
// SSO cookie, because rights change hands here (ASVS 7.2.4), and its browser alone stays a known device. The error is auth.ErrCredentials,
// *auth.Throttled, *auth.WeakPassword, auth.ErrBusy or the store's.
func (s *Service) ChangePassword(ctx context.Context, c PasswordChange) (Renewed, error) {
	t := s.tryAgain(c.User, c.Session, c.Caller)
	user, err := s.confirm(ctx, c.User, c.Current, t, c.Caller)
	if err != nil {
		return Renewed{}, err
	}
	phc, err := s.Hash(ctx, c.New, user.Email)
	if err != nil {
		// The current password was right, so the try does not count; nobody is refused for the bookkeeping.
		_ = s.needs.DB.Update(ctx, func(tx *store.Tx) error { return t.succeed(ctx, tx, s.now()) })
		return Renewed{}, err
	}
	cookie, err := s.replacePassword(ctx, user, phc, c, t)
	if err != nil {
		return Renewed{}, err
	}
	device, err := auth.DeviceCookie(c.Device, user.ID, user.PasswordVersion+1, s.needs.Keys)
	if err != nil {
		return Renewed{}, fmt.Errorf("accounts: change password: %w", err)
	}
	return Renewed{cookie, device}, nil
}

// replacePassword stores a new hash for the user as it was when the old password was verified.
func (s *Service) replacePassword(ctx context.Context, user auth.User, phc secret.Token, c PasswordChange, t *try) (secret.Token, error) {
	now, cookie := s.now(), secret.RandomToken(sessionTokenSize)
	err := s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		// The version is the one that was verified: of two changes at once the second one fails.
		set, err := tx.Users.SetPassword(ctx, user.ID, user.PasswordVersion, phc)
		if err != nil {
			return err
		}
		if !set {
			return auth.ErrCredentials
		}
		// Whoever knew the old password may have asked for another address.
		if err := tx.AddressChanges.Delete(ctx, user.ID); err != nil {
			return err
		}
		end := ending{user: user.ID, keep: c.Session, reason: auth.ReasonPasswordChange, now: now, caller: c.Caller}
		if err := s.endOthers(ctx, tx, end); err != nil {
			return err
		}
		if _, err := tx.Grants.RevokeOutside(ctx, end.user, end.keep, end.reason, now, s.needs.Rules.RevokeFor); err != nil {
			return err
		}
		if !c.Session.IsZero() {
			if err := s.stepUp(ctx, tx, c.Session, cookie, now); err != nil {
				return err
			}
		}
		if err := t.succeed(ctx, tx, now); err != nil {
			return err
		}
		if err := s.mail(ctx, tx, s.passwordMail(user.Email, c.Caller, now), now, noticeLife); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, auth.Event{At: now, Kind: auth.EventPasswordChanged, UserID: user.ID, SessionID: c.Session, Caller: c.Caller})
	})
	if err != nil {
		return secret.Token{}, fmt.Errorf("accounts: change password: %w", err)
	}
	return cookie, nil
}
