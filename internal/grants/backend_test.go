package grants_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/sqlite"
	"github.com/daypass/daypass/internal/store/storetest"
)

// backend is a database that may crash and fall back to an earlier copy of itself.
type backend interface {
	db() *store.DB
	// crash loses every connection; db is another one afterwards.
	crash()
	// backup keeps a copy of the database as it is; fallback returns to it.
	backup(w *world)
	fallback(w *world)
}

// onBackends runs a test on both engines.
func onBackends(t *testing.T, test func(t *testing.T, b backend)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		b := &sqliteBackend{t: t, path: filepath.Join(t.TempDir(), "daypass.db")}
		b.store, b.stop = storetest.OpenSQLite(t, b.path)
		test(t, b)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		b := &postgresBackend{t: t, dsn: storetest.Postgres(t)}
		b.store, b.stop = storetest.OpenPostgres(t, b.dsn)
		admin, err := sql.Open("pgx", b.dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = admin.Close() })
		b.admin = admin
		for _, table := range []string{"grants", "sessions"} {
			b.exec(fmt.Sprintf("CREATE TABLE %s_copy AS SELECT * FROM %[1]s WITH NO DATA", table))
		}
		test(t, b)
	})
}

// sqliteBackend copies the whole file.
type sqliteBackend struct {
	t     testing.TB
	path  string
	store *store.DB
	stop  func()
}

func (b *sqliteBackend) db() *store.DB { return b.store }

func (b *sqliteBackend) crash() {
	b.stop()
	b.open()
}

// open opens the file again, without the migrations that storetest would look for each time.
func (b *sqliteBackend) open() {
	b.t.Helper()
	engine, err := sqlite.Open(b.t.Context(), b.path)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	b.store = store.New(engine)
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, engine.Close()); err != nil {
			b.t.Errorf("close: %v", err)
		}
	})
	b.t.Cleanup(b.stop)
}

func (b *sqliteBackend) copyFile(from, to string) {
	b.t.Helper()
	b.stop() // an orderly stop leaves everything in the one file
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.open()
}

func (b *sqliteBackend) backup(*world)   { b.copyFile(b.path, b.path+".copy") }
func (b *sqliteBackend) fallback(*world) { b.copyFile(b.path+".copy", b.path) }

// postgresBackend copies the rows of one grant and its session, as a standby that lagged would have them.
type postgresBackend struct {
	t     testing.TB
	dsn   string
	store *store.DB
	stop  func()
	admin *sql.DB
}

func (b *postgresBackend) db() *store.DB { return b.store }

func (b *postgresBackend) exec(statement string, args ...any) {
	b.t.Helper()
	if _, err := b.admin.ExecContext(b.t.Context(), statement, args...); err != nil {
		b.t.Fatalf("%s: %v", statement, err)
	}
}

func (b *postgresBackend) crash() {
	b.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	b.stop()
	b.store, b.stop = storetest.OpenPostgres(b.t, b.dsn)
}

func (b *postgresBackend) move(w *world, from, to string) {
	for table, id := range map[string]auth.ID{"grants": w.grant.ID, "sessions": w.session.ID} {
		b.exec(fmt.Sprintf("DELETE FROM %s%s WHERE id = $1", table, to), id[:])
		b.exec(fmt.Sprintf("INSERT INTO %[1]s%[2]s SELECT * FROM %[1]s%[3]s WHERE id = $1", table, to, from), id[:])
	}
}

func (b *postgresBackend) backup(w *world)   { b.move(w, "", "_copy") }
func (b *postgresBackend) fallback(w *world) { b.move(w, "_copy", "") }
