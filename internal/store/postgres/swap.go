package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/daypass/daypass/internal/store"
)

const (
	laneCount = 4
	// laneHurry is how long a batch may take before those that wait behind it get another lane.
	laneHurry = 10 * time.Millisecond
)

// Swap implements store.Engine: one statement, which travels with those of other callers that come at the same time. It
// is sent only while the server's own bound still ends before the caller's deadline.
func (e *Engine) Swap(ctx context.Context, s store.Statement) (found bool, err error) {
	found, err = e.lanes.do(ctx, s)
	if errors.Is(err, errRolledBack) {
		return e.alone(ctx, s)
	}
	return found, classify(err)
}

// alone executes a statement on a connection of its own: what a batch could not wait for, or failed by.
func (e *Engine) alone(ctx context.Context, s store.Statement) (found bool, err error) {
	wait, cancel := startBy(ctx)
	defer cancel()
	c, err := e.relaxed.Conn(wait)
	if err != nil {
		return false, classify(err)
	}
	defer func() { _ = c.Close() }()
	if wait.Err() != nil {
		return false, classify(wait.Err())
	}
	err = c.QueryRowContext(ctx, s.SQL, s.Args...).Scan(s.Row...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, classify(err)
}

// startBy ends swapTimeout before ctx does: what starts later might be executed after the caller has been told no.
func startBy(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-swapTimeout))
	}
	return ctx, func() {}
}

// tooLate tells whether a caller's statement may not be started any more.
func tooLate(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && time.Until(deadline) < swapTimeout //nolint:forbidigo // contexts live by the machine's clock
}

// lanes let callers that come at once share a round trip. Whoever finds a lane free leads: it takes along who waits, and
// passes the lane on to the first who came meanwhile. Nothing runs when nobody calls.
type lanes struct {
	mu      sync.Mutex
	waiting []*swap
	free    []*lane
	prompt  int // lanes under way that are not late
	closed  bool
}

// swap is one caller's statement.
type swap struct {
	ctx       context.Context //nolint:containedctx // a swap is a call that waits in a queue
	statement store.Statement
	found     bool
	err       error
	news      chan *lane // the lane to lead, or nil when found and err are there; sent once
}

func newLanes(config *pgx.ConnConfig) *lanes {
	x := &lanes{}
	for range laneCount {
		x.free = append(x.free, &lane{config: config})
	}
	return x
}

// do executes a statement together with others. With errRolledBack it was not executed and may be tried alone.
func (x *lanes) do(ctx context.Context, s store.Statement) (found bool, err error) {
	j := &swap{ctx: ctx, statement: s, news: make(chan *lane, 1)}
	l, err := x.join(j)
	if err != nil {
		return false, err
	}
	if l == nil {
		select {
		case l = <-j.news:
		case <-ctx.Done():
			if x.leave(j) {
				return false, ctx.Err() // never sent
			}
			l = <-j.news
		}
	}
	if l != nil {
		x.lead(l, j)
	}
	return j.err == nil && j.found, j.err
}

// join returns the lane that the caller is to lead, or queues it. A second lane is for who comes when a whole batch waits
// already, or when the lanes under way are late.
func (x *lanes) join(j *swap) (*lane, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, fmt.Errorf("%w: closing", store.ErrUnavailable)
	}
	if n := len(x.free); n > 0 && (x.prompt == 0 || len(x.waiting) >= laneBatch) {
		l := x.free[n-1]
		x.free = x.free[:n-1]
		x.prompt++
		return l, nil
	}
	x.waiting = append(x.waiting, j)
	return nil, nil
}

// leave takes a caller out of the queue; false when its news is on the way.
func (x *lanes) leave(j *swap) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	at := slices.Index(x.waiting, j)
	if at >= 0 {
		x.waiting = slices.Delete(x.waiting, at, at+1)
	}
	return at >= 0
}

// lead runs one batch, the leader's own statement in it, and passes the lane on.
func (x *lanes) lead(l *lane, j *swap) {
	all := x.board(j)
	batch := slices.DeleteFunc(slices.Clone(all), func(s *swap) bool {
		if tooLate(s.ctx) {
			s.err = fmt.Errorf("%w: too late to begin", store.ErrUnavailable)
		}
		return s.err != nil
	})
	if len(batch) > 0 {
		nth := l.batches
		hurry := time.AfterFunc(laneHurry, func() { x.relieve(l, nth) })
		err := l.run(batch)
		hurry.Stop()
		for _, s := range batch {
			s.err = err
		}
	}
	x.passOn(l)
	for _, s := range all {
		if s != j {
			s.news <- nil
		}
	}
}

// board takes the first of those that wait along with their leader.
func (x *lanes) board(j *swap) []*swap {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := min(laneBatch-1, len(x.waiting))
	all := append([]*swap{j}, x.waiting[:n]...)
	x.waiting = slices.Delete(x.waiting, 0, n)
	return all
}

// passOn gives a lane whose batch is over to the first who waits, or back.
func (x *lanes) passOn(l *lane) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !l.late {
		x.prompt--
	}
	l.late = false
	l.batches++
	switch {
	case x.closed && len(x.waiting) == 0:
		l.hangUp()
	case len(x.waiting) == 0:
		x.free = append(x.free, l)
	default:
		x.appoint(l)
	}
}

// appoint makes the first who waits the leader of a lane. x.mu is held.
func (x *lanes) appoint(l *lane) {
	next := x.waiting[0]
	x.waiting = slices.Delete(x.waiting, 0, 1)
	x.prompt++
	next.news <- l
}

// relieve lets those that wait behind the nth batch of a lane go on another one.
func (x *lanes) relieve(l *lane, nth int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if l.batches != nth || l.late {
		return
	}
	l.late = true
	x.prompt--
	if n := len(x.free); n > 0 && x.prompt == 0 && len(x.waiting) > 0 {
		other := x.free[n-1]
		x.free = x.free[:n-1]
		x.appoint(other)
	}
}

// close lets nobody join any more and closes the connections, those under way when their batch is over.
func (x *lanes) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	for _, l := range x.free {
		l.hangUp()
	}
	x.free = nil
}
