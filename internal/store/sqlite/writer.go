package sqlite

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/store"
)

// job is one function waiting for the writer.
type job struct {
	ctx   context.Context //nolint:containedctx // a job is a call that waits in a queue
	fn    func(store.Querier) error
	swap  *store.Statement // instead of fn: it is atomic without a SAVEPOINT
	found bool             // by swap
	state atomic.Int32
	done  chan error
}

const (
	waiting int32 = iota
	taken
	abandoned
)

// Where companyOf jobs shared a commit, the next one waits for gather before it begins, so that more share it: a commit
// costs a write and a sync however many it holds. Who comes alone never waits.
const (
	companyOf = 3
	gather    = 300 * time.Microsecond
)

// Update implements store.Engine.
func (e *Engine) Update(ctx context.Context, fn func(store.Querier) error) error {
	return e.submit(&job{ctx: ctx, fn: fn, done: make(chan error, 1)})
}

// Swap implements store.Engine. Group commit makes it durable here as well.
func (e *Engine) Swap(ctx context.Context, s store.Statement) (found bool, err error) {
	j := &job{ctx: ctx, swap: &s, done: make(chan error, 1)}
	err = e.submit(j)
	return err == nil && j.found, err
}

func (e *Engine) submit(j *job) error {
	select {
	case e.jobs <- j:
	case <-j.ctx.Done():
		return classify(j.ctx.Err())
	case <-e.done:
		return fmt.Errorf("%w: closing", store.ErrUnavailable)
	}
	select {
	case err := <-j.done:
		return classify(err)
	case <-j.ctx.Done():
		if j.state.CompareAndSwap(waiting, abandoned) {
			return classify(j.ctx.Err()) // never executed
		}
		return classify(<-j.done)
	case <-e.done:
		if j.state.CompareAndSwap(waiting, abandoned) {
			return fmt.Errorf("%w: closing", store.ErrUnavailable)
		}
		return classify(<-j.done)
	}
}

// Run owns the writing connection until ctx ends; what was taken by then is finished.
func (e *Engine) Run(ctx context.Context) error {
	defer close(e.done)
	c, err := newConn(context.WithoutCancel(ctx), e.write)
	if err != nil {
		return err
	}
	defer c.close()
	tick := time.NewTicker(checkpointGap)
	defer tick.Stop()
	batch := make([]*job, 0, batchLimit)
	for {
		select {
		case <-ctx.Done():
			_ = c.checkpoint("TRUNCATE")
			return nil
		case <-tick.C:
			_ = c.checkpoint("PASSIVE") // a reader may hold it back; the next tick tries again
		case first := <-e.jobs:
			if len(batch) >= companyOf && len(e.jobs) < batchLimit/4 {
				time.Sleep(gather)
			}
			batch = e.drain(append(batch[:0], first))
			c.commit(batch)
		}
	}
}

func (e *Engine) drain(batch []*job) []*job {
	for len(batch) < batchLimit {
		select {
		case j := <-e.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

func (c *conn) checkpoint(mode string) error { return c.plain("PRAGMA wal_checkpoint(" + mode + ")") }

// commit runs a batch in one transaction and answers each job after the commit.
func (c *conn) commit(batch []*job) {
	results := make([]error, len(batch))
	// Another process may keep this waiting, so each job's deadline is looked at only afterwards.
	broken := c.plain("BEGIN IMMEDIATE")
	begun := broken == nil
	for i, j := range batch {
		if !j.state.CompareAndSwap(waiting, taken) {
			continue
		}
		if err := j.ctx.Err(); err != nil { // never executed after its deadline
			results[i] = err
			continue
		}
		if broken == nil {
			results[i], broken = c.exec(j)
		}
	}
	if begun && broken == nil {
		broken = c.plain("COMMIT")
	}
	if begun && broken != nil {
		// SQLite may have rolled back by itself (disk full); then this says so, and all is undone either way.
		_ = c.plain("ROLLBACK")
	}
	for i, j := range batch {
		if j.state.Load() != taken {
			continue
		}
		if broken != nil && results[i] == nil {
			results[i] = fmt.Errorf("%w: %w", store.ErrUnavailable, broken)
		}
		j.done <- results[i]
	}
}

// exec runs one job; broken is set when the whole transaction cannot go on.
func (c *conn) exec(j *job) (result, broken error) {
	// A statement cut off in the middle would roll the whole batch back, so a job that has begun runs to
	// its end.
	if j.swap != nil {
		result = guard(func() (err error) { j.found, err = c.swap(*j.swap); return err })
		if undoes(result) {
			broken = result
		}
		return result, broken
	}
	run := func() error { return j.fn(detached{c}) }
	if err := c.plain("SAVEPOINT job"); err != nil {
		return err, err
	}
	if result = guard(run); result != nil {
		if err := c.plain("ROLLBACK TO job"); err != nil {
			return result, err
		}
	}
	if err := c.plain("RELEASE job"); err != nil {
		return result, err
	}
	return result, nil
}
