package storetest

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// rotating are the columns that a rotation changes. None may stand in an index: PostgreSQL could not
// update on the same page, SQLite would touch a second tree.
func rotating() []string {
	return []string{"current_gen", "current_key", "first_gen", "last_gen", "since", "last_used_at", "replay_noted_at", "misbound_noted_at"}
}

func raw(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// texts returns the first column of a query.
func texts(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func expectNoRotatingColumn(t *testing.T, columns []string) {
	t.Helper()
	if len(columns) < 5 || !slices.Contains(columns, "session_id") {
		t.Fatalf("the indexes of grants hold %v: the question is wrong", columns)
	}
	for _, c := range columns {
		if slices.Contains(rotating(), c) {
			t.Errorf("%s stands in an index of grants, and every rotation changes it", c)
		}
	}
}

func TestNoIndexHoldsARotatingColumnSQLite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "daypass.db")
	OpenSQLite(t, path)
	db := raw(t, "sqlite", "file:"+path)
	expectNoRotatingColumn(t, texts(t, db, `SELECT c.name FROM pragma_index_list('grants') AS i, pragma_index_info(i.name) AS c`))
	text := strings.Join(texts(t, db, "SELECT sql FROM sqlite_master WHERE name = 'grants'"), "")
	if !strings.Contains(text, "STRICT") || !strings.Contains(text, "WITHOUT ROWID") {
		t.Errorf("grants are stored as %s", text)
	}
}

func TestNoIndexHoldsARotatingColumnPostgres(t *testing.T) {
	t.Parallel()
	dsn := Postgres(t)
	OpenPostgres(t, dsn)
	expectNoRotatingColumn(t, texts(t, raw(t, "pgx", dsn), `SELECT a.attname FROM pg_index i
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) WHERE i.indrelid = 'grants'::regclass`))
}

func TestRotationsUseThePrimaryKeySQLite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "daypass.db")
	OpenSQLite(t, path)
	plan := ""
	db := raw(t, "sqlite", "file:"+path)
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN UPDATE grants SET since = 1 WHERE id = x'00' AND current_gen = 1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan += detail
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plan, "USING PRIMARY KEY") {
		t.Errorf("plan: %s", plan)
	}
}

// Every rotation stays on its page (HOT), so that no index is written, and dead versions are reused, so
// that the table does not grow with use.
// Not parallel: the snapshots of other tests on this server would keep dead versions alive.
func TestRotationsAreHeapOnlyOnPostgres(t *testing.T) {
	dsn := Postgres(t)
	stats := raw(t, "pgx", dsn)
	size := func() (bytes int64) {
		if err := stats.QueryRowContext(t.Context(), "SELECT pg_relation_size('grants')").Scan(&bytes); err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	db, stop := OpenPostgres(t, dsn)
	const grants, rounds = 20, 15
	var all [grants]world
	for i := range all {
		all[i] = settle(t, db)
	}
	play := func() {
		for range rounds {
			for i := range all {
				if !rotate(t, db, swapFor(all[i])).moved {
					t.Fatal("not moved")
				}
				all[i].grant.Current++
			}
		}
	}
	play()
	before := size()
	play()
	if after := size(); after > before+8192 {
		t.Errorf("the table takes %d bytes after %d rotations of each grant and %d after twice as many: it grows with use", before, rounds, after)
	}
	stop() // the ended sessions hand in their statistics
	var updated, hot int64
	for updated < 2*grants*rounds {
		if err := stats.QueryRowContext(t.Context(), "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'grants'").Scan(&updated, &hot); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond) // another process counts; there is no clock of ours to turn
	}
	if hot < updated*95/100 {
		t.Errorf("%d of %d rotations were heap-only, want nearly all", hot, updated)
	}
}
