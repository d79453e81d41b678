package accounts

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// queue lets a few callers work at once and a bounded number wait, first come first served, for a
// bounded time. Everybody else hears at once that it is busy: a caller who waits longer than its user
// does only burns the memory of those behind it.
type queue struct {
	slots    chan struct{}
	patience time.Duration
	limit    int64
	waiting  atomic.Int64
}

func newQueue(atOnce, waiting int, patience time.Duration) *queue {
	return &queue{slots: make(chan struct{}, atOnce), limit: int64(waiting), patience: patience}
}

// enter waits for a place; the caller must call leave when it is done. It returns an error that is
// auth.ErrBusy when the queue is full, the patience is over or ctx ends.
func (q *queue) enter(ctx context.Context) (leave func(), err error) {
	// A freed place goes straight to the longest waiter, so this cannot overtake one.
	select {
	case q.slots <- struct{}{}:
		return q.leave, nil
	default:
	}
	if q.waiting.Add(1) > q.limit {
		q.waiting.Add(-1)
		return nil, auth.ErrBusy
	}
	defer q.waiting.Add(-1)
	patience := time.NewTimer(q.patience)
	defer patience.Stop()
	select {
	case q.slots <- struct{}{}:
		return q.leave, nil
	case <-patience.C:
		return nil, auth.ErrBusy
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", auth.ErrBusy, ctx.Err())
	}
}

func (q *queue) leave() { <-q.slots }
