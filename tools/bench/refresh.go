package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

const refreshPath = "/v1/refresh"

// refreshes returns n connections, each of which refreshes grants of its own in turn, and what closes them. The tokens
// that come back are kept for the next load.
func (g *ground) refreshes(n int) ([]lane, func(), error) {
	if len(g.tokens) < n {
		return nil, nil, fmt.Errorf("%d grants for %d connections", len(g.tokens), n)
	}
	first := 0
	return connect(n, g.in.address, refreshPath, func(w *wire) lane {
		at := first
		first++
		return func() error {
			next, err := refresh(w, g.tokens[at])
			if err != nil {
				return err
			}
			g.tokens[at] = next
			if at += n; at >= len(g.tokens) {
				at %= n
			}
			return nil
		}
	})
}

// refresh exchanges a token for its successor.
func refresh(w *wire, token string) (next string, err error) {
	status, reply, err := w.post(append(append([]byte(`{"refresh_token":"`), token...), `"}`...))
	if err != nil {
		return "", fmt.Errorf("refresh: %w", err)
	}
	next, found := member(reply, "refresh_token")
	if status != http.StatusOK || !found || next == token {
		return "", fmt.Errorf("refresh: status %d: %.300s", status, reply)
	}
	return next, nil
}

// twin is a copy of the table of grants, with its indexes, for the bare UPDATE: at its rate a table of ten thousand rows
// swells whenever PostgreSQL looks away for a second, which must not be charged to the grants.
const twin = "bench_twin"

// copyGrants makes the twin.
func (g *ground) copyGrants(ctx context.Context) error {
	statements := []string{"CREATE TABLE " + twin + " (LIKE grants INCLUDING ALL) WITH (fillfactor = 60)"}
	if g.pg == nil {
		var text string
		if err := g.owner.QueryRowContext(ctx, "SELECT sql FROM sqlite_master WHERE name = 'grants'").Scan(&text); err != nil {
			return fmt.Errorf("copy the table: %w", err)
		}
		statements[0] = strings.Replace(text, "grants", twin, 1)
	}
	statements = append(statements, "INSERT INTO "+twin+" SELECT * FROM grants")
	if g.pg != nil {
		statements = append(statements, "VACUUM (ANALYZE) "+twin)
	}
	for _, s := range statements {
		if _, err := g.owner.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("copy the table: %w", err)
		}
	}
	return nil
}

// updates returns n callers of the least that a refresh could ask of the database: one UPDATE of one row by its primary
// key, alone in its transaction, prepared, through the same driver. wait is called before each.
func (g *ground) updates(ctx context.Context, n int, wait func()) (lanes []lane, closeAll func() error, err error) {
	db, err := g.connect(true)
	if err != nil {
		return nil, nil, err
	}
	update, err := db.PrepareContext(ctx, "UPDATE "+twin+" SET current_gen = current_gen + 1 WHERE id = $1")
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("prepare: %w", err), db.Close())
	}
	for i := range n {
		at := i
		lanes = append(lanes, func() error {
			wait()
			id := g.ids[at%len(g.ids)]
			at += n
			if _, err := update.ExecContext(ctx, id[:]); err != nil {
				return fmt.Errorf("update: %w", err)
			}
			return nil
		})
	}
	return lanes, func() error { return errors.Join(update.Close(), db.Close()) }, nil
}
