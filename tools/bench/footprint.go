package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// footprint measures what a server takes that does nothing, and how soon it answers.
func (b *bench) footprint(ctx context.Context, g *ground) error {
	b.report.section = "start and memory on " + g.engine
	var starts []time.Duration
	for range b.plan.starts {
		if err := g.restart(ctx); err != nil {
			return err
		}
		starts = append(starts, g.server.first)
	}
	slices.Sort(starts)
	b.report.add(g.engine+": start to first answer, existing file", milliseconds(starts[len(starts)/2]), "ms")
	b.report.add(g.engine+": start to first answer, the slowest", milliseconds(starts[len(starts)-1]), "ms")
	select {
	case <-time.After(b.plan.idle):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	m, err := memoryOf(g.server.pid)
	if err != nil {
		return err
	}
	b.report.add(g.engine+": idle memory", mib(m.total), "MiB")
	b.report.add(g.engine+": of it not backed by the binary's file", mib(m.anonymous), "MiB")
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// size reports what a grant takes after it was used, indexes included.
func (b *bench) size(ctx context.Context, g *ground) error {
	bytes, err := g.grantBytes(ctx)
	if err != nil {
		return err
	}
	rows, err := g.number(ctx, "SELECT COUNT(*) FROM grants")
	if err != nil {
		return err
	}
	m, err := memoryOf(g.server.pid)
	if err != nil {
		return err
	}
	b.report.section = "storage and memory after the load on " + g.engine
	b.report.add(g.engine+": live grants", rows, "")
	b.report.add(g.engine+": bytes per live grant", ratio(bytes, rows), "B")
	b.report.add(g.engine+": server memory", mib(m.total), "MiB")
	b.report.add(g.engine+": server memory, the most so far", mib(m.peak), "MiB")
	return nil
}

// grantBytes is the size of the table of grants with its indexes.
func (g *ground) grantBytes(ctx context.Context) (float64, error) {
	if g.pg != nil {
		return g.number(ctx, "SELECT pg_total_relation_size('grants')::float8")
	}
	bytes, err := g.number(ctx, `SELECT SUM(pgsize) FROM dbstat WHERE aggregate = TRUE
		AND name IN (SELECT name FROM sqlite_master WHERE tbl_name = 'grants')`)
	if err != nil {
		return 0, fmt.Errorf("size: %w", err)
	}
	return bytes, nil
}
