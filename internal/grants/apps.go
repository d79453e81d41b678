package grants

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

// Apps lists the applications that a user has allowed something, or that hold tokens of theirs, by name. The built-in client
// is none: its grants are the sessions.
func (s *Service) Apps(ctx context.Context, user auth.ID) ([]auth.App, error) {
	all := map[string]auth.App{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		consents, err1 := tx.Consents.OfUser(ctx, user)
		holders, err2 := tx.Grants.Holders(ctx, user, s.now())
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		for _, c := range consents {
			all[c.ClientID] = auth.App{Consent: c}
		}
		for _, h := range holders {
			if h.ClientID != auth.FirstPartyClient {
				a := all[h.ClientID]
				a.Holder = h
				all[h.ClientID] = a
			}
		}
		for id, a := range all {
			var err error
			if a.Client, err = tx.Clients.Find(ctx, id); errors.Is(err, auth.ErrNotFound) {
				delete(all, id)
				continue
			}
			if err != nil {
				return err
			}
			all[id] = a
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("grants: apps: %w", err)
	}
	var list []auth.App
	for _, a := range all {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b auth.App) int { return strings.Compare(a.Client.Name+a.Client.ID, b.Client.Name+b.Client.ID) })
	return list, nil
}

// TakeBack ends all that a user has allowed a client, with its tokens. auth.ErrNotFound when there was nothing.
func (s *Service) TakeBack(ctx context.Context, user auth.ID, client string, caller auth.Caller) error {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		now := s.now()
		had, err := tx.Consents.Delete(ctx, user, client)
		if err != nil {
			return err
		}
		ended, err := tx.Grants.RevokeOf(ctx, user, client, auth.ReasonConsentTaken, now, s.rules.RevokeFor)
		if err != nil {
			return err
		}
		if !had && len(ended) == 0 {
			return auth.ErrNotFound
		}
		return tx.Events.Insert(ctx, auth.Event{At: now, Kind: auth.EventConsentTaken, UserID: user, ClientID: client, Caller: caller})
	})
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return fmt.Errorf("grants: take back: %w", err)
	}
	return err
}
