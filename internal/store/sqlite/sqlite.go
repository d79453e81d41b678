package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/daypass/daypass/internal/store"
)

const (
	readers       = 4
	busyTimeout   = 10 * time.Second // another process writes: wait
	queueLength   = 1024
	batchLimit    = 256
	checkpointGap = time.Minute
	retryGap      = 20 * time.Millisecond
	migrateTries  = 8
)

// minVersion is the first SQLite without the WAL-reset race that can lose committed writes.
const minVersion = 3_051_003

// Engine is an open SQLite file.
type Engine struct {
	write, read *sql.DB
	jobs        chan *job
	pool        chan *conn    // reader connections, nil until first used
	done        chan struct{} // Run has returned
	closed      chan struct{} // Close was called
	closing     sync.Once
}

var _ store.Engine = (*Engine)(nil)

// Open opens or creates the file at path. It refuses a SQLite with known data loss.
func Open(ctx context.Context, path string) (*Engine, error) {
	write, err := sql.Open("sqlite", dsn(path, false))
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	write.SetMaxOpenConns(2) // the queue's connection and one for migrations, which run before it
	if err := checkVersion(ctx, write); err != nil {
		_ = write.Close()
		return nil, err
	}
	read, err := sql.Open("sqlite", dsn(path, true))
	if err != nil {
		_ = write.Close()
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	e := &Engine{
		write: write, read: read, jobs: make(chan *job, queueLength),
		pool: make(chan *conn, readers), done: make(chan struct{}), closed: make(chan struct{}),
	}
	for range readers {
		e.pool <- nil
	}
	return e, nil
}

func dsn(path string, readOnly bool) string {
	q := url.Values{"_pragma": {
		"busy_timeout(" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) + ")",
		"journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(10000)", "temp_store(MEMORY)", "cache_size(-16000)",
	}}
	if readOnly {
		q.Add("_pragma", "query_only(1)")
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func checkVersion(ctx context.Context, db *sql.DB) error {
	var text string
	err := patiently(ctx, func() error { return db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&text) })
	if err != nil {
		return fmt.Errorf("sqlite: open: %w", err)
	}
	return acceptVersion(text)
}

func acceptVersion(text string) error {
	number := 0
	for _, part := range strings.SplitN(text+".0.0", ".", 4)[:3] {
		n, err := strconv.Atoi(part)
		if err != nil {
			return fmt.Errorf("sqlite: version %q: %w", text, err)
		}
		number = number*1000 + n
	}
	if number < minVersion {
		return fmt.Errorf("sqlite: version %s can lose committed writes (WAL-reset race); 3.51.3 or newer is needed", text)
	}
	return nil
}

// Name implements store.Engine.
func (e *Engine) Name() string { return "sqlite" }

// Clock implements store.Engine: the file has no clock of its own.
func (e *Engine) Clock(context.Context) (time.Time, bool, error) { return time.Time{}, false, nil }

// Migrate implements store.Engine.
func (e *Engine) Migrate(ctx context.Context, migrations fs.FS) error {
	local, err := store.Localize(migrations, store.Words{Blob: "BLOB", Int: "INTEGER", Table: "STRICT", Hot: "STRICT, WITHOUT ROWID"})
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, e.write, local)
	if err != nil {
		return fmt.Errorf("sqlite: migrate: %w", err)
	}
	// Two processes may come to a new file at once (a command beside the server). Each step is one
	// transaction, so the loser fails whole, and finds on its next try that there is nothing left to do.
	for try := range migrateTries {
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("sqlite: migrate: %w", err)
		case <-time.After(time.Duration(try+1) * retryGap):
		}
	}
	return fmt.Errorf("sqlite: migrate: %w", err)
}

// View implements store.Engine.
func (e *Engine) View(ctx context.Context, fn func(store.Querier) error) error {
	var c *conn
	select {
	case c = <-e.pool:
	case <-ctx.Done():
		return classify(ctx.Err())
	case <-e.closed:
		return fmt.Errorf("%w: closed", store.ErrUnavailable)
	}
	defer func() { e.pool <- c }()
	if c == nil {
		fresh, err := newConn(ctx, e.read)
		if err != nil {
			return classify(err)
		}
		c = fresh
	}
	if err := c.plain("BEGIN"); err != nil {
		return classify(err)
	}
	err := guard(func() error { return fn(c) })
	if end := c.plain("ROLLBACK"); err == nil {
		err = end
	}
	return classify(err)
}

// Close waits for the readers and closes the file. Run must have returned.
func (e *Engine) Close() (err error) {
	e.closing.Do(func() {
		close(e.closed)
		for range readers {
			if c := <-e.pool; c != nil {
				c.close()
			}
		}
		err = errors.Join(e.read.Close(), e.write.Close())
	})
	return err
}

// classify wraps what means "not now" in store.ErrUnavailable and leaves domain errors alone.
func classify(err error) error {
	if err == nil || errors.Is(err, store.ErrUnavailable) {
		return err
	}
	var se *driver.Error
	if errors.As(err, &se) {
		switch se.Code() & 0xff {
		case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN,
			lib.SQLITE_NOMEM, lib.SQLITE_READONLY, lib.SQLITE_INTERRUPT:
			return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sql.ErrConnDone) {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err
}

// undoes tells whether SQLite may have rolled the whole transaction back by itself with this error
// (https://www.sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction").
func undoes(err error) bool {
	var se *driver.Error
	if !errors.As(err, &se) {
		return false
	}
	switch se.Code() & 0xff {
	case lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_NOMEM, lib.SQLITE_BUSY, lib.SQLITE_INTERRUPT:
		return true
	}
	return false
}

// guard turns a panic of fn into an error, so that one bug does not take the queue down.
func guard(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sqlite: panic in a transaction: %v", p)
		}
	}()
	return fn()
}
