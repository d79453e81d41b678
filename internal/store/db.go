package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"time"
)

// ErrUnavailable is wrapped by every error that means: not now. The caller answers 503.
var ErrUnavailable = errors.New("store: database unavailable")

// Querier is what a transaction offers to SQL; *sql.Tx and the SQLite writer's connection are ones.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Engine is a database as store needs it; store/sqlite and store/postgres are the two.
type Engine interface {
	// View runs fn in a read-only transaction with one snapshot.
	View(ctx context.Context, fn func(Querier) error) error
	// Update runs fn in a transaction that is durable when Update returns nil. fn may run again when
	// the engine asks for a retry, so it must not have effects elsewhere.
	Update(ctx context.Context, fn func(Querier) error) error
	// Swap executes one statement in a transaction whose durability may be relaxed; those of several callers may share it,
	// as long as each of them stands or falls alone. It is never executed after the context's deadline. found is false when
	// no row came back, and s.Row is then as it was or not, as it pleases.
	Swap(ctx context.Context, s Statement) (found bool, err error)
	// Clock returns the database's time; ok is false when it is this machine's clock anyway.
	Clock(ctx context.Context) (now time.Time, ok bool, err error)
	// Migrate brings the schema to the newest of the numbered files in migrations.
	Migrate(ctx context.Context, migrations fs.FS) error
	// Name is "sqlite" or "postgres".
	Name() string
}

// Statement is one SQL statement that changes at most one row and gives at most one.
type Statement struct {
	SQL  string // constant: it is prepared once and kept
	Args []any  // []byte, string or int64
	Row  []any  // per column a *[]byte, *string, *int64 or *sql.NullString
}

// DB is the store.
type DB struct{ engine Engine }

// New wraps an opened engine.
func New(e Engine) *DB { return &DB{engine: e} }

// Tx is one transaction: a group of statements per noun.
type Tx struct {
	Users          Users
	AddressChanges AddressChanges
	Sessions       Sessions
	Grants         Grants
	Clients        Clients
	Resources      Resources
	Keys           Keys
	Events         Events
	Revocations    Revocations
	Settings       Settings
	Throttles      Throttles
	Outbox         Outbox
	Codes          Codes
	Consents       Consents
	Interactions   Interactions
	Assertions     Assertions
}

func newTx(q Querier) *Tx {
	return &Tx{
		Users: Users{q}, Sessions: Sessions{q}, Grants: Grants{q}, Clients: Clients{q}, Resources: Resources{q},
		Keys: Keys{q}, Events: Events{q}, Revocations: Revocations{q}, Settings: Settings{q}, Throttles: Throttles{q},
		AddressChanges: AddressChanges{q}, Outbox: Outbox{q}, Codes: Codes{q}, Consents: Consents{q}, Interactions: Interactions{q},
		Assertions: Assertions{q},
	}
}

// View runs fn in a read-only transaction.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.engine.View(ctx, func(q Querier) error { return fn(newTx(q)) })
}

// Update runs fn in a transaction: all of it happens, durably, or nothing. fn may run more than once.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return db.engine.Update(ctx, func(q Querier) error { return fn(newTx(q)) })
}

// Skew returns how far this node's clock is ahead of the database's (negative: behind).
func (db *DB) Skew(ctx context.Context, now func() time.Time) (time.Duration, error) {
	before := now()
	theirs, ok, err := db.engine.Clock(ctx)
	if err != nil || !ok {
		return 0, err
	}
	after := now()
	return before.Add(after.Sub(before) / 2).Sub(theirs), nil
}

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.engine.View(ctx, func(q Querier) error {
		var one int
		return q.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	})
}

// Engine returns the engine's name, "sqlite" or "postgres".
func (db *DB) Engine() string { return db.engine.Name() }
