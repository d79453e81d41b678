package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/store"
)

// CreateResource registers a protected API. It returns *Invalid, or auth.ErrConflict when the URI is registered.
func (s *Service) CreateResource(ctx context.Context, r auth.Resource, by Actor) (auth.Resource, error) {
	if r.Name = strings.TrimSpace(r.Name); r.Name == "" {
		r.Name = r.ID
	}
	r.Scopes, r.Introspection = unique(r.Scopes), unique(r.Introspection)
	r.CreatedAt, r.DisabledAt = s.n.Now(), time.Time{}
	if err := asInvalid(r.Faults()); err != nil {
		return auth.Resource{}, err
	}
	if err := s.signForResource(ctx, r); err != nil {
		return auth.Resource{}, err
	}
	err := s.n.DB.Update(ctx, func(tx *store.Tx) error {
		inserted, err := tx.Resources.Insert(ctx, r)
		if err != nil {
			return err
		}
		if !inserted {
			return fmt.Errorf("a resource with the URI %q: %w", r.ID, auth.ErrConflict)
		}
		return tx.Events.Insert(ctx, s.tell(by, auth.EventResourceCreated, r.CreatedAt, r.ID+"; scopes: "+words(r.Scopes)))
	})
	return r, err
}

// Resources lists the registered resources by URI.
func (s *Service) Resources(ctx context.Context) (all []auth.Resource, err error) {
	err = s.n.DB.View(ctx, func(tx *store.Tx) error {
		all, err = tx.Resources.List(ctx)
		return err
	})
	return all, err
}

// ResourceView is a resource with the clients that name it.
type ResourceView struct {
	auth.Resource
	Clients []string // ids
}

// ShowResource returns a registered resource.
func (s *Service) ShowResource(ctx context.Context, uri string) (ResourceView, error) {
	var v ResourceView
	err := s.n.DB.View(ctx, func(tx *store.Tx) error {
		r, err := tx.Resources.Find(ctx, uri)
		if err != nil {
			return missing(err, "resource", uri)
		}
		clients, err := tx.Clients.List(ctx)
		v = ResourceView{Resource: r}
		for _, c := range clients {
			if slices.Contains(c.Resources, uri) {
				v.Clients = append(v.Clients, c.ID)
			}
		}
		return err
	})
	return v, err
}

// UpdateResource lets edit change a resource, but not its URI, and tells whether anything had to change. Tokens that are out
// keep what they were made with until they end.
func (s *Service) UpdateResource(ctx context.Context, uri string, edit func(*auth.Resource), by Actor) (auth.Resource, bool, error) {
	var now auth.Resource
	changed := false
	first, err := s.ShowResource(ctx, uri)
	if err != nil {
		return auth.Resource{}, false, err
	}
	edit(&first.Resource)
	first.ID = uri
	if err := asInvalid(first.Faults()); err != nil {
		return auth.Resource{}, false, err
	}
	if err := s.signForResource(ctx, first.Resource); err != nil { // before a token is asked for
		return auth.Resource{}, false, err
	}
	err = s.changeResource(ctx, uri, func(r *auth.Resource, at time.Time) (auth.Event, error) {
		before := *r
		edit(r)
		r.ID, r.CreatedAt, r.DisabledAt = before.ID, before.CreatedAt, before.DisabledAt
		r.Scopes, r.Introspection = unique(r.Scopes), unique(r.Introspection)
		if err := asInvalid(r.Faults()); err != nil {
			return auth.Event{}, err
		}
		now = *r
		told := differences(resourceMembers(before), resourceMembers(*r))
		if changed = len(told) > 0; !changed {
			return auth.Event{}, nil
		}
		return s.tell(by, auth.EventResourceUpdated, at, uri+"; changed: "+strings.Join(told, ", ")), nil
	})
	return now, changed, err
}

func resourceMembers(r auth.Resource) map[string]any {
	return map[string]any{
		"name": r.Name, "scopes": r.Scopes, "lifetime": r.Lifetime, "algorithm": r.Algorithm, "format": r.Format, "introspection_clients": r.Introspection,
	}
}

// DisableResource stops tokens for a resource; those that are out end by themselves.
func (s *Service) DisableResource(ctx context.Context, uri string, by Actor) (changed bool, err error) {
	err = s.changeResource(ctx, uri, func(r *auth.Resource, now time.Time) (auth.Event, error) {
		if changed = !r.Disabled(); !changed {
			return auth.Event{}, nil
		}
		r.DisabledAt = now
		return s.tell(by, auth.EventResourceDisabled, now, uri), nil
	})
	return changed, err
}

// EnableResource lets tokens be made for a disabled resource again.
func (s *Service) EnableResource(ctx context.Context, uri string, by Actor) (changed bool, err error) {
	err = s.changeResource(ctx, uri, func(r *auth.Resource, now time.Time) (auth.Event, error) {
		if changed = r.Disabled(); !changed {
			return auth.Event{}, nil
		}
		r.DisabledAt = time.Time{}
		return s.tell(by, auth.EventResourceEnabled, now, uri), nil
	})
	return changed, err
}

// DeleteResource forgets what a resource asks for. Clients that name it go on getting tokens for it, with the defaults.
func (s *Service) DeleteResource(ctx context.Context, uri string, by Actor) error {
	now := s.n.Now()
	return s.n.DB.Update(ctx, func(tx *store.Tx) error {
		deleted, err := tx.Resources.Delete(ctx, uri)
		if err == nil && !deleted {
			err = missing(auth.ErrNotFound, "resource", uri)
		}
		if err != nil {
			return err
		}
		return tx.Events.Insert(ctx, s.tell(by, auth.EventResourceDeleted, now, uri))
	})
}

// changeResource reads a resource, lets fn change it, and writes it with the event; an event without a kind means that
// nothing is to be changed. It queues at the change sequence as lockClient does.
func (s *Service) changeResource(ctx context.Context, uri string, fn func(*auth.Resource, time.Time) (auth.Event, error)) error {
	now := s.n.Now()
	return s.n.DB.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Settings.Changed(ctx); err != nil {
			return err
		}
		r, err := tx.Resources.Find(ctx, uri)
		if err != nil {
			return missing(err, "resource", uri)
		}
		e, err := fn(&r, now)
		if err != nil || e.Kind == "" {
			return err
		}
		if _, err := tx.Resources.Update(ctx, r); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, e)
	})
}

// signForResource sees to it that there is a key for the tokens of a resource before one is asked for.
func (s *Service) signForResource(ctx context.Context, r auth.Resource) error {
	if r.Algorithm == "" {
		return nil
	}
	return s.n.Keys.EnsureFor(ctx, jose.Algorithm(r.Algorithm))
}
