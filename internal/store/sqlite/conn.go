package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// conn is one connection with its prepared statements. It serves one caller at a time. The texts come
// from the store alone, so their number is bounded.
type conn struct {
	c     *sql.Conn
	stmts map[string]*sql.Stmt
	swaps map[string]*swapStmt
}

func newConn(ctx context.Context, db *sql.DB) (*conn, error) {
	var c *sql.Conn
	err := patiently(ctx, func() (err error) {
		c, err = db.Conn(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: connect: %w", err)
	}
	return &conn{c: c, stmts: map[string]*sql.Stmt{}, swaps: map[string]*swapStmt{}}, nil
}

// patiently repeats what SQLite answers with BUSY at once instead of waiting busy_timeout: a connection
// that switches a new file to WAL while another process opens or closes it.
func patiently(ctx context.Context, do func() error) error {
	var err error
	for waited := time.Duration(0); waited < busyTimeout; waited += retryGap {
		var se *driver.Error
		if err = do(); !errors.As(err, &se) || se.Code()&0xff != lib.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(retryGap):
		}
	}
	return err
}

func (c *conn) prepared(query string) (*sql.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	// The statement outlives the request that first needs it.
	s, err := c.c.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("sqlite: prepare: %w", err)
	}
	c.stmts[query] = s
	return s, nil
}

// ExecContext implements store.Querier.
func (c *conn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := c.prepared(query) //nolint:sqlclosecheck // closed with the connection
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext implements store.Querier.
func (c *conn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := c.prepared(query) //nolint:sqlclosecheck // closed with the connection
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext implements store.Querier.
func (c *conn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := c.prepared(query) //nolint:sqlclosecheck // closed with the connection
	if err != nil {
		// *sql.Row cannot be made from an error; the connection says the same again.
		return c.c.QueryRowContext(ctx, query, args...)
	}
	return s.QueryRowContext(ctx, args...)
}

// plain runs a word of transaction control, which must not be cut off by a caller's context.
func (c *conn) plain(word string) error {
	_, err := c.ExecContext(context.Background(), word)
	return err
}

func (c *conn) close() {
	for _, s := range c.stmts {
		_ = s.Close()
	}
	for _, s := range c.swaps {
		_ = s.close()
	}
	_ = c.c.Close()
}
