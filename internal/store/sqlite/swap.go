package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/daypass/daypass/internal/store"
)

// swapStmt is a statement prepared on the driver itself. For the one that every refresh runs, database/sql costs as much
// as SQLite does.
type swapStmt struct {
	query driver.StmtQueryContext
	close func() error
	args  []driver.NamedValue
	row   []driver.Value
}

// swap executes one statement.
func (c *conn) swap(s store.Statement) (found bool, err error) {
	err = c.c.Raw(func(driverConn any) error {
		st, ok := c.swaps[s.SQL]
		if !ok {
			if st, err = newSwapStmt(driverConn, s); err != nil {
				return err
			}
			c.swaps[s.SQL] = st
		}
		found, err = st.run(s)
		return err
	})
	return found, err
}

func newSwapStmt(driverConn any, s store.Statement) (*swapStmt, error) {
	preparer, ok := driverConn.(driver.ConnPrepareContext)
	if !ok {
		return nil, errors.New("sqlite: the driver cannot prepare")
	}
	// The statement outlives the request that first needs it.
	st, err := preparer.PrepareContext(context.Background(), s.SQL)
	if err != nil {
		return nil, fmt.Errorf("sqlite: prepare: %w", err)
	}
	query, ok := st.(driver.StmtQueryContext)
	if !ok {
		return nil, errors.Join(errors.New("sqlite: the driver cannot query"), st.Close())
	}
	fresh := &swapStmt{query: query, close: st.Close, args: make([]driver.NamedValue, len(s.Args)), row: make([]driver.Value, len(s.Row))}
	for i := range fresh.args {
		fresh.args[i].Ordinal = i + 1
	}
	return fresh, nil
}

func (st *swapStmt) run(s store.Statement) (found bool, err error) {
	for i, v := range s.Args {
		st.args[i].Value = v
	}
	rows, err := st.query.QueryContext(context.Background(), st.args)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if len(rows.Columns()) != len(st.row) {
		return false, fmt.Errorf("sqlite: %d columns for %d targets", len(rows.Columns()), len(st.row))
	}
	switch err := rows.Next(st.row); {
	case errors.Is(err, io.EOF):
		return false, nil
	case err != nil:
		return false, err
	}
	for i, v := range st.row {
		if err := assign(s.Row[i], v); err != nil {
			return false, fmt.Errorf("sqlite: column %d: %w", i+1, err)
		}
	}
	return true, nil
}

// assign stores a column in one of the targets that a store.Statement may have.
func assign(target any, v driver.Value) error {
	switch t := target.(type) {
	case *int64:
		n, ok := v.(int64)
		*t = n
		if ok {
			return nil
		}
	case *string:
		s, ok := v.(string)
		*t = s
		if ok {
			return nil
		}
	case *[]byte:
		b, ok := v.([]byte)
		*t = b
		if ok || v == nil { // the driver's empty byte string
			return nil
		}
	case *sql.NullString:
		return t.Scan(v)
	}
	return fmt.Errorf("%T for %T", v, target)
}
