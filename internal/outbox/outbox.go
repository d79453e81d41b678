package outbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

const (
	pollEvery  = time.Second
	batch      = 16
	atOnce     = 4
	lease      = 2 * time.Minute // longer than a batch may take
	perTry     = 20 * time.Second
	firstDelay = 15 * time.Second
	mostDelay  = 30 * time.Minute
)

// Queue is the table of deliveries. Its errors mean: not now.
type Queue interface {
	// Due tells whether there is anything to claim.
	Due(ctx context.Context, now time.Time) (bool, error)
	// Claim takes what is due and defers it until the time given.
	Claim(ctx context.Context, now, until time.Time, limit int) ([]auth.Delivery, error)
	// Defer puts the next try off.
	Defer(ctx context.Context, id auth.ID, until time.Time) error
	// Delete removes what was delivered or given up.
	Delete(ctx context.Context, id auth.ID) error
}

// Config is what an Outbox needs; all of it is required.
type Config struct {
	Queue Queue
	// Deliver makes one delivery. An error that wraps auth.ErrUndeliverable gives it up.
	Deliver func(ctx context.Context, d auth.Delivery) error
	Now     func() time.Time
	Log     *slog.Logger
}

// Outbox delivers.
type Outbox struct{ c Config }

// New checks that nothing is missing.
func New(c Config) (*Outbox, error) {
	if c.Queue == nil || c.Deliver == nil || c.Now == nil || c.Log == nil {
		return nil, errors.New("outbox: Queue, Deliver, Now and Log are required")
	}
	return &Outbox{c: c}, nil
}

// Run delivers until ctx ends. What is under way then is finished or tried again by the next start.
func (o *Outbox) Run(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		for o.Pass(ctx) == batch && ctx.Err() == nil {
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Pass tries what is due now, a batch at most, and returns how many that were. A database that does not answer shows in
// /readyz; the next pass tries again.
func (o *Outbox) Pass(ctx context.Context) int {
	due, err := o.c.Queue.Due(ctx, o.c.Now())
	if err != nil || !due {
		return 0
	}
	now := o.c.Now()
	claimed, err := o.c.Queue.Claim(ctx, now, now.Add(lease), batch)
	if err != nil {
		return 0
	}
	var all sync.WaitGroup
	seats := make(chan struct{}, atOnce)
	for i, d := range claimed {
		seats <- struct{}{}
		if ctx.Err() != nil || o.c.Now().Sub(now) > lease-perTry { // the rest is another pass's, or another node's
			o.release(ctx, claimed[i:])
			all.Wait()
			return i
		}
		all.Go(func() {
			o.try(ctx, d)
			<-seats
		})
	}
	all.Wait()
	return len(claimed)
}

// release makes what was claimed and not tried due again, rather than at the end of the lease.
func (o *Outbox) release(ctx context.Context, rest []auth.Delivery) {
	for _, d := range rest {
		if err := o.c.Queue.Defer(context.WithoutCancel(ctx), d.ID, o.c.Now()); err != nil {
			o.c.Log.Warn("delivery not released", "delivery", d.ID.String(), "error", err)
		}
	}
}

func (o *Outbox) try(ctx context.Context, d auth.Delivery) {
	log := o.c.Log.With("delivery", d.ID.String(), "kind", d.Kind, "tries", d.Tries)
	if !o.c.Now().Before(d.ExpiresAt) {
		log.Warn("delivery given up: too old")
		o.forget(ctx, d, log)
		return
	}
	limited, cancel := context.WithTimeout(ctx, perTry)
	err := o.c.Deliver(limited, d)
	cancel()
	switch {
	case err == nil:
		log.Debug("delivered")
	case errors.Is(err, auth.ErrUndeliverable):
		log.Warn("delivery given up", "error", err)
	default:
		log.Warn("delivery failed", "error", err)
		// Not the caller's context: at a stop it is over, and the delivery would wait for the end of its lease.
		if err := o.c.Queue.Defer(context.WithoutCancel(ctx), d.ID, o.c.Now().Add(Delay(d.Tries))); err != nil {
			log.Warn("delivery not put off", "error", err)
		}
		return
	}
	o.forget(ctx, d, log)
}

// forget removes a delivery. When that fails it is made once more, which is better than never.
func (o *Outbox) forget(ctx context.Context, d auth.Delivery, log *slog.Logger) {
	if err := o.c.Queue.Delete(context.WithoutCancel(ctx), d.ID); err != nil {
		log.Warn("delivery not removed", "error", err)
	}
}

// Delay is how long to wait after the nth try (1, 2, …).
func Delay(tries int64) time.Duration {
	delay := firstDelay
	for ; tries > 1 && delay < mostDelay; tries-- {
		delay *= 2
	}
	return min(delay, mostDelay)
}
