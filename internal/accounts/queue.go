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

// seat is who waits where: in the line of strangers one host is one who, in the other one a user is.
type seat struct {
	line    line
	network string // that it comes from; "" for this machine
	who     string
}

// queue lets a few callers work at once and a bounded number wait in each line, for a bounded time. Everybody else hears
// at once that it is busy: a caller who waits longer than its user does only burns the memory of those behind it.
//
// It is fair in two ways. While both lines wait they take turns, so that a flood of strangers leaves half of the work to
// those who have been here before. And within a line networks take turns, and within a network those who wait there, whose
// many requests count as one; a full line sends away the last request of whoever has the most: nobody's flood, of right
// passwords or wrong ones, from however many accounts or addresses of one network, keeps anybody else out. Who finds no
// seat at all among those who have been here before may still wait with the strangers.
type queue struct {
	patience time.Duration
	limit    int // of each line

	mu    sync.Mutex
	free  int // places that nobody holds
	lines [lines]waiting
	turn  line         // whose turn it is while both wait
	count atomic.Int64 // of all who wait

	refused atomic.Int64 // callers turned away, since the start
}

// waiter is one request that waits.
type waiter struct {
	done   chan struct{} // closed when it has a place, or was sent away
	busy   bool          // it was sent away; read after done
	seated bool          // it has a place
	at     seat          // where it waits
}

func newQueue(atOnce, limit int, patience time.Duration) *queue {
	return &queue{patience: patience, limit: limit, free: atOnce, turn: familiar}
}

// enter waits for a place; the caller must call leave when it is done. It returns an error that is auth.ErrBusy when the
// line is full, the patience is over or ctx ends.
func (q *queue) enter(ctx context.Context, s seat) (leave func(), err error) {
	w := q.join(s)
	patience := time.NewTimer(q.patience)
	defer patience.Stop()
	select {
	case <-w.done:
	case <-patience.C:
		err = auth.ErrBusy
	case <-ctx.Done():
		err = fmt.Errorf("%w: %w", auth.ErrBusy, ctx.Err())
	}
	if q.settle(w) {
		return q.leave, nil
	}
	q.refused.Add(1)
	if err == nil {
		err = auth.ErrBusy
	}
	return nil, err
}

// join gives the caller a place, a seat to wait in, or sends it away.
func (q *queue) join(s seat) *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := &waiter{done: make(chan struct{})}
	if q.free > 0 { // then nobody waits
		q.free--
		w.seated = true
		close(w.done)
		return w
	}
	for _, l := range []line{s.line, strangers} {
		w.at = seat{l, s.network, s.who}
		if q.lines[l].n < q.limit || q.makeRoom(w.at) {
			q.lines[l].add(w.at, w)
			q.count.Add(1)
			return w
		}
		if q.lines[l].has(s) { // a flood must not spill into the other line
			break
		}
	}
	w.busy = true
	close(w.done)
	return w
}

// makeRoom sends away the last request of whoever crowds a full line, if somebody does more than the newcomer would.
func (q *queue) makeRoom(newcomer seat) bool {
	l := &q.lines[newcomer.line]
	at, last := l.crowded(newcomer)
	if last == nil {
		return false
	}
	l.remove(at, last)
	q.count.Add(-1)
	last.busy = true
	close(last.done)
	return true
}

// settle leaves the line when the waiter is still in it; true when it has a place.
func (q *queue) settle(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !w.seated && !w.busy {
		q.lines[w.at.line].remove(w.at, w)
		q.count.Add(-1)
	}
	return w.seated
}

// leave hands the place to whoever's turn it is.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	next := q.turn
	if q.lines[next].n == 0 {
		next = (next + 1) % lines
	}
	if q.lines[next].n == 0 {
		q.free++
		return
	}
	w := q.lines[next].pop()
	q.count.Add(-1)
	q.turn = (next + 1) % lines
	w.seated = true
	close(w.done)
}

// HashQueue tells how many callers wait for a password to be hashed, and how many were turned away since the start.
func (s *Service) HashQueue() (waiting, refused int64) {
	return s.hasher.queue.count.Load(), s.hasher.queue.refused.Load()
}
