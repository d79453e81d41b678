package admin

import (
	"context"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

// Sessions lists a user's live sessions, newest first, with the clients that hold grants of each.
func (s *Service) Sessions(ctx context.Context, user auth.ID) ([]auth.SessionView, error) {
	var live []auth.SessionView
	now := s.n.Now()
	err := s.n.DB.View(ctx, func(tx *store.Tx) (err error) {
		live, err = s.liveSessions(ctx, tx, user, now)
		return err
	})
	return live, err
}

func (s *Service) liveSessions(ctx context.Context, tx *store.Tx, user auth.ID, now time.Time) ([]auth.SessionView, error) {
	all, err := tx.Sessions.ListByUser(ctx, user, now)
	if err != nil {
		return nil, err
	}
	live := slices.DeleteFunc(all, func(v auth.SessionView) bool { return !v.Live(now, v.LastUse, s.n.Rules.SessionIdle) })
	grants, err := tx.Grants.List(ctx, store.Selector{User: user}, countLimit)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		i := slices.IndexFunc(live, func(v auth.SessionView) bool { return v.ID == g.SessionID })
		if i >= 0 && !g.Revoked() && !slices.Contains(live[i].ClientIDs, g.ClientID) {
			live[i].ClientIDs = append(live[i].ClientIDs, g.ClientID)
		}
	}
	return live, nil
}

// FindSession returns a session, ended or not.
func (s *Service) FindSession(ctx context.Context, id auth.ID) (auth.SessionView, error) {
	var v auth.SessionView
	err := s.n.DB.View(ctx, func(tx *store.Tx) (err error) {
		v, err = tx.Sessions.Find(ctx, id)
		return missing(err, "session", id.String())
	})
	return v, err
}

// EndSession ends a session and its grants, except offline ones, which outlive it.
func (s *Service) EndSession(ctx context.Context, id auth.ID, by Actor) (Ended, error) {
	var done Ended
	now := s.n.Now()
	err := s.n.DB.Update(ctx, func(tx *store.Tx) error {
		done = Ended{}
		v, err := tx.Sessions.Find(ctx, id)
		if err != nil {
			return missing(err, "session", id.String())
		}
		if done.Changed, err = tx.Sessions.End(ctx, id, auth.ReasonSessionEnded, now); err != nil || !done.Changed {
			return err
		}
		done.Sessions = 1
		done.Grants, err = s.sessionEnded(ctx, tx, v.UserID, id, now, by)
		return err
	})
	return done, err
}

// EndSessions ends all sessions of a user as EndSession does.
func (s *Service) EndSessions(ctx context.Context, user auth.ID, by Actor) (Ended, error) {
	var done Ended
	now := s.n.Now()
	err := s.n.DB.Update(ctx, func(tx *store.Tx) error {
		done = Ended{}
		if _, err := tx.Users.Find(ctx, user); err != nil {
			return missing(err, "user", user.String())
		}
		ids, err := tx.Sessions.EndByUser(ctx, user, auth.ID{}, auth.ReasonSessionEnded, now)
		if err != nil {
			return err
		}
		for _, id := range ids {
			grants, err := s.sessionEnded(ctx, tx, user, id, now, by)
			if err != nil {
				return err
			}
			done.Grants += grants
		}
		done.Changed, done.Sessions = len(ids) > 0, len(ids)
		return nil
	})
	return done, err
}

func (s *Service) sessionEnded(ctx context.Context, tx *store.Tx, user, session auth.ID, now time.Time, by Actor) (grants int, err error) {
	ids, err := tx.Grants.Revoke(ctx, store.Selector{Session: session}, auth.ReasonSessionEnded, now, s.n.Rules.RevokeFor)
	if err != nil {
		return 0, err
	}
	e := s.tell(by, auth.EventSessionEnded, now, Count(len(ids), "grant")+" ended with it")
	e.UserID, e.SessionID = user, session
	return len(ids), tx.Events.Insert(ctx, e)
}
