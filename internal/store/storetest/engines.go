package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/sqlite"
)

// SQLite returns a migrated store over a fresh file for this test alone, with its writer running. The
// writer is stopped and the file closed when the test is over.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	db, _ := OpenSQLite(t, filepath.Join(t.TempDir(), "daypass.db"))
	return db
}

// OpenSQLite opens and migrates the file at path and runs its writer, until the test is over or stop is
// called. Stop first finishes what the writer has taken; it may be called more than once.
func OpenSQLite(t testing.TB, path string) (db *store.DB, stop func()) {
	t.Helper()
	engine, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("open SQLite: %v", err)
	}
	db = store.New(engine)
	if err := db.Migrate(t.Context()); err != nil {
		_ = engine.Close()
		t.Fatalf("migrate SQLite: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("SQLite writer: %v", err)
		}
		if err := engine.Close(); err != nil {
			t.Errorf("close SQLite: %v", err)
		}
	}
	t.Cleanup(stop)
	return db, stop
}

// PostgresDB returns a migrated store over a fresh database for this test alone. It skips and fails
// where Postgres does.
func PostgresDB(t testing.TB) *store.DB {
	t.Helper()
	db, _ := OpenPostgres(t, Postgres(t))
	return db
}

// OpenPostgres opens and migrates the database of a postgres:// URL, until the test is over or stop is
// called. Several stores over one URL are several nodes of one installation.
func OpenPostgres(t testing.TB, dsn string) (db *store.DB, stop func()) {
	t.Helper()
	engine, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatalf("open PostgreSQL: %v", err)
	}
	db = store.New(engine)
	if err := db.Migrate(t.Context()); err != nil {
		_ = engine.Close()
		t.Fatalf("migrate PostgreSQL: %v", err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			_ = engine.Close() // a killed server leaves nothing to close in order
		}
	}
	t.Cleanup(stop)
	return db, stop
}

// Engines runs a test once per engine, in parallel, each on a fresh database.
func Engines(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	for name, open := range openers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func openers() map[string]func(testing.TB) *store.DB {
	return map[string]func(testing.TB) *store.DB{"sqlite": SQLite, "postgres": PostgresDB}
}
