package main

import (
	"context"
	"errors"
	"fmt"
)

// trio is one load with its two limits, measured in turns so that whatever else the machine does falls on all three, and
// the UPDATE a second time at the rate of the refreshes: a database that is asked more often works cheaper, its caches warm
// and its processes awake.
type trio struct{ refresh, echo, update, paced outcome }

// speed measures refreshes at every number of connections.
func (b *bench) speed(ctx context.Context, g *ground) error {
	if err := g.copyGrants(ctx); err != nil {
		return err
	}
	if _, err := b.trio(ctx, g, min(compared, len(g.tokens)), 1); err != nil { // not counted: caches, prepared statements, connections
		return err
	}
	for _, n := range b.plan.connections {
		t, err := b.trio(ctx, g, n, b.plan.rounds)
		if err != nil {
			return err
		}
		b.tell(g, n, t)
	}
	if g.pg != nil {
		return b.inPlace(ctx, g)
	}
	return nil
}

// compared is the number of connections at which the bars stand.
const compared = 16

// tell reports a trio.
func (b *bench) tell(g *ground, n int, t trio) {
	name := func(of string) string { return fmt.Sprintf("%s, %s: %s", g.engine, connections(n), of) }
	b.report.section = fmt.Sprintf("refresh over HTTP on %s, ES256, %s", g.engine, connections(n))
	b.report.beside(name("refreshes"), t.refresh.perSecond(), "/s", "signing echo", t.echo.perSecond())
	b.report.beside(name("server CPU per refresh"), t.refresh.each(t.refresh.server), "µs", "signing echo", t.echo.each(t.echo.server))
	if g.pg != nil {
		b.report.beside(name("database CPU per refresh"), t.refresh.each(t.refresh.database), "µs", "one UPDATE", t.update.each(t.update.database))
		b.report.beside(name("database CPU, UPDATE at a like rate"), t.refresh.each(t.refresh.database), "µs",
			fmt.Sprintf("one UPDATE, %.0f/s", t.paced.perSecond()), t.paced.each(t.paced.database))
	} else {
		b.report.beside(name("server CPU beside the UPDATE's"), t.refresh.each(t.refresh.server), "µs", "one UPDATE", t.update.each(t.update.generator))
	}
	b.report.beside(name("refreshes beside UPDATEs"), t.refresh.perSecond(), "/s", "one UPDATE", t.update.perSecond())
	b.report.beside(name("p50"), t.refresh.quantile(0.5), "ms", "signing echo", t.echo.quantile(0.5))
	b.report.beside(name("p99"), t.refresh.quantile(0.99), "ms", "signing echo", t.echo.quantile(0.99))
	b.report.add(name("generator CPU per refresh"), t.refresh.each(t.refresh.generator), "µs")
}

func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", n)
}

// trio runs some rounds at one number of connections.
func (b *bench) trio(ctx context.Context, g *ground, n, rounds int) (t trio, err error) {
	refresh, closeRefresh, err := g.refreshes(n)
	if err != nil {
		return t, err
	}
	defer closeRefresh()
	echo, closeEcho, err := b.echo.lanes(n)
	if err != nil {
		return t, err
	}
	defer closeEcho()
	update, closeUpdate, err := g.updates(ctx, n, func() {})
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, closeUpdate()) }()
	pace := &pacer{}
	paced, closePaced, err := g.updates(ctx, n, pace.wait)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, closePaced()) }()
	database := watched{database: g.watch().database}
	turns := []turn{
		{lanes: refresh, of: g.watch(), to: &t.refresh},
		{lanes: echo, of: watched{server: b.echo.pid}, to: &t.echo},
		{lanes: update, of: database, to: &t.update},
	}
	if g.pg != nil {
		turns = append(turns, turn{lanes: paced, of: database, to: &t.paced, before: func() { pace.set(t.refresh.perSecond()) }})
	}
	return t, b.takeTurns(ctx, rounds, turns)
}

// turn is one of several loads that take turns.
type turn struct {
	lanes  []lane
	of     watched
	to     *outcome
	before func() // may be nil
}

func (b *bench) takeTurns(ctx context.Context, rounds int, turns []turn) error {
	for range rounds {
		for _, t := range turns {
			if t.before != nil {
				t.before()
			}
			o, err := drive(ctx, t.lanes, b.plan.round, t.of)
			if err != nil {
				return err
			}
			t.to.add(o)
		}
	}
	return nil
}

// inPlace reports what PostgreSQL's own books say of refreshes alone.
func (b *bench) inPlace(ctx context.Context, g *ground) error {
	b.report.section = "what a refresh writes on postgres"
	before, err := g.books(ctx)
	if err != nil {
		return err
	}
	lanes, closeAll, err := g.refreshes(min(compared, len(g.tokens)))
	if err != nil {
		return err
	}
	defer closeAll()
	o, err := drive(ctx, lanes, b.plan.round*2, g.watch())
	if err != nil {
		return err
	}
	after, err := g.books(ctx)
	if err != nil {
		return err
	}
	b.report.add("postgres: updates on their page (HOT)", 100*ratio(after.hot-before.hot, after.updates-before.updates), "%")
	b.report.add("postgres: log (WAL) per refresh", ratio(after.wal-before.wal, o.requests()), "B")
	return nil
}

// books are counters of PostgreSQL.
type books struct{ updates, hot, wal float64 }

func (g *ground) books(ctx context.Context) (k books, err error) {
	err = g.owner.QueryRowContext(ctx, `SELECT n_tup_upd, n_tup_hot_upd, (pg_current_wal_insert_lsn() - '0/0')::float8
		FROM pg_stat_user_tables WHERE relname = 'grants'`).Scan(&k.updates, &k.hot, &k.wal)
	if err != nil {
		err = fmt.Errorf("statistics: %w", err)
	}
	return k, err
}
