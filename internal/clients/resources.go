package clients

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

// Resources are the registered protected APIs, all of them in memory: each token that is minted asks for one, and there are
// few. It is safe for concurrent use; Load replaces its content at once.
type Resources struct {
	db     *store.DB
	loaded atomic.Pointer[map[string]auth.Resource]
}

var _ auth.Resources = (*Resources)(nil)

// NewResources returns an empty set that Load fills.
func NewResources(db *store.DB) *Resources {
	r := &Resources{db: db}
	r.loaded.Store(&map[string]auth.Resource{})
	return r
}

// Load reads all resources. It runs at start and whenever the change sequence moves.
func (r *Resources) Load(ctx context.Context) error {
	var all []auth.Resource
	err := r.db.View(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.Resources.List(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("clients: load resources: %w", err)
	}
	next := make(map[string]auth.Resource, len(all))
	for _, one := range all {
		next[one.ID] = one
	}
	r.loaded.Store(&next)
	return nil
}

// Find implements auth.Resources.
func (r *Resources) Find(id string) (auth.Resource, bool) {
	found, ok := (*r.loaded.Load())[id]
	return found, ok
}

// All returns the resources by id.
func (r *Resources) All() []auth.Resource {
	return slices.SortedFunc(maps.Values(*r.loaded.Load()), func(a, b auth.Resource) int { return strings.Compare(a.ID, b.ID) })
}
