package accounts

import (
	"errors"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

// Needs is what a Service is built from. DB, Now and Rules are required.
type Needs struct {
	DB  *store.DB
	Now func() time.Time
	// Rules give the idle limit of sessions (SessionIdle) and how long revocations are kept (RevokeFor).
	Rules auth.RefreshRules
	// SessionLife is the absolute life of a session; zero: 30 days.
	SessionLife time.Duration
	// MinPassword is the least number of characters of a new password; zero: 15, as a sole factor needs
	// (NIST SP 800-63B-4 §3.1.1.2).
	MinPassword int
	// Hashing is the cost of a password hash; zero: the parameters OWASP recommends.
	Hashing Hashing
}

// Service is the use of users and sessions. It is safe for concurrent use.
type Service struct {
	needs    Needs
	hasher   *hasher
	failures chan auth.Event
}

// New checks the needs and returns the service.
func New(n Needs) (*Service, error) {
	switch {
	case n.DB == nil || n.Now == nil:
		return nil, errors.New("accounts: DB and Now are required")
	case n.Rules.SessionIdle <= 0 || n.Rules.RevokeFor <= 0:
		return nil, errors.New("accounts: Rules.SessionIdle and Rules.RevokeFor must be positive")
	case n.SessionLife < 0 || n.MinPassword < 0:
		return nil, errors.New("accounts: SessionLife and MinPassword must not be negative")
	}
	if n.SessionLife == 0 {
		n.SessionLife = auth.DefaultSessionLife
	}
	if n.MinPassword == 0 {
		n.MinPassword = defaultMinPassword
	}
	h, err := newHasher(n.Hashing)
	if err != nil {
		return nil, err
	}
	return &Service{needs: n, hasher: h, failures: make(chan auth.Event, failureQueue)}, nil
}

// now is the time as the store will give it back.
func (s *Service) now() time.Time { return s.needs.Now().UTC().Truncate(time.Millisecond) }
