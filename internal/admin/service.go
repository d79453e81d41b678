package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// Hasher makes the stored form of a new password. It refuses one that the password policy forbids with an
// error for which errors.Is(err, auth.ErrWeakPassword) holds, and answers auth.ErrBusy when its queue is full.
type Hasher interface {
	Hash(ctx context.Context, password secret.Token, email string) (secret.Token, error)
	// Forgive forgets the failed log-ins at the account of a normalised address.
	Forgive(ctx context.Context, tx *store.Tx, email string) error
}

// AccessVerifier checks a JWT access token of this server: signature, type, issuer, and times unless
// allowExpired. An empty audience means any. An error means that it is none of ours, or is over.
type AccessVerifier interface {
	VerifyAccess(token secret.Token, audience string, allowExpired bool) (auth.AccessClaims, error)
}

// Keys makes signing keys. What NewKey returns is stored by nobody yet.
type Keys interface {
	NewKey(alg jose.Algorithm) (store.SigningKey, error)
	EnsureFor(ctx context.Context, algorithms ...jose.Algorithm) error
}

// Needs is what a Service is built from; all of it is required.
type Needs struct {
	DB     *store.DB
	Hash   Hasher
	Access AccessVerifier
	Keys   Keys
	Tags   auth.TagKeys
	Rules  auth.RefreshRules
	Now    func() time.Time
}

// Service does what operators ask.
type Service struct{ n Needs }

// New checks that nothing is missing.
func New(n Needs) (*Service, error) {
	if n.DB == nil || n.Hash == nil || n.Access == nil || n.Keys == nil || n.Tags == nil || n.Now == nil {
		return nil, errors.New("admin: DB, Hash, Access, Keys, Tags and Now are required")
	}
	return &Service{n: n}, nil
}

// Actor is the operator who asks, for the event that tells the change.
type Actor struct {
	Name   string // "command line, alice"; shown in the event
	Caller auth.Caller
}

// ErrBuiltIn refuses to change the client that owns all first-party grants.
var ErrBuiltIn = errors.New("the client \"" + auth.FirstPartyClient + "\" is built in: every log-in belongs to it, so it cannot be changed, disabled or deleted")

// ErrInvalid is matched by every [Invalid].
var ErrInvalid = errors.New("invalid")

// Fault is one thing wrong with what was asked, and what to write instead.
type Fault struct {
	Field string // "redirect_uri"
	Text  string
}

// Invalid lists all faults of an order at once. errors.Is(err, ErrInvalid) holds.
type Invalid struct{ Faults []Fault }

// Error lists the faults in one line.
func (e *Invalid) Error() string {
	all := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		all[i] = f.Field + ": " + f.Text
	}
	return strings.Join(all, "; ")
}

// Is makes every Invalid equal to ErrInvalid.
func (e *Invalid) Is(target error) bool { return target == ErrInvalid }

// add notes a fault.
func (e *Invalid) add(field, format string, args ...any) {
	e.Faults = append(e.Faults, Fault{Field: field, Text: fmt.Sprintf(format, args...)})
}

// most notes a fault when there are more of something than allowed.
func (e *Invalid) most(field string, got, limit int) {
	if got > limit {
		e.add(field, "%d given, at most %d", got, limit)
	}
}

// orNil gives the error, or nil when there are no faults.
func (e *Invalid) orNil() error {
	if len(e.Faults) == 0 {
		return nil
	}
	return e
}

// missing says which thing was not found; errors.Is(err, auth.ErrNotFound) goes on to hold.
func missing(err error, what, which string) error {
	if errors.Is(err, auth.ErrNotFound) {
		return fmt.Errorf("no %s %q: %w", what, which, auth.ErrNotFound)
	}
	return err
}

// tell builds an event of an operator's change.
func (s *Service) tell(by Actor, kind auth.EventKind, now time.Time, detail string) auth.Event {
	if by.Name != "" {
		detail = strings.TrimPrefix(detail+"; by "+by.Name, "; ")
	}
	return auth.Event{At: now, Kind: kind, Caller: by.Caller, Detail: detail}
}

// Count writes a number with its noun: "1 grant", "2 grants".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// String tells what was ended: "1 session and 2 grants".
func (e Ended) String() string {
	return Count(e.Sessions, "session") + " and " + Count(e.Grants, "grant")
}
