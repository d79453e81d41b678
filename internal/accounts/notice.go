package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// noticeLife is how long a mail about what has happened is worth sending.
const noticeLife = 24 * time.Hour

// mail leaves a mail in the outbox; nothing when this server sends none.
func (s *Service) mail(ctx context.Context, tx *store.Tx, m auth.Mail, now time.Time, life time.Duration) error {
	if s.needs.Site == "" {
		return nil
	}
	d, err := auth.NewMail(m, s.needs.Keys, now, life)
	if err != nil {
		return err
	}
	return tx.Outbox.Insert(ctx, d)
}

// where tells where something came from, as far as that helps its owner.
func where(c auth.Caller, now time.Time) string {
	text := "It was done on " + now.UTC().Format("2 January 2006 at 15:04 UTC") + " with " + deviceInMail(c.UserAgent)
	if c.IP != "" {
		text += " from the address " + c.IP
	}
	return text + "."
}

func (s *Service) codeMail(to string, code secret.Token) auth.Mail {
	return auth.Mail{To: to, Subject: "Your code for a new email address", Text: fmt.Sprintf(`This code proves that the address is yours:

    %s

Type it in where you are signed in to %s. It is good for one hour.

If you did not ask for it, somebody mistyped their address. Without the code nothing happens.
`, code.Reveal(), s.needs.Site)}
}

func (s *Service) welcomeMail(to string, code secret.Token) auth.Mail {
	return auth.Mail{To: to, Subject: "Your code to sign up", Text: fmt.Sprintf(`This code proves that the address is yours:

    %s

Type it in where you are signing up at %s. It is good for one hour.

If you did not ask for it, somebody mistyped their address. Without the code there is no account.
`, code.Reveal(), s.needs.Site)}
}

func (s *Service) takenMail(to string) auth.Mail {
	return auth.Mail{To: to, Subject: "Your email address was entered for another account", Text: fmt.Sprintf(`Somebody asked to use this address for their account at %s, but your account has it already.
Nothing was changed.

If that was you, sign in with this address instead.
`, s.needs.Site)}
}

func (s *Service) changedMail(to string, c auth.Caller, now time.Time) auth.Mail {
	return auth.Mail{To: to, Subject: "The email address of your account was changed", Text: fmt.Sprintf(`Your account at %s has another email address from now on. This one is no longer used to sign in.

%s

If that was not you, ask whoever runs %[1]s for help at once.
`, s.needs.Site, where(c, now))}
}

func (s *Service) passwordMail(to string, c auth.Caller, now time.Time) auth.Mail {
	return auth.Mail{To: to, Subject: "Your password was changed", Text: fmt.Sprintf(`The password of your account at %s was changed, and every other session has ended.

%s

If that was not you, ask whoever runs %[1]s for help at once.
`, s.needs.Site, where(c, now))}
}

func (s *Service) signUpMail(to string, c auth.Caller, now time.Time) auth.Mail {
	return auth.Mail{To: to, Subject: "Somebody tried to sign up with your email address", Text: fmt.Sprintf(`Somebody tried to make an account at %s with this address, but you have one already. Nothing was changed.

%s

If that was you, sign in instead. Otherwise there is nothing to do.
`, s.needs.Site, where(c, now))}
}
