package accounts

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// line is where a caller waits for the hashing of a password.
type line int

const (
	strangers line = iota // anybody on the network
	familiar              // a device that has logged in to this account before, or a session of the user
	lines
)

// queue lets a few callers work at once and a bounded number wait in each line, first come first served,
// for a bounded time. Everybody else hears at once that it is busy: a caller who waits longer than its
// user does only burns the memory of those behind it. While both lines wait they take turns, so that a
// flood of strangers leaves half of the work to those who have been here before.
type queue struct {
	patience time.Duration
	limit    int // of each line

	mu    sync.Mutex
	free  int                    // places that nobody holds
	wait  [lines][]chan struct{} // a closed channel has been handed a place
	turn  line                   // whose turn it is while both wait
	count atomic.Int64           // of all who wait

	refused atomic.Int64 // callers turned away, since the start
}

func newQueue(atOnce, waiting int, patience time.Duration) *queue {
	return &queue{patience: patience, limit: waiting, free: atOnce, turn: familiar}
}

// enter waits for a place; the caller must call leave when it is done. It returns an error that is
// auth.ErrBusy when the line is full, the patience is over or ctx ends.
func (q *queue) enter(ctx context.Context, l line) (leave func(), err error) {
	place, err := q.join(l)
	if err != nil {
		q.refused.Add(1)
		return nil, err
	}
	patience := time.NewTimer(q.patience)
	defer patience.Stop()
	select {
	case <-place:
		return q.leave, nil
	case <-patience.C:
		err = auth.ErrBusy
	case <-ctx.Done():
		err = fmt.Errorf("%w: %w", auth.ErrBusy, ctx.Err())
	}
	if !q.giveUp(l, place) { // it was handed a place in the same moment
		return q.leave, nil
	}
	q.refused.Add(1)
	return nil, err
}

// join returns a channel that is closed when the caller has a place.
func (q *queue) join(l line) (chan struct{}, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	place := make(chan struct{})
	if q.free > 0 { // then nobody waits
		q.free--
		close(place)
		return place, nil
	}
	if len(q.wait[l]) >= q.limit {
		return nil, auth.ErrBusy
	}
	q.wait[l] = append(q.wait[l], place)
	q.count.Add(1)
	return place, nil
}

// giveUp leaves the line; false when there is a place to be given back instead.
func (q *queue) giveUp(l line, place chan struct{}) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, p := range q.wait[l] {
		if p == place {
			q.wait[l] = append(q.wait[l][:i], q.wait[l][i+1:]...)
			q.count.Add(-1)
			return true
		}
	}
	return false
}

// leave hands the place to the longest waiter of the line whose turn it is.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	next := q.turn
	if len(q.wait[next]) == 0 {
		next = (next + 1) % lines
	}
	if len(q.wait[next]) == 0 {
		q.free++
		return
	}
	place := q.wait[next][0]
	q.wait[next] = q.wait[next][1:]
	q.count.Add(-1)
	q.turn = (next + 1) % lines
	close(place)
}

// HashQueue tells how many callers wait for a password to be hashed, and how many were turned away since the start.
func (s *Service) HashQueue() (waiting, refused int64) {
	return s.hasher.queue.count.Load(), s.hasher.queue.refused.Load()
}
