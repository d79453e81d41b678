//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// behind is how much of what was written just before the standby was cut off may not have reached it.
const behind = 200 * time.Millisecond

// standby is a second cluster that follows the database over a relay of its own, which can hold the stream back.
type standby struct {
	*cluster
	stream *relay
}

// newStandby copies the running database and follows it.
func newStandby(w *world) (*standby, error) {
	c, err := newCluster(w.guard, fmt.Sprintf("pg%d", w.serial.Add(1)))
	if err != nil {
		return nil, err
	}
	stream, err := newRelay(w.pg.socket())
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(stream.address())
	if err != nil {
		return nil, err
	}
	c.settings = []string{"wal_retrieve_retry_interval=200ms"}
	err = c.runProgram("pg_basebackup", "--pgdata", c.dir+"/data", "--host", host, "--port", port, "--username", "postgres",
		"--write-recovery-conf", "--checkpoint", "fast", "--no-sync")
	if err == nil {
		err = c.start()
	}
	return &standby{c, stream}, err
}

// follows waits until the stream runs.
func (w *world) follows() error {
	until := time.Now().Add(readyTimeout)
	for {
		n, err := w.pg.sql("postgres", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
		if err == nil && n != "0" {
			return nil
		}
		if time.Now().After(until) {
			return errors.Join(errors.New("the standby does not follow"), err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// follow gives the database a standby. A synchronous one is waited for by whatever is durable before it is answered.
func (c *chaos) follow() (err error) {
	if c.w.standby, err = newStandby(c.w); err != nil {
		return err
	}
	if err = c.w.follows(); err != nil || c.w.opt.standby != "sync" {
		return err
	}
	return c.w.pg.set("synchronous_standby_names", "'*'")
}

// set changes a parameter of a running server.
func (c *cluster) set(name, value string) error {
	for _, statement := range []string{"ALTER SYSTEM SET " + name + " = " + value, "SELECT pg_reload_conf()"} {
		if _, err := c.sql("postgres", statement); err != nil {
			return err
		}
	}
	return nil
}

// failOver lets the stream fall behind, crashes the database, promotes the standby and leads everybody there. What an
// asynchronous standby had not received is lost; of what waits for a synchronous one, nothing is.
func (c *chaos) failOver(ctx context.Context) error {
	old, next := c.w.pg, c.w.standby
	c.w.falls.begin()
	defer c.w.falls.end()
	held := make(chan struct{})
	release := make(chan struct{})
	go next.stream.hold(held, release)
	<-held
	copied := time.Now().Add(-behind)
	sleep(ctx, time.Duration(c.rng.Int64N(int64(time.Second))))
	err := c.outage(ctx, "failover to a standby that is behind ("+c.w.opt.standby+")", func() error {
		if err := old.kill(); err != nil {
			return err
		}
		c.w.falls.note(fall{copied: copied, at: time.Now(), rotations: c.w.opt.standby == "sync"})
		next.stream.close()
		close(release)
		if err := next.set("synchronous_standby_names", "''"); err != nil {
			return err
		}
		if _, err := next.sql("postgres", "SELECT pg_promote()"); err != nil {
			return err
		}
		c.w.pg = next.cluster
		c.w.relay.lead(next.socket())
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(old.dir), c.follow())
}
