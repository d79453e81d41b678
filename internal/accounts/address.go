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

// AddressAsk asks to have another email address.
type AddressAsk struct {
	User     auth.ID
	Session  auth.ID // in which the code will be typed in
	Password secret.Token
	Email    string // the new one, as typed
	Caller   auth.Caller
}

// AskAddress verifies the password and mails a code to the new address, which ConfirmAddress takes. An address that
// somebody else has is answered in the same way and time: its owner is told by mail, and no code fits. The session gets
// another SSO cookie, whose value is returned, as with Reauthenticate. The error is auth.ErrEmail, auth.ErrEmailSame,
// auth.ErrNoMail, one of Verify's, or auth.ErrSessionOver when the session ended meanwhile.
func (s *Service) AskAddress(ctx context.Context, a AddressAsk) (secret.Token, error) {
	if s.needs.Site == "" {
		return secret.Token{}, auth.ErrNoMail
	}
	email, err := auth.NormalizeEmail(a.Email)
	if err != nil {
		return secret.Token{}, err
	}
	t := s.tryAgain(a.User, a.Session, a.Caller)
	user, err := s.confirm(ctx, a.User, a.Password, t, a.Caller)
	if err != nil {
		return secret.Token{}, err
	}
	if user.Email == email {
		err = auth.ErrEmailSame
	} else {
		err = s.begin(ctx, s.tryCodeMail(user.ID, email, a.Caller))
	}
	var cookie secret.Token
	if err == nil {
		cookie, err = s.keepAddress(ctx, user, email, a, t)
	} else {
		// The password was right, so the try does not count; nobody is refused for the bookkeeping.
		_ = s.needs.DB.Update(ctx, func(tx *store.Tx) error { return t.succeed(ctx, tx, s.now()) })
	}
	if err != nil {
		return secret.Token{}, fmt.Errorf("accounts: ask for an address: %w", err)
	}
	return cookie, nil
}

// keepAddress stores the change and the mail: the same statements whether the address is free or not.
func (s *Service) keepAddress(ctx context.Context, user auth.User, email string, a AddressAsk, t *try) (secret.Token, error) {
	now, cookie, code := s.now(), secret.RandomToken(sessionTokenSize), auth.NewCode()
	change := auth.AddressChange{UserID: user.ID, SessionID: a.Session, Email: email, AskedAt: now, ExpiresAt: now.Add(auth.CodeLife)}
	mac, ok := change.MAC(code, s.needs.Keys)
	if !ok {
		return secret.Token{}, auth.ErrKeyUnknown
	}
	err := s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		stands, err := tx.Users.Claim(ctx, user.ID, user.PasswordVersion)
		if err != nil {
			return err
		}
		if !stands {
			return auth.ErrCredentials
		}
		mail := s.codeMail(email, code)
		change.CodeMAC = mac
		switch _, err := tx.Users.FindByEmail(ctx, email); {
		case err == nil:
			mail, change.CodeMAC = s.takenMail(email), [32]byte(secret.Random(32)) // which no code has
		case !errors.Is(err, auth.ErrNotFound):
			return err
		}
		if err := tx.AddressChanges.Put(ctx, change); err != nil {
			return err
		}
		if err := s.mail(ctx, tx, mail, now, auth.CodeLife); err != nil {
			return err
		}
		if err := s.stepUp(ctx, tx, a.Session, cookie, now); err != nil {
			return err
		}
		if err := t.succeed(ctx, tx, now); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, auth.Event{At: now, Kind: auth.EventEmailAsked, UserID: user.ID, SessionID: a.Session, Caller: a.Caller})
	})
	return cookie, err
}

// PendingAddress returns the change that waits for its code in a session, or auth.ErrNotFound.
func (s *Service) PendingAddress(ctx context.Context, user, session auth.ID) (auth.AddressChange, error) {
	var change auth.AddressChange
	err := s.needs.DB.View(ctx, func(tx *store.Tx) (err error) {
		change, err = tx.AddressChanges.Find(ctx, user)
		return err
	})
	if err == nil && (change.SessionID != session || !s.now().Before(change.ExpiresAt)) {
		err = auth.ErrNotFound
	}
	if err != nil {
		return auth.AddressChange{}, fmt.Errorf("accounts: pending address: %w", err)
	}
	return change, nil
}

// AddressProof is the code that was mailed to a new address.
type AddressProof struct {
	User    auth.ID
	Session auth.ID
	Code    secret.Token
	Caller  auth.Caller
}

// Moved is an account after its change of address: the new address, and the cookie that the browser has from now on.
type Moved struct {
	Email   string
	Session secret.Token // SSO cookie; the old one is anonymous
}

// ConfirmAddress gives the user the new address and tells the old one. The session gets another SSO cookie, because
// rights change hands here (ASVS 7.2.4). The error is auth.ErrCode for a wrong, old or foreign code, *auth.Throttled,
// auth.ErrEmailTaken when somebody was faster, auth.ErrNotFound or auth.ErrSessionOver when user or session are over, or the store's.
func (s *Service) ConfirmAddress(ctx context.Context, p AddressProof) (Moved, error) {
	t := s.tryCode(p.Session)
	err := s.begin(ctx, t)
	var moved Moved
	if err == nil {
		moved, err = s.moveAddress(ctx, p, t)
	}
	if err != nil {
		return Moved{}, fmt.Errorf("accounts: confirm address: %w", err)
	}
	return moved, nil
}

func (s *Service) moveAddress(ctx context.Context, p AddressProof, t *try) (Moved, error) {
	now, cookie := s.now(), secret.RandomToken(sessionTokenSize)
	moved := Moved{Session: cookie}
	err := s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		user, err := tx.Users.Find(ctx, p.User)
		if err != nil {
			return err
		}
		// Before the change is read: a change of password, which takes it away, comes whole before or after this.
		stands, err := tx.Users.Claim(ctx, user.ID, user.PasswordVersion)
		if err != nil {
			return err
		}
		if !stands {
			return auth.ErrCode
		}
		change, err := tx.AddressChanges.Find(ctx, p.User)
		if errors.Is(err, auth.ErrNotFound) || err == nil && !change.Proven(p.Code, p.Session, s.needs.Keys, now) {
			return auth.ErrCode
		}
		if err != nil {
			return err
		}
		moved.Email = change.Email
		if err := s.setEmail(ctx, tx, user, change.Email, p, now); err != nil {
			return err
		}
		if err := s.renew(ctx, tx, p.Session, cookie); err != nil {
			return err
		}
		return t.succeed(ctx, tx, now)
	})
	return moved, err
}

func (s *Service) setEmail(ctx context.Context, tx *store.Tx, user auth.User, email string, p AddressProof, now time.Time) error {
	set, err := tx.Users.SetEmail(ctx, user.ID, user.Email, email)
	if err != nil {
		return err
	}
	if !set {
		return auth.ErrEmailTaken
	}
	if err := tx.AddressChanges.Delete(ctx, user.ID); err != nil {
		return err
	}
	if err := s.mail(ctx, tx, s.changedMail(user.Email, p.Caller, now), now, noticeLife); err != nil {
		return err
	}
	return tx.Events.Insert(ctx, auth.Event{At: now, Kind: auth.EventEmailChanged, UserID: user.ID, SessionID: p.Session, Caller: p.Caller})
}
