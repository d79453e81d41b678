package app

import (
	"context"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

const (
	followEvery = 400 * time.Millisecond
	sweepEvery  = time.Minute
	sweepChunk  = 500
	keepGrants  = 7 * 24 * time.Hour   // after the absolute end, so that a late token is told Reuse or Expired
	keepEnded   = 3 * 24 * time.Hour   // after a log-out or a revocation; the events tell longer
	keepCodes   = 24 * time.Hour       // so that the replay of a used one is noticed
	keepEvents  = 400 * 24 * time.Hour // a year, and some
)

// follow watches the change sequence, so that what another node or a command changed is known here
// within a second.
func (a *App) follow(ctx context.Context) {
	last, failed := int64(-1), int64(-1)
	every(ctx, followEvery, func() {
		var seq int64
		err := a.db.View(ctx, func(tx *store.Tx) (err error) {
			seq, err = tx.Settings.Sequence(ctx)
			return err
		})
		if err != nil || seq == last {
			return // a database that does not answer shows in /readyz
		}
		a.clients.Forget()
		if err := errors.Join(a.ring.Load(ctx), a.resources.Load(ctx), a.origins.Load(ctx)); err != nil {
			if failed != seq { // once for each change
				a.log.Error("keys, resources or origins cannot be loaded again", "error", err)
			}
			failed = seq
			return
		}
		last = seq
	})
}

// sweep deletes what nobody can ask for any more, in small steps.
func (a *App) sweep(ctx context.Context) {
	every(ctx, sweepEvery, func() {
		now := a.now()
		for what, step := range map[string]func(*store.Tx) (int64, error){
			"grants":      func(tx *store.Tx) (int64, error) { return tx.Grants.Sweep(ctx, now.Add(-keepGrants), sweepChunk) },
			"sessions":    func(tx *store.Tx) (int64, error) { return tx.Sessions.Sweep(ctx, now.Add(-keepGrants), sweepChunk) },
			"revoked":     func(tx *store.Tx) (int64, error) { return tx.Grants.SweepRevoked(ctx, now.Add(-keepEnded), sweepChunk) },
			"ended":       func(tx *store.Tx) (int64, error) { return tx.Sessions.SweepEnded(ctx, now.Add(-keepEnded), sweepChunk) },
			"events":      func(tx *store.Tx) (int64, error) { return tx.Events.Sweep(ctx, now.Add(-keepEvents), sweepChunk) },
			"revocations": func(tx *store.Tx) (int64, error) { return tx.Revocations.Sweep(ctx, now, sweepChunk) },
			"outbox":      func(tx *store.Tx) (int64, error) { return tx.Outbox.Sweep(ctx, now.Add(-time.Hour), sweepChunk) }, // what a node without mail left
			"codes": func(tx *store.Tx) (int64, error) {
				return tx.Codes.Sweep(ctx, now.Add(-keepCodes), sweepChunk)
			},
			"clients": func(tx *store.Tx) (int64, error) {
				return tx.Clients.SweepUnused(ctx, now.Add(-a.config.Registration.Unused), sweepChunk)
			},
			"assertions":   func(tx *store.Tx) (int64, error) { return tx.Assertions.Sweep(ctx, now, sweepChunk) },
			"interactions": func(tx *store.Tx) (int64, error) { return tx.Interactions.Sweep(ctx, now, sweepChunk) },
			"addresses":    func(tx *store.Tx) (int64, error) { return tx.AddressChanges.Sweep(ctx, now, sweepChunk) },
			"keys":         func(tx *store.Tx) (int64, error) { return tx.Keys.Sweep(ctx, now.Add(-auth.KeyAfter), sweepChunk) },
			"throttles":    func(tx *store.Tx) (int64, error) { return tx.Throttles.Sweep(ctx, now, sweepChunk) },
		} {
			a.sweepAll(ctx, what, step)
		}
	})
}

func (a *App) sweepAll(ctx context.Context, what string, step func(*store.Tx) (int64, error)) {
	for total := int64(0); ctx.Err() == nil; {
		var n int64
		err := a.db.Update(ctx, func(tx *store.Tx) (err error) {
			n, err = step(tx)
			return err
		})
		if total += n; err != nil || n < sweepChunk {
			if err != nil && ctx.Err() == nil {
				a.log.Warn("sweep failed", "what", what, "error", err)
			} else if total > 0 {
				a.log.Info("swept", "what", what, "rows", total)
			}
			return
		}
	}
}

// every calls fn at once and then in the given rhythm until ctx ends.
func every(ctx context.Context, gap time.Duration, fn func()) {
	tick := time.NewTicker(gap)
	defer tick.Stop()
	for {
		fn()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
