package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// Kind says what a pasted string is.
type Kind string

// What Explain knows.
const (
	KindRefreshToken  Kind = "refresh token"
	KindAccessToken   Kind = "access token"
	KindClientSecret  Kind = "client secret"
	KindSessionCookie Kind = "session cookie"
	KindSession       Kind = "session"
	KindGrant         Kind = "grant"
	KindEvent         Kind = "event"
	KindUser          Kind = "user"
	KindUnknown       Kind = "unknown"
)

// Standing says in one word what would become of an access token or of a thing named by its id. For a refresh
// token the word is an auth.Verdict.
type Standing string

// Standings beside the verdicts of refresh tokens.
const (
	StandingAccepted     Standing = "Accepted"
	StandingRefused      Standing = "Refused"
	StandingExpired      Standing = "Expired"
	StandingRevoked      Standing = "Revoked"
	StandingForeign      Standing = "Foreign"
	StandingKeyUnknown   Standing = "KeyUnknown"
	StandingUnrecognised Standing = "Unrecognised"
)

// Explanation is all that is known about a pasted string. It holds no secret and no successor of one.
type Explanation struct {
	Kind    Kind
	Verdict Standing
	Good    bool   // presented now by its owner, where it belongs, it would be accepted
	Rule    string // the rule that decided
	Advice  string // what to do
	Decoded Fields // what the string itself says

	Grant   *GrantView
	Session *auth.SessionView
	Event   *auth.Event
	Client  *ClientView
	User    *auth.User
}

// Field is one named value of something decoded.
type Field struct {
	Name  string
	Value any
}

// Fields keep their order, in JSON too.
type Fields []Field

// MarshalJSON writes an object.
func (f Fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, field := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(field.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(field.Value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// maxPasted bounds what Explain looks at; the largest thing Daypass hands out is far smaller.
const maxPasted = 16 << 10

// Explain says what a pasted string is: a refresh token, an access token, a client secret, a session cookie, or
// the id of a session, grant, event or user; what would become of it now, which rule decides that, and what to do. It
// only reads, so that asking never uses a token up.
func (s *Service) Explain(ctx context.Context, pasted secret.Token) (Explanation, error) {
	text := trim(pasted.Reveal())
	if len(text) > maxPasted {
		return unknown(), nil
	}
	var e Explanation
	now := s.n.Now()
	err := s.n.DB.View(ctx, func(tx *store.Tx) (err error) {
		e, err = s.explain(ctx, tx, secret.FromString(text), now)
		return err
	})
	return e, err
}

func (s *Service) explain(ctx context.Context, tx *store.Tx, t secret.Token, now time.Time) (Explanation, error) {
	text := t.Reveal()
	switch {
	case strings.HasPrefix(text, auth.RefreshPrefix):
		return s.explainRefresh(ctx, tx, t, now)
	case strings.HasPrefix(text, ClientSecretPrefix):
		return explainClientSecret(ctx, tx, t)
	case strings.Count(text, ".") == 2 || auth.IsOpaque(t):
		return s.explainAccess(ctx, tx, t, now)
	}
	if id, err := auth.ParseID(strings.ToLower(text)); err == nil {
		return s.explainID(ctx, tx, id, now)
	}
	v, err := tx.Sessions.FindByToken(ctx, t.Hash())
	if errors.Is(err, auth.ErrNotFound) {
		return unknown(), nil
	}
	if err != nil {
		return Explanation{}, err
	}
	e := s.explainSession(v, now)
	e.Kind = KindSessionCookie
	return e, nil
}

// trim takes away what is copied along with a token: white space, quotes, and the words before it in a header.
func trim(s string) string {
	s = strings.Trim(s, " \t\r\n\"'`;,")
	for _, before := range []string{"authorization:", "bearer ", "dpop "} {
		if len(s) >= len(before) && strings.EqualFold(s[:len(before)], before) {
			s = strings.TrimSpace(s[len(before):])
		}
	}
	return s
}

func unknown() Explanation {
	return Explanation{
		Kind: KindUnknown, Verdict: StandingUnrecognised,
		Rule:   "this is nothing that Daypass hands out",
		Advice: "Paste the whole string: a refresh token begins with " + auth.RefreshPrefix + ", a client secret with " + ClientSecretPrefix + ", an access token with " + auth.OpaquePrefix + " or has three parts joined by dots, an id has the form of a UUID.",
	}
}

func explainClientSecret(ctx context.Context, tx *store.Tx, t secret.Token) (Explanation, error) {
	e := Explanation{
		Kind: KindClientSecret, Verdict: StandingRefused, Rule: "no client has this secret",
		Advice: "It was rotated away, belongs to a deleted client or to another server. Make a new one with `daypass client rotate-secret`.",
	}
	clients, err := tx.Clients.List(ctx)
	if err != nil {
		return Explanation{}, err
	}
	for _, c := range clients {
		for i, h := range c.SecretHashes {
			if h != t.Hash() {
				continue
			}
			v := viewClient(c)
			e.Client, e.Good, e.Verdict = &v, !c.Disabled(), StandingAccepted
			e.Rule, e.Advice = "it is the newest secret of its client", "Nothing. If it was seen by somebody, replace it with `daypass client rotate-secret --drop-old "+c.ID+"`."
			if i > 0 {
				e.Rule = "it is the previous secret of its client, alive until the next rotation"
			}
			if c.Disabled() {
				e.Verdict, e.Rule, e.Advice = StandingRefused, "its client is disabled", "Enable it with `daypass client enable "+c.ID+"`."
			}
			return e, nil
		}
	}
	return e, nil
}
