package admin

import (
	"context"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

// GrantFilter selects grants; at most one field is set, none means all.
type GrantFilter struct {
	User   auth.ID
	Client string
}

// GrantView is a grant with what decides about it and what happened to it.
type GrantView struct {
	auth.Grant
	State  GrantState
	Email  string // of its user; empty when the user is gone
	Events []auth.Event
}

// Grants lists up to limit grants, newest first; more tells that there are others.
func (s *Service) Grants(ctx context.Context, f GrantFilter, limit int) (grants []auth.Grant, more bool, err error) {
	err = s.n.DB.View(ctx, func(tx *store.Tx) (err error) {
		grants, err = tx.Grants.List(ctx, store.Selector{User: f.User, Client: f.Client}, limit+1)
		return err
	})
	if len(grants) > limit {
		grants, more = grants[:limit], true
	}
	return grants, more, err
}

// ShowGrant tells all about a grant but its secrets.
func (s *Service) ShowGrant(ctx context.Context, id auth.ID) (GrantView, error) {
	var v GrantView
	err := s.n.DB.View(ctx, func(tx *store.Tx) (err error) {
		v, _, err = s.viewGrant(ctx, tx, id)
		return missing(err, "grant", id.String())
	})
	return v, err
}

func (s *Service) viewGrant(ctx context.Context, tx *store.Tx, id auth.ID) (GrantView, auth.RefreshFacts, error) {
	facts, user, err := tx.Grants.Facts(ctx, id)
	if err != nil {
		return GrantView{}, facts, err
	}
	events, err := tx.Events.OfGrant(ctx, id, eventLimit)
	v := GrantView{Grant: facts.Grant, State: s.stateOf(facts), Email: user.Email, Events: events}
	return v, facts, err
}

// RevokeGrant ends one grant.
func (s *Service) RevokeGrant(ctx context.Context, id auth.ID, by Actor) (Ended, error) {
	var done Ended
	now := s.n.Now()
	err := s.n.DB.Update(ctx, func(tx *store.Tx) error {
		done = Ended{}
		facts, _, err := tx.Grants.Facts(ctx, id)
		if err != nil {
			return missing(err, "grant", id.String())
		}
		ids, err := tx.Grants.Revoke(ctx, store.Selector{Grant: id}, auth.ReasonAdmin, now, s.n.Rules.RevokeFor)
		if err != nil || len(ids) == 0 {
			return err
		}
		done = Ended{Changed: true, Grants: len(ids)}
		g := facts.Grant
		e := s.tell(by, auth.EventGrantRevoked, now, auth.ReasonAdmin)
		e.UserID, e.SessionID, e.GrantID, e.ClientID = g.UserID, g.SessionID, g.ID, g.ClientID
		return tx.Events.Insert(ctx, e)
	})
	return done, err
}
