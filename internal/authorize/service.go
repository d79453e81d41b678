package authorize

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// Clients finds registered clients.
type Clients interface {
	// VerifySigned verifies what a client signed with a key of its own, and returns the payload.
	VerifySigned(ctx context.Context, client auth.Client, token secret.Token, algorithm, typ string) ([]byte, error)
	Find(ctx context.Context, id string) (auth.Client, error)
}

// Keys reads ID tokens of our own, whether they have expired or not, and knows the names of sessions in them.
type Keys interface {
	VerifyIDToken(token secret.Token) (auth.IDTokenClaims, error)
	SessionRef(session auth.ID, client string) string // sid
	Subject(user auth.ID, client auth.Client) string  // sub
}

// Needs is what a Service is built from; all but RequirePushed, CodeLife and Resources is required.
type Needs struct {
	Issuer  string
	DB      *store.DB
	Clients Clients
	Keys    Keys
	Sealing auth.DerivedKeys
	// RequirePushed takes pushed requests alone, from every client (RFC 9126 §5).
	RequirePushed bool
	CodeLife      time.Duration  // zero: auth.CodePeriod
	Resources     auth.Resources // nil: none is registered
	Now           func() time.Time
}

// Service is the authorization endpoint's use case.
type Service struct{ needs Needs }

// New returns a Service, or an error when a need is missing.
func New(n Needs) (*Service, error) {
	if n.Issuer == "" || n.DB == nil || n.Clients == nil || n.Keys == nil || n.Sealing == nil || n.Now == nil {
		return nil, errors.New("authorize: an issuer, a database, clients, keys and a clock are needed")
	}
	return &Service{needs: n}, nil
}

// ErrOver is returned for a request that was answered, has waited too long, or is none of ours.
var ErrOver = errors.New("authorize: the request is over")

// Visit is one look at a request by a browser.
type Visit struct {
	Asked
	pending auth.Pending
	resumed bool          // it came sealed
	Session *auth.Session // nil: nobody is signed in
	Subject string
}

// Begin makes a visit of a request that has just come.
func (s *Service) Begin(asked Asked) Visit {
	now := s.needs.Now()
	return Visit{Asked: asked, pending: auth.Pending{ID: auth.NewID(now), Request: asked.Request, ExpiresAt: now.Add(auth.RequestLife)}}
}

// Resume makes a visit of a sealed request: ErrOver when it is none, or too old, or its client is gone or goes elsewhere by
// now.
func (s *Service) Resume(ctx context.Context, sealed string) (Visit, error) {
	p, err := s.open(sealed)
	if err != nil {
		return Visit{}, err
	}
	return s.resume(ctx, p)
}

// open opens what a browser carries.
func (s *Service) open(sealed string) (auth.Pending, error) {
	p, ok := auth.OpenPending(sealed, s.needs.Sealing)
	if !ok || p.Pushed || !s.needs.Now().Before(p.ExpiresAt) {
		return auth.Pending{}, ErrOver
	}
	return p, nil
}

func (s *Service) resume(ctx context.Context, p auth.Pending) (Visit, error) {
	client, err := s.needs.Clients.Find(ctx, p.Request.ClientID)
	if errors.Is(err, auth.ErrNotFound) || err == nil && (client.Disabled() || !client.MatchesRedirect(p.Request.RedirectURI)) {
		return Visit{}, ErrOver
	}
	if err != nil {
		return Visit{}, fmt.Errorf("authorize: %w", err)
	}
	return Visit{Asked: Asked{Request: p.Request, Client: client}, pending: p, resumed: true}, nil
}

// subject is the sub by which the client knows who is signed in, for what it says of the user it means.
func (s *Service) subject(v Visit) string {
	id, err := auth.ParseID(v.Subject)
	if err != nil {
		return v.Subject
	}
	return s.needs.Keys.Subject(id, v.Client)
}

// Sealed is the request as the browser carries it.
func (s *Service) Sealed(v Visit) (string, error) { return v.pending.Seal(s.needs.Sealing) }

// Next says what is next for a visit, and changes nothing. ErrOver tells that the client was answered before.
func (s *Service) Next(ctx context.Context, v Visit) (Step, error) {
	f := Facts{Request: v.Request, Client: v.Client, Session: v.Session, Subject: s.subject(v), Now: s.needs.Now()}
	if err := s.recall(ctx, v, &f); err != nil {
		return Step{}, err
	}
	if !f.Interaction.FinishedAt.IsZero() {
		return Step{}, ErrOver
	}
	return Next(f), nil
}

// Decide is Next, and answers the client where that is due: Issue and Refuse come with what it gets.
func (s *Service) Decide(ctx context.Context, v Visit) (Step, *Answer, error) {
	step, err := s.Next(ctx, v)
	if err != nil {
		return Step{}, nil, err
	}
	var answer *Answer
	switch step.Kind {
	case Issue:
		answer, err = s.issue(ctx, v)
	case Refuse:
		answer, err = s.refuse(ctx, v, step.Error)
	case Choose, Login, Consent:
	}
	return step, answer, err
}

// Failed is what the client gets when something goes wrong on our side after its request was found good (RFC 6749
// §4.1.2.1); busy says that trying again helps.
func (s *Service) Failed(v Visit, busy bool) *Answer {
	if busy {
		return s.refusal(v.Request, oauth.NewError(oauth.TemporarilyUnavailable, "try again in a moment"))
	}
	return s.refusal(v.Request, oauth.NewError(oauth.ServerError, ""))
}

func (s *Service) recall(ctx context.Context, v Visit, f *Facts) error {
	f.Interaction.ID = v.pending.ID
	if v.Session == nil && !v.resumed {
		return nil
	}
	err := s.needs.DB.View(ctx, func(tx *store.Tx) (err error) {
		if v.resumed {
			if f.Interaction, err = tx.Interactions.Find(ctx, v.pending.ID); err != nil {
				return err
			}
		}
		if v.Session == nil {
			return nil
		}
		f.Consent, err = tx.Consents.Find(ctx, v.Session.UserID, v.Client.ID)
		if errors.Is(err, auth.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("authorize: %w", err)
	}
	return nil
}

// issue stores a code (RFC 6749 §4.1.2). A request that was carried by the browser is answered once.
func (s *Service) issue(ctx context.Context, v Visit) (*Answer, error) {
	now, code := s.needs.Now(), secret.FromString(auth.CodePrefix+secret.RandomToken(codeSize).Reveal())
	c := auth.AuthorizationCode{
		Hash: code.Hash(), Request: v.Request, UserID: v.Session.UserID, SessionID: v.Session.ID, AuthTime: v.Session.AuthTime,
		AMR: v.Session.AMR, ACR: v.Session.ACR, CreatedAt: now, ExpiresAt: now.Add(cmp.Or(s.needs.CodeLife, auth.CodePeriod)),
	}
	err := s.finish(ctx, v, func(tx *store.Tx) error { return tx.Codes.Insert(ctx, c) })
	if err != nil {
		return nil, err
	}
	a := s.answer(v.Request)
	a.Values.Set(oauth.ParamCode, code.Reveal())
	return a, nil
}

// codeSize is 256 bits (AZ-11), in bytes.
const codeSize = 32

// refuse tells the client why it gets nothing. Where nobody is signed in the request stays open, and the client hears the same
// again: strangers could fill the table with its ends.
func (s *Service) refuse(ctx context.Context, v Visit, why *oauth.Error) (*Answer, error) {
	if v.Session == nil && v.Client.Unvouched() { // as reader.fault
		return nil, &Fault{Err: why}
	}
	if v.Session == nil {
		return s.refusal(v.Request, why), nil
	}
	if err := s.finish(ctx, v, func(*store.Tx) error { return nil }); err != nil {
		return nil, err
	}
	return s.refusal(v.Request, why), nil
}

// finish runs fn in the transaction that marks the request as answered.
func (s *Service) finish(ctx context.Context, v Visit, fn func(*store.Tx) error) error {
	err := s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		if v.resumed {
			first, err := tx.Interactions.Finish(ctx, v.pending.ID, s.needs.Now(), v.pending.ExpiresAt)
			if err != nil {
				return err
			}
			if !first {
				return ErrOver
			}
		}
		return fn(tx)
	})
	if err != nil && !errors.Is(err, ErrOver) {
		return fmt.Errorf("authorize: %w", err)
	}
	return err
}

// LoggedIn records that a session was made for a sealed request.
func (s *Service) LoggedIn(ctx context.Context, sealed string, session auth.ID) error {
	return s.record(ctx, sealed, func(i *auth.Interaction) { i.LoggedIn = session }, nil)
}

// Allow records the consent of the visit's user, for this request and for those to come.
func (s *Service) Allow(ctx context.Context, v Visit, sealed string, caller auth.Caller) error {
	return s.record(ctx, sealed, func(i *auth.Interaction) { i.Allowed = v.Session.ID }, func(tx *store.Tx) error {
		now := s.needs.Now()
		have, err := tx.Consents.Find(ctx, v.Session.UserID, v.Client.ID)
		if err != nil && !errors.Is(err, auth.ErrNotFound) {
			return err
		}
		have.UserID, have.ClientID = v.Session.UserID, v.Client.ID
		if err := tx.Consents.Put(ctx, have.With(v.Request.ConsentScopes(), v.Request.Resources, now)); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, auth.Event{
			At: now, Kind: auth.EventConsentGiven, UserID: v.Session.UserID, SessionID: v.Session.ID, ClientID: v.Client.ID, Caller: caller,
			Detail: oauth.JoinScope(v.Request.ConsentScopes()),
		})
	})
}

// Deny ends the request at the wish of the user.
func (s *Service) Deny(ctx context.Context, v Visit, caller auth.Caller) (*Answer, error) {
	err := s.finish(ctx, v, func(tx *store.Tx) error {
		return tx.Events.Insert(ctx, auth.Event{
			At: s.needs.Now(), Kind: auth.EventConsentDenied, UserID: v.Session.UserID, SessionID: v.Session.ID, ClientID: v.Client.ID, Caller: caller,
		})
	})
	if err != nil {
		return nil, err
	}
	return s.refusal(v.Request, oauth.NewError(oauth.AccessDenied, "the user said no")), nil
}

func (s *Service) record(ctx context.Context, sealed string, change func(*auth.Interaction), also func(*store.Tx) error) error {
	p, err := s.open(sealed)
	if err != nil {
		return err
	}
	err = s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		i, err := tx.Interactions.Find(ctx, p.ID)
		if err != nil {
			return err
		}
		if !i.FinishedAt.IsZero() {
			return ErrOver
		}
		change(&i)
		if err := tx.Interactions.Put(ctx, i, p.ExpiresAt); err != nil || also == nil {
			return err
		}
		return also(tx)
	})
	if err != nil && !errors.Is(err, ErrOver) {
		return fmt.Errorf("authorize: %w", err)
	}
	return err
}
