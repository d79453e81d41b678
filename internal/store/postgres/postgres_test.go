package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/storetest"
)

const patience = 30 * time.Second

func opened(t *testing.T, dsn string) *postgres.Engine {
	t.Helper()
	e, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() }) // a killed server leaves nothing to close in order
	return e
}

// things is a fresh database with a table of two rows, and an engine on it.
func things(t *testing.T) (dsn string, e *postgres.Engine) {
	t.Helper()
	dsn = storetest.Postgres(t)
	e = opened(t, dsn)
	must(t, e.Update(t.Context(), func(q store.Querier) error {
		if _, err := q.ExecContext(t.Context(), "CREATE TABLE things (id BIGINT PRIMARY KEY, v BIGINT NOT NULL)"); err != nil {
			return err
		}
		_, err := q.ExecContext(t.Context(), "INSERT INTO things VALUES (1, 0), (2, 0)")
		return err
	}))
	return dsn, e
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func add(ctx context.Context, q store.Querier, id int) error {
	_, err := q.ExecContext(ctx, "UPDATE things SET v = v + 1 WHERE id = $1", id)
	return err
}

// swapIn is add as a swap.
func swapIn(ctx context.Context, e *postgres.Engine, id int64) error {
	var v int64
	found, err := e.Swap(ctx, store.Statement{SQL: "UPDATE things SET v = v + 1 WHERE id = $1 RETURNING v", Args: []any{id}, Row: []any{&v}})
	if err == nil && (!found || v == 0) {
		return fmt.Errorf("found %v, value %d", found, v)
	}
	return err
}

// showSwap is show for the connections of swaps.
func showSwap(t *testing.T, name string, e *postgres.Engine) (v string) {
	t.Helper()
	found, err := e.Swap(t.Context(), store.Statement{SQL: "SELECT current_setting($1)", Args: []any{name}, Row: []any{&v}})
	must(t, err)
	if !found {
		t.Errorf("%s: no row", name)
	}
	return v
}

func value(t *testing.T, e *postgres.Engine, id int) (v int) {
	t.Helper()
	must(t, e.View(t.Context(), func(q store.Querier) error {
		return q.QueryRowContext(t.Context(), "SELECT v FROM things WHERE id = $1", id).Scan(&v)
	}))
	return v
}

func show(t *testing.T, name string, run func(context.Context, func(store.Querier) error) error) (v string) {
	t.Helper()
	must(t, run(t.Context(), func(q store.Querier) error { return q.QueryRowContext(t.Context(), "SHOW "+name).Scan(&v) }))
	return v
}

// What a rotation may lose with the machine, a log-out may not.
func TestOnlySwapsAreRelaxed(t *testing.T) {
	t.Parallel()
	_, e := things(t)
	for setting, want := range map[string]string{
		"synchronous_commit": "off", "statement_timeout": "250ms", "lock_timeout": "50ms", "timezone": "UTC", "transaction_isolation": "read committed",
	} {
		if got := showSwap(t, setting, e); got != want {
			t.Errorf("swap: %s = %s, want %s", setting, got, want)
		}
	}
	for _, c := range []struct {
		name, setting, want string
		run                 func(context.Context, func(store.Querier) error) error
	}{
		{"update", "synchronous_commit", "on", e.Update},
		{"update", "statement_timeout", "30s", e.Update},
		{"update", "transaction_isolation", "read committed", e.Update},
		{"view", "transaction_isolation", "repeatable read", e.View},
		{"view", "transaction_read_only", "on", e.View},
	} {
		if got := show(t, c.setting, c.run); got != c.want {
			t.Errorf("%s: %s = %s, want %s", c.name, c.setting, got, c.want)
		}
	}
}

func TestDeadlocksAreRetried(t *testing.T) {
	t.Parallel()
	_, e := things(t)
	var meet sync.WaitGroup
	meet.Add(2)
	var both sync.WaitGroup
	var runs atomic.Int32
	for _, order := range [][]int{{1, 2}, {2, 1}} {
		both.Go(func() {
			first := true
			err := e.Update(t.Context(), func(q store.Querier) error {
				runs.Add(1)
				if err := add(t.Context(), q, order[0]); err != nil {
					return err
				}
				if first { // now both hold one row and want the other's
					first = false
					meet.Done()
					meet.Wait()
				}
				return add(t.Context(), q, order[1])
			})
			if err != nil {
				t.Errorf("%v: %v", order, err)
			}
		})
	}
	both.Wait()
	if a, b := value(t, e, 1), value(t, e, 2); a != 2 || b != 2 || runs.Load() < 3 {
		t.Errorf("rows %d and %d after %d runs; want 2, 2 after a retry", a, b, runs.Load())
	}
}

func TestSerializationFailuresAreRetriedAndBounded(t *testing.T) {
	t.Parallel()
	_, e := things(t)
	fail := func(q store.Querier) error {
		_, err := q.ExecContext(t.Context(), "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")
		return err
	}
	runs := 0
	must(t, e.Update(t.Context(), func(q store.Querier) error {
		if err := add(t.Context(), q, 1); err != nil {
			return err
		}
		if runs++; runs < 4 {
			return fail(q)
		}
		return nil
	}))
	if got := value(t, e, 1); got != 1 || runs != 4 {
		t.Errorf("row %d after %d runs, want 1 after 4", got, runs)
	}
	runs = 0
	err := e.Update(t.Context(), func(q store.Querier) error { runs++; return fail(q) })
	if !errors.Is(err, store.ErrUnavailable) || runs < 2 || runs > 20 {
		t.Errorf("%v after %d runs, want ErrUnavailable after some", err, runs)
	}
}

// A refresh that waits for a locked row is told 503 and is not executed when the row is free.
func TestASwapThatWaitsTooLongIsUnavailableAndNeverExecuted(t *testing.T) {
	t.Parallel()
	dsn, e := things(t)
	blocker, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	defer func() { _ = blocker.Close(context.Background()) }()
	for _, statement := range []string{"BEGIN", "UPDATE things SET v = 100 WHERE id = 1"} {
		_, err := blocker.Exec(t.Context(), statement)
		must(t, err)
	}
	deadline, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	hurried, cancelHurried := context.WithTimeout(t.Context(), time.Second) // less than the server's own bound
	defer cancelHurried()
	var all sync.WaitGroup
	for name, ctx := range map[string]context.Context{"no deadline": t.Context(), "ten seconds": deadline, "one second": hurried} {
		all.Go(func() {
			began := time.Now()
			err := swapIn(ctx, e, 1)
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s: %v, want ErrUnavailable", name, err)
			}
			if waited := time.Since(began); waited > 8*time.Second {
				t.Errorf("%s: answered after %v", name, waited)
			}
		})
	}
	all.Wait()
	_, err = blocker.Exec(t.Context(), "COMMIT")
	must(t, err)
	must(t, swapIn(t.Context(), e, 2)) // the server is well
	if got := value(t, e, 1); got != 100 {
		t.Errorf("row %d, want 100: a refused swap was executed", got)
	}
}

func TestALostConnectionIsUnavailableAndTheNextCallWorks(t *testing.T) {
	t.Parallel()
	dsn, e := things(t)
	for name, run := range map[string]func(context.Context, func(store.Querier) error) error{"update": e.Update, "view": e.View} {
		err := run(t.Context(), func(q store.Querier) error {
			var pid int
			if err := q.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
				return err
			}
			killer, err := pgx.Connect(t.Context(), dsn)
			if err != nil {
				return err
			}
			defer func() { _ = killer.Close(context.Background()) }()
			if _, err = killer.Exec(t.Context(), "SELECT pg_terminate_backend($1)", pid); err != nil {
				return err
			}
			_, err = q.ExecContext(t.Context(), "SELECT pg_sleep(5)")
			return err
		})
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		var n int
		for { // pooled connections die one after the other
			err := run(ctx, func(q store.Querier) error { return q.QueryRowContext(ctx, "SELECT 1").Scan(&n) })
			if err == nil {
				break
			}
			if !errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
				t.Fatalf("%s afterwards: %v", name, err)
			}
		}
		cancel()
	}
}

func TestAKilledServerIsUnavailableAndComesBack(t *testing.T) {
	t.Parallel()
	cluster := storetest.PostgresCluster(t)
	dsn := cluster.Database()
	e := opened(t, dsn)
	must(t, e.Update(t.Context(), func(q store.Querier) error {
		_, err := q.ExecContext(t.Context(), "CREATE TABLE things AS SELECT 1::bigint AS id, 0::bigint AS v")
		return err
	}))
	must(t, swapIn(t.Context(), e, 1))
	cluster.Kill()
	calls := map[string]func(context.Context) error{
		"update": func(ctx context.Context) error {
			return e.Update(ctx, func(q store.Querier) error { return add(ctx, q, 1) })
		},
		"view": func(ctx context.Context) error {
			return e.View(ctx, func(q store.Querier) error { _, err := q.ExecContext(ctx, "SELECT 1"); return err })
		},
		"swap": func(ctx context.Context) error { return swapIn(ctx, e, 1) },
	}
	for name, run := range calls {
		if err := run(t.Context()); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s on a dead server: %v, want ErrUnavailable", name, err)
		}
	}
	if _, _, err := e.Clock(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("clock of a dead server: %v, want ErrUnavailable", err)
	}
	cluster.Start()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for name, run := range calls {
		for ctx.Err() == nil {
			err := run(ctx)
			if err == nil {
				break
			}
			if !errors.Is(err, store.ErrUnavailable) {
				t.Fatalf("%s on the restarted server: %v", name, err)
			}
		}
	}
	if ctx.Err() != nil {
		t.Error("the engine never found the restarted server")
	}
}

func TestACancelledTransactionIsUnavailable(t *testing.T) {
	t.Parallel()
	_, e := things(t)
	for name, run := range map[string]func(context.Context, func(store.Querier) error) error{"update": e.Update, "view": e.View} {
		for _, swallow := range []bool{false, true} {
			ctx, cancel := context.WithCancel(t.Context())
			err := run(ctx, func(q store.Querier) error {
				cancel()
				err := add(ctx, q, 1)
				if swallow {
					return nil
				}
				return err
			})
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s, error swallowed %v: %v, want ErrUnavailable", name, swallow, err)
			}
		}
	}
	if got := value(t, e, 1); got != 0 {
		t.Errorf("row %d: something was committed", got)
	}
}

func TestAPanicUndoesTheTransaction(t *testing.T) {
	t.Parallel()
	_, e := things(t)
	func() {
		defer func() { _ = recover() }()
		_ = e.Update(t.Context(), func(q store.Querier) error {
			must(t, add(t.Context(), q, 1))
			panic("a bug")
		})
	}()
	if got := value(t, e, 1); got != 0 {
		t.Errorf("row %d: half a transaction was committed", got)
	}
}

func TestNodesMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	dsn := storetest.Postgres(t)
	var all sync.WaitGroup
	for range 3 {
		e := opened(t, dsn)
		all.Go(func() {
			if err := store.New(e).Migrate(t.Context()); err != nil {
				t.Errorf("migrate: %v", err)
			}
		})
	}
	all.Wait()
}

func TestAnErrorNamesNoPassword(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://daypass:hunter2@127.0.0.1:1/daypass?connect_timeout=2", "postgres://daypass:hunter2@127.0.0.1:nonsense/x", "daypass:hunter2@tcp(x)/y",
		"postgres://daypass:hunter2@%zz/x",
	} {
		_, err := postgres.Open(t.Context(), dsn)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v, want an error without the password", err)
		}
	}
}

// A failover: the first host is gone, the second refuses to write, the third is the new primary.
func TestTheHostThatTakesWritesIsFound(t *testing.T) {
	t.Parallel()
	follower := storetest.PostgresCluster(t, storetest.InsecureNoFsync(), storetest.Setting("default_transaction_read_only", "on"))
	primary := storetest.PostgresCluster(t, storetest.InsecureNoFsync())
	socket := func(dsn string) string {
		u, err := url.Parse(dsn)
		must(t, err)
		return u.Query().Get("host")
	}
	q := url.Values{
		"host": {strings.Join([]string{t.TempDir(), socket(follower.DSN("postgres")), socket(primary.DSN("postgres"))}, ",")},
		"port": {"5432,5432,5432"}, "sslmode": {"disable"}, "target_session_attrs": {"read-write"},
	}
	e := opened(t, "postgres://postgres@/postgres?"+q.Encode())
	must(t, e.Update(t.Context(), func(q store.Querier) error {
		_, err := q.ExecContext(t.Context(), "CREATE TABLE things (id BIGINT PRIMARY KEY, v BIGINT NOT NULL)")
		return err
	}))
	must(t, e.Update(t.Context(), func(q store.Querier) error {
		_, err := q.ExecContext(t.Context(), "INSERT INTO things VALUES (1, 7)")
		return err
	}))
	must(t, swapIn(t.Context(), e, 1))
	if got := value(t, e, 1); got != 8 {
		t.Errorf("got %d, want 8", got)
	}
}
