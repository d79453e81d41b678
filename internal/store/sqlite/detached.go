package sqlite

import (
	"context"
	"database/sql"

	"github.com/daypass/daypass/internal/store"
)

// detached runs statements without the caller's cancellation: inside the writer's shared transaction an
// interrupted statement would undo the work of others.
type detached struct{ c *conn }

var _ store.Querier = detached{}

func (d detached) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return d.c.ExecContext(context.WithoutCancel(ctx), query, args...)
}

func (d detached) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return d.c.QueryContext(context.WithoutCancel(ctx), query, args...)
}

func (d detached) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return d.c.QueryRowContext(context.WithoutCancel(ctx), query, args...)
}
