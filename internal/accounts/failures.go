package accounts

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

const (
	failureQueue = 256         // events waiting; further ones are dropped
	failureEvery = time.Minute // at most one event per user in that time
	failureUsers = 4096        // users remembered before the old ones are forgotten
	drainTime    = 2 * time.Second
)

// noteFailure leaves an event about a failed log-in of an existing user for Run. It must not be
// written before the answer: the write costs time that only an existing user's address would cost.
func (s *Service) noteFailure(user auth.ID, caller auth.Caller) {
	if user.IsZero() {
		return
	}
	select {
	case s.failures <- auth.Event{At: s.now(), Kind: auth.EventUserLoginFailed, UserID: user, Caller: caller}:
	default: // a flood: the events already waiting tell of it
	}
}

// Run writes the events about failed log-ins until ctx ends, and then those that still wait. The store
// must outlive it. It always returns nil.
func (s *Service) Run(ctx context.Context) error {
	noted := map[auth.ID]time.Time{}
	for {
		select {
		case e := <-s.failures:
			s.writeFailure(ctx, e, noted)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
			defer cancel()
			for {
				select {
				case e := <-s.failures:
					s.writeFailure(last, e, noted)
				default:
					return nil
				}
			}
		}
	}
}

// writeFailure stores one event unless its user had one within the last minute. noted remembers who had.
func (s *Service) writeFailure(ctx context.Context, e auth.Event, noted map[auth.ID]time.Time) {
	if last, ok := noted[e.UserID]; ok && e.At.Sub(last) < failureEvery {
		return
	}
	if len(noted) >= failureUsers {
		for id, at := range noted {
			if e.At.Sub(at) >= failureEvery {
				delete(noted, id)
			}
		}
	}
	// Nobody waits for the outcome; when the database is away, the log-in behind this was answered so.
	if err := s.needs.DB.Update(ctx, func(tx *store.Tx) error { return tell(ctx, tx, e) }); err == nil {
		noted[e.UserID] = e.At
	}
}
