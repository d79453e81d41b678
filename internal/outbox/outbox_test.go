package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// table is a queue in memory.
type table struct {
	mu     sync.Mutex
	rows   map[auth.ID]auth.Delivery
	failed error
}

func (q *table) Due(_ context.Context, now time.Time) (bool, error) {
	for _, d := range q.rows {
		if !d.DueAt.After(now) {
			return true, q.failed
		}
	}
	return false, q.failed
}

func (q *table) Claim(_ context.Context, now, until time.Time, limit int) (claimed []auth.Delivery, err error) {
	for id, d := range q.rows {
		if len(claimed) < limit && !d.DueAt.After(now) {
			d.DueAt, d.Tries = until, d.Tries+1
			q.rows[id] = d
			claimed = append(claimed, d)
		}
	}
	return claimed, q.failed
}

func (q *table) Defer(_ context.Context, id auth.ID, until time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	d := q.rows[id]
	d.DueAt = until
	q.rows[id] = d
	return nil
}

func (q *table) Delete(_ context.Context, id auth.ID) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.rows, id)
	return nil
}

// desk is an outbox with a clock and a post that the test moves.
type desk struct {
	*Outbox
	table *table
	mu    sync.Mutex
	now   time.Time
	post  func(auth.Delivery) error
	made  []auth.ID
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{table: &table{rows: map[auth.ID]auth.Delivery{}}, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	var err error
	d.Outbox, err = New(Config{
		Queue: d.table, Now: func() time.Time { return d.now }, Log: slog.New(slog.DiscardHandler),
		Deliver: func(_ context.Context, one auth.Delivery) error {
			d.mu.Lock()
			d.made = append(d.made, one.ID)
			d.mu.Unlock()
			if d.post == nil {
				return nil
			}
			return d.post(one)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) add(life time.Duration) auth.ID {
	one := auth.Delivery{ID: auth.NewID(d.now), CreatedAt: d.now, DueAt: d.now, ExpiresAt: d.now.Add(life)}
	d.table.rows[one.ID] = one
	return one.ID
}

func TestDeliveryIsMadeOnceAndRemoved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.add(time.Hour)
	for range 3 {
		d.Pass(t.Context())
		d.now = d.now.Add(time.Hour / 2)
	}
	if !slices.Equal(d.made, []auth.ID{id}) || len(d.table.rows) != 0 {
		t.Errorf("made %d times, %d rows left, want once and none", len(d.made), len(d.table.rows))
	}
}

func TestFailureIsTriedAgainLaterAndLater(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.post = func(auth.Delivery) error { return errors.New("no answer") }
	d.add(24 * time.Hour)
	var gaps []time.Duration
	for last, end := d.now, d.now.Add(12*time.Hour); d.now.Before(end); d.now = d.now.Add(time.Second) {
		if before := len(d.made); d.Pass(t.Context()) > 0 && len(d.made) > before {
			gaps = append(gaps, d.now.Sub(last))
			last = d.now
		}
	}
	want := []time.Duration{0, 15, 30, 60, 120, 240, 480, 960, 1800, 1800}
	for i := range want {
		want[i] *= time.Second
	}
	if len(gaps) < len(want) || !slices.Equal(gaps[:len(want)], want) {
		t.Errorf("tried after %v, want %v and so on", gaps, want)
	}
	d.post = nil
	d.now = d.now.Add(time.Hour)
	if d.Pass(t.Context()); len(d.table.rows) != 0 {
		t.Error("not removed after it came about")
	}
}

func TestDeliveryIsGivenUpWhenItIsOfNoUse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		wait time.Duration
		made int
	}{
		"refused for good": {fmt.Errorf("no mailbox: %w", auth.ErrUndeliverable), 0, 1},
		"too old":          {nil, time.Hour, 0},
	} {
		d := newDesk(t)
		d.post = func(auth.Delivery) error { return c.err }
		d.add(time.Hour)
		d.now = d.now.Add(c.wait)
		if d.Pass(t.Context()); len(d.made) != c.made || len(d.table.rows) != 0 {
			t.Errorf("%s: tried %d times, %d rows left, want %d and none", name, len(d.made), len(d.table.rows), c.made)
		}
	}
}

func TestStopReleasesWhatWasClaimedAndNotTried(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx, stop := context.WithCancel(t.Context())
	for range 10 {
		d.add(time.Hour)
	}
	var once sync.Once
	d.post = func(auth.Delivery) error {
		once.Do(stop)
		return nil
	}
	tried := d.Pass(ctx)
	due := 0
	for _, one := range d.table.rows {
		if !one.DueAt.After(d.now) {
			due++
		}
	}
	if tried == 10 || due != 10-tried {
		t.Errorf("%d were tried and %d are due, want the rest of ten", tried, due)
	}
}

func TestFailingDatabaseSendsNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.add(time.Hour)
	d.table.failed = errors.New("down")
	if n := d.Pass(t.Context()); n != 0 || len(d.made) != 0 {
		t.Errorf("passed %d, made %d, want none", n, len(d.made))
	}
}

func TestNothingIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{}); err == nil {
		t.Error("an outbox without a queue")
	}
}
