package main

import (
	"context"
	"errors"
	"path/filepath"
)

// large compares refreshes on a table of many grants with those on the small one, in turns.
func (b *bench) large(ctx context.Context, small *ground) (err error) {
	g, err := open(ctx, b.plan.binary, filepath.Join(b.dir, small.engine+"-large"), small.engine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	if err := g.settleIn(ctx); err != nil {
		return err
	}
	if err := g.fill(ctx, b.plan.large, b.plan.driven); err != nil {
		return err
	}
	b.tellProgress(small.engine + ": filled")
	return b.compare(ctx, small, g)
}

// compare drives both tables in turns.
func (b *bench) compare(ctx context.Context, small, g *ground) error {
	few, closeFew, err := small.refreshes(compared)
	if err != nil {
		return err
	}
	defer closeFew()
	many, closeMany, err := g.refreshes(compared)
	if err != nil {
		return err
	}
	defer closeMany()
	if _, err := drive(ctx, many, b.plan.round, watched{}); err != nil { // not counted
		return err
	}
	before, err := g.written(ctx)
	if err != nil {
		return err
	}
	var onSmall, onLarge outcome
	err = b.takeTurns(ctx, b.plan.rounds, []turn{{lanes: few, of: small.watch(), to: &onSmall}, {lanes: many, of: g.watch(), to: &onLarge}})
	if err != nil {
		return err
	}
	after, err := g.written(ctx)
	if err != nil {
		return err
	}
	return b.tellLarge(ctx, g, onSmall, onLarge, ratio(after-before, onLarge.requests()))
}

// settleIn makes one user and one real grant, of which the others are copies.
func (g *ground) settleIn(ctx context.Context) error {
	in := &harvest{}
	lanes, closeAll, err := in.lanes(ctx, g, 1)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := lanes[0](); err != nil {
		return err
	}
	g.tokens, g.real = in.tokens, len(in.tokens)
	return nil
}

func (b *bench) tellLarge(ctx context.Context, g *ground, few, many outcome, wal float64) error {
	const against = "small table"
	b.report.section = "16 connections on a large table on " + g.engine
	rows, err := g.number(ctx, "SELECT COUNT(*) FROM grants")
	if err != nil {
		return err
	}
	bytes, err := g.grantBytes(ctx)
	if err != nil {
		return err
	}
	b.report.add(g.engine+": grants in the large table", rows, "")
	b.report.add(g.engine+": bytes per grant, large table", ratio(bytes, rows), "B")
	b.report.beside(g.engine+": refreshes, large table", many.perSecond(), "/s", against, few.perSecond())
	b.report.beside(g.engine+": server CPU per refresh, large table", many.each(many.server), "µs", against, few.each(few.server))
	if g.pg != nil {
		b.report.beside(g.engine+": database CPU per refresh, large table", many.each(many.database), "µs", against, few.each(few.database))
		b.report.add(g.engine+": log (WAL) per refresh, large table", wal, "B")
	}
	b.report.beside(g.engine+": p99, large table", many.quantile(0.99), "ms", against, few.quantile(0.99))
	return nil
}

// written is how much PostgreSQL has written to its log, in bytes.
func (g *ground) written(ctx context.Context) (float64, error) {
	if g.pg == nil {
		return 0, nil
	}
	return g.number(ctx, "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8")
}
