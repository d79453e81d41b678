//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// envClock names the file that the changed server reads its clock's error from.
const envClock = "DAYPASS_TEST_CLOCK"

// settableClock makes the server's one source of time (internal/app) add what a file says. The clock of the machine is left
// alone.
func settableClock() []change {
	const file = "internal/app/app.go"
	return []change{
		{file, "	\"net/http\"\n", "	\"net/http\"\n	\"os\"\n"},
		{
			file, "func wallClock() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }",
			"func wallClock() time.Time {\n	step, _ := os.ReadFile(os.Getenv(\"" + envClock + "\"))\n" +
				"	d, _ := time.ParseDuration(string(step))\n	return time.Now().Add(d).UTC().Truncate(time.Millisecond)\n}",
		},
	}
}

func (w *world) clockFile() string { return filepath.Join(w.guard.dir, "clock") }

// clock is what the servers' clock was, and when.
type clock struct {
	mu   sync.Mutex
	eras []era
}

// era is a time during which the servers' clock was off by so much. Where one ends and the next begins they overlap: for a
// moment nobody knows which of them a server sees.
type era struct {
	from, to time.Time // on this machine's clock; to is zero for what lasts
	offset   time.Duration
}

func newClock() clock { return clock{eras: []era{{from: time.Now()}}} }

// begin notes that an offset may hold from now on; end tells that the one before holds no more.
func (c *clock) begin(offset time.Duration) (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.eras = append(c.eras, era{from: time.Now(), offset: offset})
	before := len(c.eras) - 2
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.eras[before].to = time.Now()
	}
}

// seen are the servers' times from a moment of this machine's clock until now, which is the end of the last.
func (c *clock) seen(since time.Time) (all []span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for _, e := range c.eras {
		if e.to.IsZero() {
			e.to = now
		}
		if !e.to.Before(since) {
			all = append(all, span{later(e.from, since).Add(e.offset), e.to.Add(e.offset)})
		}
	}
	return all
}

// now is the time as the servers see it.
func (w *world) now() time.Time {
	seen := w.clock.seen(time.Now())
	return seen[len(seen)-1].to
}

// setClock sets the servers' clock.
func (w *world) setClock(offset time.Duration) error {
	w.steps.begin()
	defer w.steps.end()
	defer w.clock.begin(offset)()
	next := w.clockFile() + ".next"
	if err := os.WriteFile(next, []byte(offset.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(next, w.clockFile())
}

// stepClock sets the clock forth or back by seconds or minutes, and right again after a while.
func (c *chaos) stepClock(ctx context.Context) error {
	by := 10*time.Second + time.Duration(c.rng.Int64N(int64(5*time.Minute)))
	kind := "clock set forth by minutes, and back"
	if c.rng.IntN(2) == 0 {
		by, kind = -by, "clock set back by minutes, and forth"
	}
	return c.outage(ctx, kind, func() error {
		if err := c.w.setClock(by); err != nil {
			return err
		}
		sleep(ctx, time.Second+time.Duration(c.rng.Int64N(int64(2*time.Second))))
		return c.w.setClock(0)
	})
}
