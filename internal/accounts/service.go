package accounts

import (
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// Needs is what a Service is built from. DB, Now, Rules and Keys are required.
type Needs struct {
	DB  *store.DB
	Now func() time.Time
	// Rules give the idle limit of sessions (SessionIdle) and how long revocations are kept (RevokeFor).
	Rules auth.RefreshRules
	// SessionLife is the absolute life of a session; zero: 30 days.
	SessionLife time.Duration
	// SessionsPerUser is how many sessions a user may have at once; zero: auth.DefaultSessionsPerUser.
	SessionsPerUser int
	// MinPassword is the least number of characters of a new password; zero: DefaultMinPassword.
	MinPassword int
	// Common are passwords that are refused because everybody tries them, one a line; "": the embedded list.
	Common string
	// Hashing is the cost of a password hash; zero: the parameters OWASP recommends.
	Hashing Hashing
	// Keys sign the device cookies and name the counters of failures; required.
	Keys auth.DerivedKeys
	// Site is where users reach this server, for the words of mails; "": it sends none.
	Site string
	// SignUp says who may make an account; "": SignUpOpen.
	SignUp SignUpMode
	// Throttles say how failures and sign-ups are slowed down; nil: auth.DefaultThrottleRules.
	Throttles *auth.ThrottleRules
}

// Service is the use of users and sessions. It is safe for concurrent use.
type Service struct {
	needs       Needs
	hasher      *hasher
	common      common
	rules       auth.ThrottleRules
	throttleKey secret.Token
	failures    chan auth.Event
}

// New checks the needs and returns the service.
func New(n Needs) (*Service, error) {
	switch {
	case n.DB == nil || n.Now == nil || n.Keys == nil:
		return nil, errors.New("accounts: DB, Now and Keys are required")
	case n.Rules.SessionIdle <= 0 || n.Rules.RevokeFor <= 0:
		return nil, errors.New("accounts: Rules.SessionIdle and Rules.RevokeFor must be positive")
	case n.SignUp == SignUpConfirm && n.Site == "":
		return nil, errors.New("accounts: SignUpConfirm needs mail, and with it Site")
	case n.SessionLife < 0 || n.MinPassword < 0 || n.SessionsPerUser < 0:
		return nil, errors.New("accounts: SessionLife, SessionsPerUser and MinPassword must not be negative")
	}
	if n.SessionLife == 0 {
		n.SessionLife = auth.DefaultSessionLife
	}
	if n.SessionsPerUser == 0 {
		n.SessionsPerUser = auth.DefaultSessionsPerUser
	}
	if n.SignUp == "" {
		n.SignUp = SignUpOpen
	}
	if n.MinPassword == 0 {
		n.MinPassword = DefaultMinPassword
	}
	if n.Common == "" {
		n.Common = embeddedCommon
	}
	h, err := newHasher(n.Hashing)
	if err != nil {
		return nil, err
	}
	s := &Service{needs: n, hasher: h, common: newCommon(n.Common), rules: auth.DefaultThrottleRules(), failures: make(chan auth.Event, failureQueue)}
	if n.Throttles != nil {
		s.rules = *n.Throttles
	}
	key, ok := n.Keys.Derived(n.Keys.Active(), throttlePurpose)
	if !ok {
		return nil, fmt.Errorf("accounts: %w", auth.ErrKeyUnknown)
	}
	s.throttleKey, s.needs.Common = key, ""
	return s, nil
}

// now is the time as the store will give it back.
func (s *Service) now() time.Time { return s.needs.Now().UTC().Truncate(time.Millisecond) }
