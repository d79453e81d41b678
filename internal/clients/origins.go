package clients

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/daypass/daypass/internal/store"
)

// Origins are the web origins whose scripts may read what the endpoints for clients answer: those that the clients in force
// registered, together, because a preflight does not say whose it is. That is no loss: these endpoints know no cookies, so
// whoever could ask under the origin of another client could as well ask without a browser. It is safe for concurrent use.
type Origins struct {
	db     *store.DB
	loaded atomic.Pointer[map[string]bool]
}

// NewOrigins returns an empty set that Load fills.
func NewOrigins(db *store.DB) *Origins {
	o := &Origins{db: db}
	o.loaded.Store(&map[string]bool{})
	return o
}

// Load reads all origins. It runs at start and whenever the change sequence moves.
func (o *Origins) Load(ctx context.Context) error {
	next := map[string]bool{}
	err := o.db.View(ctx, func(tx *store.Tx) error {
		list, err := tx.Clients.Origins(ctx)
		for _, origin := range list {
			next[origin] = true
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("clients: load origins: %w", err)
	}
	o.loaded.Store(&next)
	return nil
}

// Allowed tells whether the value of an Origin header is one of them, byte for byte (RFC 6454 §6.2).
func (o *Origins) Allowed(origin string) bool { return (*o.loaded.Load())[origin] }
