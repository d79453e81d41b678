package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/store"
)

// declareResources makes the registered resources what the configuration says, and sees to it that every algorithm that one of
// them asks for has a key before a token is.
func (a *App) declareResources(ctx context.Context) error {
	for _, r := range a.config.Resources {
		if err := a.upsertResource(ctx, r); err != nil {
			return fmt.Errorf("resource %s: %w", r.URI, err)
		}
	}
	if err := a.resources.Load(ctx); err != nil {
		return err
	}
	var algorithms []jose.Algorithm
	for _, r := range a.resources.All() {
		if r.Algorithm != "" {
			algorithms = append(algorithms, jose.Algorithm(r.Algorithm))
		}
	}
	if algorithms == nil {
		return nil
	}
	return a.ring.EnsureFor(ctx, algorithms...)
}

// upsertResource writes a resource when it is missing or differs, so that a start changes nothing twice.
func (a *App) upsertResource(ctx context.Context, declared config.Resource) error {
	want, now := declared.Noun(), a.now()
	return a.db.Update(ctx, func(tx *store.Tx) error {
		have, err := tx.Resources.Find(ctx, want.ID)
		event := auth.Event{At: now, Kind: auth.EventResourceUpdated, Detail: want.ID + "; " + byConfiguration}
		switch {
		case errors.Is(err, auth.ErrNotFound):
			want.CreatedAt, event.Kind = now, auth.EventResourceCreated
			_, err = tx.Resources.Insert(ctx, want)
		case err != nil:
			return err
		default:
			want.CreatedAt, want.DisabledAt = have.CreatedAt, have.DisabledAt
			if sameResource(have, want) {
				return nil
			}
			_, err = tx.Resources.Update(ctx, want)
		}
		if err != nil {
			return err
		}
		return tx.Events.Insert(ctx, event)
	})
}

func sameResource(a, b auth.Resource) bool {
	return a.Name == b.Name && slices.Equal(a.Scopes, b.Scopes) && a.Lifetime == b.Lifetime && a.Algorithm == b.Algorithm &&
		a.Format == b.Format && slices.Equal(a.Introspection, b.Introspection)
}
