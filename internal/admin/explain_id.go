package admin

import (
	"context"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// explainID finds what has the id: a session, grant, event or user.
func (s *Service) explainID(ctx context.Context, tx *store.Tx, id auth.ID, now time.Time) (Explanation, error) {
	for _, look := range []func() (Explanation, error){
		func() (Explanation, error) {
			v, err := tx.Sessions.Find(ctx, id)
			return s.explainSession(v, now), err
		},
		func() (Explanation, error) {
			v, _, err := s.viewGrant(ctx, tx, id)
			return explainGrant(v), err
		},
		func() (Explanation, error) { return s.explainEvent(ctx, tx, id) },
		func() (Explanation, error) {
			u, err := tx.Users.Find(ctx, id)
			return explainUser(u), err
		},
	} {
		e, err := look()
		if !errors.Is(err, auth.ErrNotFound) {
			return e, err
		}
	}
	e := unknown()
	e.Rule = "it has the form of an id, but no session, grant, event or user has it"
	e.Advice = "It was swept after its time, or belongs to another server."
	return e, nil
}

func (s *Service) explainSession(v auth.SessionView, now time.Time) Explanation {
	e := Explanation{Kind: KindSession, Session: &v}
	switch {
	case !v.EndedAt.IsZero():
		e.Verdict, e.Rule, e.Advice = StandingRevoked, "it was ended: "+v.EndReason, "The user logs in again."
	case !v.Live(now, v.LastUse, s.n.Rules.SessionIdle):
		e.Verdict, e.Rule, e.Advice = StandingExpired, "its idle or absolute lifetime is over", "The user logs in again."
	default:
		e.Verdict, e.Good, e.Rule = StandingAccepted, true, "the session is alive"
		e.Advice = "Nothing. `daypass session end " + v.ID.String() + "` ends it with its grants."
	}
	return e
}

func explainGrant(v GrantView) Explanation {
	e := Explanation{Kind: KindGrant, Grant: &v, Good: v.State.Verdict.Granted(), Verdict: Standing(v.State.Verdict)}
	e.Rule, e.Advice = v.State.Why, "The user logs in again."
	if e.Good {
		e.Verdict, e.Rule = StandingAccepted, "the grant is alive"
		e.Advice = "Nothing. To judge a refresh token of it, paste the token."
	}
	return e
}

func (s *Service) explainEvent(ctx context.Context, tx *store.Tx, id auth.ID) (Explanation, error) {
	event, err := tx.Events.Find(ctx, id)
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{Kind: KindEvent, Event: &event, Verdict: StandingAccepted, Good: true, Rule: string(event.Kind), Advice: adviceEvent(event.Kind)}
	if event.GrantID.IsZero() {
		return e, nil
	}
	view, _, err := s.viewGrant(ctx, tx, event.GrantID)
	if errors.Is(err, auth.ErrNotFound) {
		return e, nil
	}
	e.Grant = &view
	return e, err
}

func adviceEvent(k auth.EventKind) string {
	switch k {
	case auth.EventGrantReuse:
		return advice(auth.Reuse)
	case auth.EventGrantForged:
		return advice(auth.Forged)
	case auth.EventGrantMisbound:
		return advice(auth.Misbound)
	case auth.EventGrantHealed:
		return "Check the database: it lost the latest writes (failover or restore)."
	}
	return "Nothing: it is a record."
}

func explainUser(u auth.User) Explanation {
	u.Password = secret.Token{}
	e := Explanation{Kind: KindUser, User: &u, Verdict: StandingAccepted, Good: true, Rule: "the user may log in", Advice: "Nothing."}
	if u.Disabled() {
		e.Verdict, e.Good, e.Rule, e.Advice = StandingRefused, false, "the user is disabled", "Enable with `daypass user enable "+u.ID.String()+"`."
	}
	return e
}
