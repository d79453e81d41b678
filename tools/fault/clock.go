//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
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

// now is the time as the servers see it.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.offset.Load())) }

// setClock sets the servers' clock.
func (w *world) setClock(offset time.Duration) error {
	w.steps.begin()
	defer w.steps.end()
	next := w.clockFile() + ".next"
	if err := os.WriteFile(next, []byte(offset.String()), 0o600); err != nil {
		return err
	}
	if err := os.Rename(next, w.clockFile()); err != nil {
		return err
	}
	w.offset.Store(int64(offset))
	return nil
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
