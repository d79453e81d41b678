package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/postgres"
)

// counted is a table of n rows whose v is 0.
func counted(t *testing.T, n int) (dsn string, e *postgres.Engine) {
	t.Helper()
	dsn, e = things(t)
	must(t, e.Update(t.Context(), func(q store.Querier) error {
		_, err := q.ExecContext(t.Context(), "INSERT INTO things SELECT i, 0 FROM generate_series(3, $1::bigint) i", n)
		return err
	}))
	return dsn, e
}

// queue holds the lanes, hands in one call after the other, releases and returns their errors.
func queue(t *testing.T, e *postgres.Engine, calls ...func() error) []error {
	t.Helper()
	waiting, release := postgres.HoldLane(e)
	answers := make([]chan error, len(calls))
	for i, call := range calls {
		answers[i] = make(chan error, 1)
		go func() { answers[i] <- call() }()
		for waiting() <= i {
			time.Sleep(time.Millisecond / 10)
		}
	}
	release()
	errs := make([]error, len(calls))
	for i := range answers {
		errs[i] = <-answers[i]
	}
	return errs
}

func TestSwapsThatComeAtOnceShareATransaction(t *testing.T) {
	t.Parallel()
	const n = 16
	_, e := counted(t, n)
	var calls []func() error
	transactions := make([]int64, n)
	for i := range n {
		calls = append(calls, func() error {
			_, err := e.Swap(t.Context(), store.Statement{
				SQL:  "UPDATE things SET v = v + 1 WHERE id = $1 RETURNING pg_current_xact_id()::text::bigint",
				Args: []any{int64(i + 1)}, Row: []any{&transactions[i]},
			})
			return err
		})
	}
	must(t, errors.Join(queue(t, e, calls...)...))
	distinct := map[int64]bool{}
	for i := range n {
		distinct[transactions[i]] = true
		if got := value(t, e, i+1); got != 1 {
			t.Errorf("row %d: %d, want 1", i+1, got)
		}
	}
	if len(distinct) != 1 {
		t.Errorf("%d transactions, want one", len(distinct))
	}
}

func TestOneFailingSwapHarmsNoOther(t *testing.T) {
	t.Parallel()
	_, e := counted(t, 8)
	var calls []func() error
	for i := range int64(8) {
		calls = append(calls, func() error { return swapIn(t.Context(), e, i+1) })
	}
	calls[3] = func() error {
		_, err := e.Swap(t.Context(), store.Statement{SQL: "UPDATE things SET v = 1 / (v - v) WHERE id = $1", Args: []any{int64(4)}})
		return err
	}
	for i, err := range queue(t, e, calls...) {
		if i == 3 && (err == nil || errors.Is(err, store.ErrUnavailable)) {
			t.Errorf("the failing swap: %v, want an error of its own", err)
		}
		if i != 3 && err != nil {
			t.Errorf("swap %d: %v", i, err)
		}
		if got := value(t, e, i+1); i != 3 && got != 1 {
			t.Errorf("row %d: %d, want 1", i+1, got)
		}
	}
}

func TestALockedRowHoldsUpItsOwnSwapAlone(t *testing.T) {
	t.Parallel()
	dsn, e := counted(t, 8)
	blocker, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	defer func() { _ = blocker.Close(context.Background()) }()
	for _, statement := range []string{"BEGIN", "UPDATE things SET v = 100 WHERE id = 4"} {
		_, err := blocker.Exec(t.Context(), statement)
		must(t, err)
	}
	locked := make(chan error, 1)
	var calls []func() error
	for i := range int64(8) {
		calls = append(calls, func() error { return swapIn(t.Context(), e, i+1) })
	}
	calls[3] = func() error {
		go func() { locked <- swapIn(t.Context(), e, 4) }()
		return nil
	}
	waiting, release := postgres.HoldLane(e)
	answers := make(chan error, len(calls))
	for _, call := range calls {
		go func() { answers <- call() }()
	}
	for waiting() < len(calls) {
		time.Sleep(time.Millisecond / 10)
	}
	release()
	for range calls {
		must(t, <-answers)
	}
	select {
	case err := <-locked:
		t.Errorf("the locked row's swap was answered with %v before the others", err)
	default:
	}
	_, err = blocker.Exec(t.Context(), "COMMIT")
	must(t, err)
	must(t, <-locked)
	if got := value(t, e, 4); got != 101 {
		t.Errorf("row %d, want 101", got)
	}
}

func TestASwapThatIsCancelledWhileItWaitsIsNeverSent(t *testing.T) {
	t.Parallel()
	_, e := counted(t, 3)
	gone, cancel := context.WithCancel(t.Context())
	hurried, cancelHurried := context.WithTimeout(t.Context(), 3*time.Second) // less than a swap may take
	defer cancelHurried()
	waiting, release := postgres.HoldLane(e)
	answers := map[context.Context]chan error{t.Context(): make(chan error, 1), gone: make(chan error, 1), hurried: make(chan error, 1)}
	for i, ctx := range []context.Context{t.Context(), gone, hurried} {
		go func() { answers[ctx] <- swapIn(ctx, e, int64(i+1)) }()
	}
	for waiting() < 3 {
		time.Sleep(time.Millisecond / 10)
	}
	cancel()
	if err := <-answers[gone]; !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v, want ErrUnavailable at once", err)
	}
	release()
	must(t, <-answers[t.Context()])
	if err := <-answers[hurried]; !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("in a hurry: %v, want ErrUnavailable", err)
	}
	for id, want := range map[int]int{1: 1, 2: 0, 3: 0} {
		if got := value(t, e, id); got != want {
			t.Errorf("row %d: %d, want %d", id, got, want)
		}
	}
}

// What waits behind a batch that takes its time goes on another lane.
func TestASlowBatchDoesNotHoldTheNextUp(t *testing.T) {
	t.Parallel()
	_, e := counted(t, 2)
	must(t, swapIn(t.Context(), e, 1)) // connects
	const sleeps = "UPDATE things SET v = v + 1 WHERE id = 1 AND pg_sleep(0.2) IS NOT NULL"
	slow := make(chan error, 1)
	go func() {
		_, err := e.Swap(t.Context(), store.Statement{SQL: sleeps})
		slow <- err
	}()
	for asleep := false; !asleep; {
		must(t, e.View(t.Context(), func(q store.Querier) error {
			return q.QueryRowContext(t.Context(), "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = $1)", sleeps).Scan(&asleep)
		}))
		if len(slow) > 0 {
			t.Fatalf("it did not sleep: %v", <-slow)
		}
	}
	must(t, swapIn(t.Context(), e, 2))
	select {
	case err := <-slow:
		t.Errorf("the slow one was answered first: %v", err)
	default:
		must(t, <-slow)
	}
}

func TestSwapsOfAClosedEngineAreUnavailable(t *testing.T) {
	t.Parallel()
	_, e := things(t)
	must(t, swapIn(t.Context(), e, 1))
	must(t, e.Close())
	if err := swapIn(t.Context(), e, 1); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
}
