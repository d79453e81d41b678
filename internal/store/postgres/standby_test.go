package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

// A log-out that only the primary has must not be answered: with the primary it would be lost. And it must not wait for
// ever either, for those that wait use up the pool; the fault kit found that when its standby was gone.
func TestACommitThatNoStandbyConfirmsIsUnavailableAfterAWhile(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for as long as a transaction may last")
	}
	cluster := storetest.PostgresCluster(t)
	dsn := cluster.Database()
	e := opened(t, dsn)
	must(t, e.Update(t.Context(), func(q store.Querier) error {
		_, err := q.ExecContext(t.Context(), "CREATE TABLE things AS SELECT 1::bigint AS id, 0::bigint AS v")
		return err
	}))
	admin, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	defer func() { _ = admin.Close(t.Context()) }()
	for _, statement := range []string{"ALTER SYSTEM SET synchronous_standby_names = 'gone'", "SELECT pg_reload_conf()"} {
		_, err := admin.Exec(t.Context(), statement)
		must(t, err)
	}
	for time.Sleep(100 * time.Millisecond); show(t, "synchronous_standby_names", e.View) != "gone"; {
		time.Sleep(20 * time.Millisecond)
	}
	began := time.Now()
	err = e.Update(t.Context(), func(q store.Querier) error { return add(t.Context(), q, 1) })
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("after %v: %v, want ErrUnavailable", time.Since(began), err)
	}
}
