package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/daypass/daypass/internal/store"
)

// opened returns an engine over a fresh file with one table, its writer not running yet.
func opened(t testing.TB, path string) *Engine {
	t.Helper()
	e, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	schema := fstest.MapFS{"0001_things.sql": {Data: []byte(
		"-- +goose Up\nCREATE TABLE things (id @INT NOT NULL PRIMARY KEY, v @BLOB NOT NULL) @TABLE;\n")}}
	if err := e.Migrate(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	return e
}

// running starts the writer; stop ends it and waits.
func running(t testing.TB, e *Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("writer: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func fresh(t testing.TB) *Engine {
	t.Helper()
	e := opened(t, filepath.Join(t.TempDir(), "things.db"))
	running(t, e)
	return e
}

func insert(id int) func(store.Querier) error { return put(id, []byte("x")) }

func put(id int, v []byte) func(store.Querier) error {
	return func(q store.Querier) error {
		_, err := q.ExecContext(context.Background(), "INSERT INTO things (id, v) VALUES ($1, $2)", id, v)
		return err
	}
}

// swapIn is insert as a swap.
func swapIn(ctx context.Context, e *Engine, id int) error { return swapPut(ctx, e, id, []byte("x")) }

func swapPut(ctx context.Context, e *Engine, id int, v []byte) error {
	var got int64
	found, err := e.Swap(ctx, store.Statement{
		SQL: "INSERT INTO things (id, v) VALUES ($1, $2) RETURNING id", Args: []any{int64(id), v}, Row: []any{&got},
	})
	if err == nil && (!found || got != int64(id)) {
		return fmt.Errorf("found %v, row %d", found, got)
	}
	return err
}

// ids lists what is in the table.
func ids(t testing.TB, e *Engine) map[int]bool {
	t.Helper()
	found := map[int]bool{}
	err := e.View(t.Context(), func(q store.Querier) error {
		rows, err := q.QueryContext(t.Context(), "SELECT id FROM things")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id int
			if err := rows.Scan(&id); err != nil {
				return err
			}
			found[id] = true
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// held occupies the writer until release is called, so that what comes next is drained as one batch.
func held(t testing.TB, e *Engine) (release func()) {
	t.Helper()
	entered, gate, left := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		left <- e.Update(context.Background(), func(store.Querier) error {
			close(entered)
			<-gate
			return nil
		})
	}()
	<-entered
	return sync.OnceFunc(func() {
		close(gate)
		if err := <-left; err != nil {
			t.Errorf("the job that held the writer: %v", err)
		}
	})
}

// queued waits until n jobs stand in the queue.
func queued(e *Engine, n int) {
	for len(e.jobs) < n {
		runtime.Gosched()
	}
}

// submitted hands in jobs one after the other while the writer is held, and returns their answers.
type submitted struct {
	e       *Engine
	answers []chan error
	cancels []context.CancelFunc
}

func (s *submitted) add(fn func(store.Querier) error) {
	s.call(func(ctx context.Context) error { return s.e.Update(ctx, fn) })
}

// addInsert hands in what insert does, as a swap if so wished.
func (s *submitted) addInsert(swap bool, id int) { s.addPut(swap, id, []byte("x")) }

func (s *submitted) addPut(swap bool, id int, v []byte) {
	if swap {
		s.call(func(ctx context.Context) error { return swapPut(ctx, s.e, id, v) })
		return
	}
	s.add(put(id, v))
}

func (s *submitted) call(run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan error, 1)
	s.answers, s.cancels = append(s.answers, answer), append(s.cancels, cancel)
	go func() { answer <- run(ctx) }()
	queued(s.e, len(s.answers))
}

func pragma(t testing.TB, q store.Querier, name string) string {
	t.Helper()
	var v string
	if err := q.QueryRowContext(context.Background(), "PRAGMA "+name).Scan(&v); err != nil {
		t.Errorf("PRAGMA %s: %v", name, err)
	}
	return v
}

func TestTheLibraryIsPastTheWALResetRace(t *testing.T) {
	t.Parallel()
	e := fresh(t)
	if err := checkVersion(t.Context(), e.write); err != nil {
		t.Error(err)
	}
	for version, ok := range map[string]bool{
		"3.7.0": false, "3.49.2": false, "3.51.2": false, "3.51.3": true, "3.51.10": true, "3.54.1": true, "4.0.0": true, "3.52": true, "nonsense": false,
	} {
		if err := acceptVersion(version); (err == nil) != ok {
			t.Errorf("version %s: %v", version, err)
		}
	}
}

func TestEveryConnectionIsDurableAndWaits(t *testing.T) {
	t.Parallel()
	e := fresh(t)
	check := func(who string, q store.Querier, wants map[string]string) {
		for name, want := range wants {
			if got := pragma(t, q, name); got != want {
				t.Errorf("%s: PRAGMA %s = %s, want %s", who, name, got, want)
			}
		}
	}
	_ = e.Update(t.Context(), func(q store.Querier) error {
		check("writer", q, map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "10000", "query_only": "0", "wal_autocheckpoint": "10000"})
		return nil
	})
	_ = e.View(t.Context(), func(q store.Querier) error {
		check("reader", q, map[string]string{"journal_mode": "wal", "busy_timeout": "10000", "query_only": "1"})
		return nil
	})
}

func TestAPathMayHoldAnyCharacter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a b.db", "a?mode=memory.db", "a#b.db", "a%20b.db", "ä:b.db"} {
		e := opened(t, filepath.Join(dir, name))
		running(t, e)
		if err := e.Update(t.Context(), insert(1)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if found, err := filepath.Glob(filepath.Join(dir, "*.db")); err != nil || !contains(found, filepath.Join(dir, name)) {
			t.Errorf("%s: the folder holds %q (%v)", name, found, err)
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func TestAViewIsOneSnapshotAndNeverWaitsForTheWriter(t *testing.T) {
	t.Parallel()
	e := fresh(t)
	count := func(q store.Querier) (n int) {
		if err := q.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM things").Scan(&n); err != nil {
			t.Error(err)
		}
		return n
	}
	err := e.View(t.Context(), func(q store.Querier) error {
		before := count(q)
		if err := e.Update(t.Context(), insert(1)); err != nil {
			return err
		}
		if after := count(q); after != before {
			t.Errorf("%d rows, then %d in the same view", before, after)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	release := held(t, e)
	defer release()
	if got := ids(t, e); !got[1] {
		t.Errorf("rows %v while the writer is busy", got)
	}
}

func TestAViewCannotWrite(t *testing.T) {
	t.Parallel()
	e := fresh(t)
	if err := e.View(t.Context(), insert(1)); err == nil {
		t.Error("a view wrote")
	}
	if got := ids(t, e); len(got) != 0 {
		t.Errorf("rows %v", got)
	}
}

func TestAPanickingViewIsAnErrorAndGivesItsReaderBack(t *testing.T) {
	t.Parallel()
	e := fresh(t)
	for range 3 * readers {
		err := e.View(t.Context(), func(q store.Querier) error {
			var row sql.NullInt64
			_ = q.QueryRowContext(t.Context(), "SELECT 1").Scan(&row)
			panic("a bug")
		})
		if err == nil || errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("%v, want an error that is a bug's", err)
		}
	}
	ids(t, e)
}

func TestAClosedFileIsUnavailable(t *testing.T) {
	t.Parallel()
	e := opened(t, filepath.Join(t.TempDir(), "things.db"))
	running(t, e)()
	if got := ids(t, e); len(got) != 0 { // readers live until Close
		t.Errorf("rows %v", got)
	}
	for name, call := range map[string]func() error{
		"update": func() error { return e.Update(context.Background(), insert(1)) },
		"swap":   func() error { return swapIn(context.Background(), e, 2) },
	} {
		if err := call(); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s after Run: %v, want ErrUnavailable", name, err)
		}
	}
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Fatal(err)
	}
	err := e.View(context.Background(), func(store.Querier) error { return nil })
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("view after Close: %v, want ErrUnavailable", err)
	}
}
