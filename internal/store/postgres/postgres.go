package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/daypass/daypass/internal/store"
)

const (
	poolSize = 16
	// swapTimeout bounds a rotation on the server, where a cancelled request would otherwise go on
	// waiting for a lock and be executed after its caller was told 503.
	swapTimeout      = 4 * time.Second
	statementTimeout = 30 * time.Second
	// transactionTimeout bounds a whole transaction from here, because nothing bounds its COMMIT on the server: one that waits
	// for a synchronous standby that is gone waits for ever, and a pool full of such answers nobody.
	transactionTimeout = 25 * time.Second
	attempts           = 10
	minVersion         = 150000
)

// Engine is two connection pools to one database, and the lanes of its hot statements.
type Engine struct {
	durable, relaxed *sql.DB
	lanes            *lanes
}

var _ store.Engine = (*Engine)(nil)

// Open connects to the database of a postgres:// URL and refuses servers older than 15.
func Open(ctx context.Context, dsn string) (*Engine, error) {
	forDurable, err1 := connection(dsn, map[string]string{"statement_timeout": millis(statementTimeout), "synchronous_commit": "on"})
	forRelaxed, err2 := connection(dsn, map[string]string{"statement_timeout": millis(swapTimeout), "synchronous_commit": "off"})
	forLanes, err3 := connection(dsn, map[string]string{
		"statement_timeout": millis(laneTimeout), "lock_timeout": millis(laneLockTimeout), "synchronous_commit": "off",
	})
	if err := cmp.Or(err1, err2, err3); err != nil {
		return nil, err
	}
	durable := pool(forDurable)
	e := &Engine{durable: durable, relaxed: pool(forRelaxed), lanes: newLanes(forLanes)}
	var version int
	if err := durable.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		_ = e.Close()
		return nil, fmt.Errorf("postgres: connect: %w: %w", store.ErrUnavailable, redact(err))
	}
	if version < minVersion {
		_ = e.Close()
		return nil, fmt.Errorf("postgres: server version %d; 15 or newer is needed", version/10000)
	}
	return e, nil
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func connection(dsn string, params map[string]string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("postgres: the database URL cannot be read (want postgres://user@host/name)")
	}
	for k, v := range params {
		cfg.RuntimeParams[k] = v
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	cfg.ConnectTimeout = 5 * time.Second
	return cfg, nil
}

func pool(cfg *pgx.ConnConfig) *sql.DB {
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db
}

// redact drops the text of a connection error, which names the user and the host of the URL.
func redact(err error) error {
	var ce *pgconn.ConnectError
	if errors.As(err, &ce) {
		return errors.New("cannot connect: is the server running, are user, password and database name right?")
	}
	return err
}

// Close closes every connection.
func (e *Engine) Close() error {
	e.lanes.close()
	return errors.Join(e.relaxed.Close(), e.durable.Close())
}

// Name implements store.Engine.
func (e *Engine) Name() string { return "postgres" }

// Clock implements store.Engine.
func (e *Engine) Clock(ctx context.Context) (time.Time, bool, error) {
	var ms int64
	err := e.durable.QueryRowContext(ctx, "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint").Scan(&ms)
	return time.UnixMilli(ms).UTC(), true, classify(err)
}

// Migrate implements store.Engine. A lock in a table keeps two nodes apart.
func (e *Engine) Migrate(ctx context.Context, migrations fs.FS) error {
	local, err := store.Localize(migrations, store.Words{Blob: "BYTEA", Int: "BIGINT", Hot: "WITH (fillfactor = 60)"})
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresTableLocker()
	if err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, e.durable, local, goose.WithLocker(locker))
	if err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	return nil
}

// View implements store.Engine.
func (e *Engine) View(ctx context.Context, fn func(store.Querier) error) error {
	return e.transact(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
}

// Update implements store.Engine. Statements see what committed before each of them (READ COMMITTED);
// whoever depends on what was read before says so in WHERE.
func (e *Engine) Update(ctx context.Context, fn func(store.Querier) error) error {
	return e.transact(ctx, nil, fn)
}

func (e *Engine) transact(ctx context.Context, opts *sql.TxOptions, fn func(store.Querier) error) error {
	var err error
	for try := range attempts {
		if err = e.once(ctx, opts, fn); !retryable(err) && (try > 0 || !collided(err)) {
			return classify(err)
		}
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}

func (e *Engine) once(ctx context.Context, opts *sql.TxOptions, fn func(store.Querier) error) error {
	ctx, cancel := context.WithTimeout(ctx, transactionTimeout)
	defer cancel()
	tx, err := e.durable.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // no effect after a commit; undoes all when fn panics
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// collided tells that another transaction has just taken a unique key. The next attempt sees its row.
func collided(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "23505"
}

func retryable(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01")
}

// classify wraps what means "not now" in store.ErrUnavailable and leaves domain errors alone.
func classify(err error) error {
	if err == nil || errors.Is(err, store.ErrUnavailable) {
		return err
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		switch pe.Code[:2] {
		case "08", "53", "57", "55", "40", "25": // connection, resources, operator, lock, rollback, read-only after failover
			return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
		return err
	}
	var ne net.Error
	var ce *pgconn.ConnectError
	switch {
	case errors.As(err, &ne), errors.As(err, &ce), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone),
		errors.Is(err, pgconn.ErrConnClosed),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", store.ErrUnavailable, redact(err))
	}
	return err
}
