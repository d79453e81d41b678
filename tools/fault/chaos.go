//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// chaos kills and restores until the run is over. It is one goroutine, so that one misfortune ends before the next begins;
// what a client can meet at the same time, the devices do.
type chaos struct {
	w     *world
	rng   *rand.Rand
	probe *device // refreshes alone, to see when somebody is answered again

	copied time.Time // when the copy was made; zero: none
}

// event is one kind of misfortune.
type event struct {
	name   string
	weight int
	do     func(context.Context) error
}

func (c *chaos) events() []event {
	if c.w.pg != nil {
		all := []event{
			{"master key rotated", 1, c.rotateKey},
			{"server killed", 3, c.killServer},
			{"PostgreSQL killed", 3, c.killPostgres},
			{"connections cut", 2, c.cutConnections},
			{"connections stalled", 2, c.stallConnections},
		}
		if c.w.standby != nil {
			all = append(all, event{"failover", 3, c.failOver})
		}
		return all
	}
	all := []event{
		{"master key rotated", 1, c.rotateKey},
		{"server killed", 3, c.killServer},
		{"data copied", 2, c.copyData},
		{"data put back to a copy", 3, c.putBack},
	}
	if c.w.opt.clock {
		all = append(all, event{"clock set", 10, c.stepClock})
	}
	if c.w.disk {
		all = append(all, event{"disk full", 2, c.fillDisk})
	}
	return all
}

// run does one event after the other, at random moments or when asked.
func (c *chaos) run(ctx context.Context) error {
	if c.w.pg != nil && c.w.opt.standby != "none" {
		if err := c.follow(); err != nil {
			return fmt.Errorf("standby: %w", err)
		}
	}
	for {
		timer := time.NewTimer(c.w.opt.calm + time.Duration(c.rng.Int64N(int64(c.w.opt.calm))))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-c.w.kills:
			timer.Stop()
			if err := c.killNow(ctx); err != nil && ctx.Err() == nil { // at the end of a run nobody asks any more
				return fmt.Errorf("killed after a revocation: %w", err)
			}
		case <-timer.C:
			e := c.draw()
			if err := e.do(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
		}
	}
}

func (c *chaos) draw() event {
	all := c.events()
	sum := 0
	for _, e := range all {
		sum += e.weight
	}
	at := c.rng.IntN(sum)
	for _, e := range all {
		if at -= e.weight; at < 0 {
			return e
		}
	}
	return all[0]
}

// outage runs what takes the service away and brings it back, and measures until a client is answered with tokens.
func (c *chaos) outage(ctx context.Context, kind string, do func() error) error {
	c.w.tally.fault(kind)
	began := time.Now()
	if err := do(); err != nil {
		return err
	}
	for !c.probe.pass(plan{node: c.rng.Uint64(), door: doorV1}) {
		c.probe.flying.Wait()
		if c.probe.gone() {
			return nil // counted like every other device; the run ends
		}
		if time.Since(began) > readyTimeout || ctx.Err() != nil {
			return errors.Join(fmt.Errorf("nobody was answered for %v", time.Since(began)), errors.New(c.w.journal.tail(20)))
		}
		pause(2 * time.Millisecond)
	}
	c.w.tally.out(kind, time.Since(began))
	return nil
}

func (c *chaos) killServer(ctx context.Context) error {
	n := c.w.node(c.rng.Uint64())
	return c.outage(ctx, "server killed (kill -9)", func() error { return errors.Join(n.kill(), n.start()) })
}

// killNow kills what could lose most.
func (c *chaos) killNow(ctx context.Context) error {
	switch pick := c.rng.IntN(3); {
	case c.w.opt.clock && pick > 0:
		return c.stepClock(ctx)
	case c.w.pg != nil && pick == 1:
		return c.killPostgres(ctx)
	case c.w.standby != nil && pick == 2:
		return c.failOver(ctx)
	}
	return c.killServer(ctx)
}

// killPostgres crashes the database: rotations of the last moments are lost, whatever else was answered is not.
func (c *chaos) killPostgres(ctx context.Context) error {
	c.w.falls.begin()
	defer c.w.falls.end()
	return c.outage(ctx, "PostgreSQL killed (kill -9)", func() error {
		if err := c.w.pg.kill(); err != nil {
			return err
		}
		now := time.Now()
		c.w.falls.note(fall{copied: now, at: now, rotations: true})
		return c.w.pg.start()
	})
}

func (c *chaos) cutConnections(ctx context.Context) error {
	return c.outage(ctx, "connections to the database cut", func() error {
		c.w.relay.cut()
		return nil
	})
}

func (c *chaos) stallConnections(ctx context.Context) error {
	return c.outage(ctx, "connections to the database stalled", func() error {
		c.w.relay.stall(time.Duration(c.rng.Int64N(int64(c.w.opt.window))))
		return nil
	})
}

// rotateKey adds a master key and restarts the nodes one after the other, as an operator does: meanwhile some issue under
// the new key and others do not know it.
func (c *chaos) rotateKey(ctx context.Context) error {
	return c.outage(ctx, "master key rotated, nodes restarted in turn", func() error {
		c.w.files.Lock()
		defer c.w.files.Unlock()
		if err := c.w.addKey(); err != nil {
			return err
		}
		for _, n := range c.w.nodes {
			if err := errors.Join(n.stop(), n.start(), n.awaitReady(ctx)); err != nil {
				return err
			}
		}
		return nil
	})
}

// copyData makes a consistent copy: nobody writes meanwhile.
func (c *chaos) copyData(ctx context.Context) error {
	return c.outage(ctx, "server stopped for a copy", func() error {
		c.w.files.Lock()
		defer c.w.files.Unlock()
		for _, n := range c.w.nodes {
			if err := n.stop(); err != nil {
				return err
			}
		}
		c.copied = time.Now()
		err := replaceDir(c.w.data, c.w.data+".copy")
		return errors.Join(err, c.w.nodes[0].start())
	})
}

// putBack replaces the data by the copy, as after a restore from a backup.
func (c *chaos) putBack(ctx context.Context) error {
	if c.copied.IsZero() {
		return c.copyData(ctx)
	}
	c.w.falls.begin()
	defer c.w.falls.end()
	return c.outage(ctx, "data put back to a copy", func() error {
		c.w.files.Lock()
		defer c.w.files.Unlock()
		if err := c.w.nodes[0].kill(); err != nil {
			return err
		}
		c.w.falls.note(fall{copied: c.copied, at: time.Now()})
		err := replaceDir(c.w.data+".copy", c.w.data)
		return errors.Join(err, c.w.nodes[0].start())
	})
}

// replaceDir makes the files of to those of from. The shared-memory index of SQLite is left out: it is made anew.
func replaceDir(from, to string) error {
	if err := errors.Join(os.MkdirAll(to, 0o700), emptyDir(to)); err != nil { // to may be a disk of its own
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".db-shm" || e.IsDir() {
			continue
		}
		if err := copyFile(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
