package main

import (
	"context"
	"fmt"
	"time"
)

// parts is how many parts a sustained load is told in: minutes, when it takes ten.
const parts = 10

// state is what must not grow under load.
type state struct{ memory, bytes, p99, rate float64 }

// sustained refreshes for a long time and compares the last minute with the second: the first still warms up.
func (b *bench) sustained(ctx context.Context, g *ground) error {
	lanes, closeAll, err := g.refreshes(compared)
	if err != nil {
		return err
	}
	defer closeAll()
	var second, last state
	for i := range parts {
		if last, err = g.minute(ctx, lanes, b.plan.sustained/parts); err != nil {
			return err
		}
		b.tellProgress(fmt.Sprintf("%s: part %d of %d: %.0f/s, p99 %.1f ms, %.0f MiB, %.0f B per grant", g.engine, i+1, parts,
			last.rate, last.p99, last.memory, last.bytes))
		if i == 1 {
			second = last
		}
	}
	b.report.section = fmt.Sprintf("refreshes for %v at 16 connections on %s", b.plan.sustained, g.engine)
	name := func(of string) string { return g.engine + ", sustained: " + of }
	const against = "second minute"
	b.report.beside(name("server memory, last minute"), last.memory, "MiB", against, second.memory)
	b.report.beside(name("table and indexes, last minute"), last.bytes, "B per grant", against, second.bytes)
	b.report.beside(name("p99, last minute"), last.p99, "ms", against, second.p99)
	b.report.beside(name("refreshes, last minute"), last.rate, "/s", against, second.rate)
	if g.pg == nil {
		return nil
	}
	dead, err := g.number(ctx, "SELECT 100.0 * n_dead_tup / GREATEST(n_live_tup, 1) FROM pg_stat_user_tables WHERE relname = 'grants'")
	if err != nil {
		return err
	}
	vacuums, err := g.number(ctx, "SELECT autovacuum_count FROM pg_stat_user_tables WHERE relname = 'grants'")
	if err != nil {
		return err
	}
	b.report.add(name("dead rows at the end"), dead, "% of live")
	b.report.add(name("autovacuums of the table"), vacuums, "")
	return nil
}

// minute is one part of the load.
func (g *ground) minute(ctx context.Context, lanes []lane, d time.Duration) (s state, err error) {
	o, err := drive(ctx, lanes, d, g.watch())
	if err != nil {
		return s, err
	}
	m, err := memoryOf(g.server.pid)
	if err != nil {
		return s, err
	}
	bytes, err := g.grantBytes(ctx)
	if err != nil {
		return s, err
	}
	rows, err := g.number(ctx, "SELECT COUNT(*) FROM grants")
	return state{memory: mib(m.total), bytes: ratio(bytes, rows), p99: o.quantile(0.99), rate: o.perSecond()}, err
}
