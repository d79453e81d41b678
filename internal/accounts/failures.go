package accounts

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

const (
	failureQueue  = 256         // events waiting; further ones are dropped
	failureGather = time.Second // how long the first one waits for more
	failureEvery  = time.Minute // at most one event of a kind per user in that time
	failureUsers  = 4096        // users remembered before the old ones are forgotten
	writeTime     = 2 * time.Second
)

// noteFailure leaves events about a failed log-in of an existing user for Run: that it failed, and that the next try
// has to wait. They must not be written before the answer: the write costs time that only an existing user's address
// would cost. hash is errHash when nothing that anybody types can be right.
func (s *Service) noteFailure(user auth.ID, caller auth.Caller, delays bool, hash error) {
	if user.IsZero() {
		return
	}
	e := auth.Event{At: s.now(), Kind: auth.EventUserLoginFailed, UserID: user, Caller: caller}
	if hash != nil {
		e.Detail = "the stored password hash is of no known kind or costs too much: set a new password"
	}
	s.leave(e)
	if delays {
		e.Kind, e.Detail = auth.EventUserThrottled, "the next try from there has to wait"
		s.leave(e)
	}
}

func (s *Service) leave(e auth.Event) {
	select {
	case s.failures <- e:
	default: // a flood: the events already waiting tell of it
	}
}

// Run writes the events about failed log-ins until ctx ends, and then those that still wait. The store
// must outlive it. It always returns nil.
func (s *Service) Run(ctx context.Context) error {
	noted := map[failure]time.Time{}
	for {
		var batch []auth.Event
		select {
		case e := <-s.failures:
			batch = append(batch, e)
			// Not at once: the write would slow down the next request of whoever asks about one address after the
			// other, and so tell that this one exists.
			s.pause(ctx)
		case <-ctx.Done():
		}
		for range len(s.failures) {
			batch = append(batch, <-s.failures)
		}
		s.writeFailures(ctx, noted, batch)
		if ctx.Err() != nil && len(s.failures) == 0 {
			return nil
		}
	}
}

func (s *Service) pause(ctx context.Context) {
	timer := time.NewTimer(failureGather)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

type failure struct {
	user auth.ID
	kind auth.EventKind
}

// writeFailures stores events of users who had none of the kind within the last minute; noted remembers who had.
// The end of ctx does not lose them. Nobody waits for the outcome: when the database is away, the
// log-ins behind them were answered so.
func (s *Service) writeFailures(ctx context.Context, noted map[failure]time.Time, batch []auth.Event) {
	batch = slices.DeleteFunc(batch, func(e auth.Event) bool {
		last, ok := noted[failure{e.UserID, e.Kind}]
		if ok && e.At.Sub(last) < failureEvery {
			return true
		}
		if len(noted) >= failureUsers {
			maps.DeleteFunc(noted, func(_ failure, at time.Time) bool { return e.At.Sub(at) >= failureEvery })
		}
		noted[failure{e.UserID, e.Kind}] = e.At
		return false
	})
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	_ = s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		for _, e := range batch {
			if err := tx.Events.Insert(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
}
