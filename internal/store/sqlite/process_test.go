package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/store"
)

// envChild makes this test binary play another process on the file it names.
const envChild = "DAYPASS_SQLITE_CHILD"

const (
	increments = 100
	counterID  = 7
)

const incrementSQL = "UPDATE things SET v = CAST(CAST(CAST(v AS TEXT) AS INTEGER) + 1 AS BLOB) WHERE id = $1"

func increment(q store.Querier) error {
	_, err := q.ExecContext(context.Background(), incrementSQL, counterID)
	return err
}

// swapIncrement is increment as a swap.
func swapIncrement(ctx context.Context, e *Engine) error {
	_, err := e.Swap(ctx, store.Statement{SQL: incrementSQL, Args: []any{int64(counterID)}})
	return err
}

// TestChildProcess is not a test: it is the other process of the tests below. It increments the counter
// as often as the argument says (0: for ever) and prints each acknowledged commit.
func TestChildProcess(t *testing.T) {
	path, times, ok := strings.Cut(os.Getenv(envChild), "|")
	if !ok {
		t.Skip("only played for another test")
	}
	n, err := strconv.Atoi(times)
	if err != nil {
		t.Fatal(err)
	}
	e := opened(t, path)
	running(t, e)
	for i := 0; n == 0 || i < n; i++ {
		if err := e.Update(t.Context(), increment); err != nil {
			t.Fatal(err)
		}
		fmt.Println("acknowledged", i+1)
	}
}

func child(t *testing.T, path string, times int) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildProcess$") // #nosec G204 -- this very test binary
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d", envChild, path, times))
	return cmd
}

func counter(t *testing.T, e *Engine) (n int) {
	t.Helper()
	err := e.View(t.Context(), func(q store.Querier) error {
		return q.QueryRowContext(t.Context(), "SELECT CAST(CAST(v AS TEXT) AS INTEGER) FROM things WHERE id = $1", counterID).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func withCounter(t *testing.T, path string) *Engine {
	t.Helper()
	e := opened(t, path)
	running(t, e)
	err := e.Update(t.Context(), func(q store.Querier) error {
		_, err := q.ExecContext(t.Context(), "INSERT INTO things (id, v) VALUES ($1, $2)", counterID, []byte("0"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSeveralProcessesWriteAndNobodySeesLocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "things.db")
	first := withCounter(t, path)
	second := opened(t, path)
	running(t, second)
	other := child(t, path, increments)
	var all sync.WaitGroup
	all.Go(func() {
		if out, err := other.CombinedOutput(); err != nil {
			t.Errorf("the other process: %v\n%s", err, out)
		}
	})
	for _, e := range []*Engine{first, second} {
		for _, call := range []func() error{
			func() error { return e.Update(t.Context(), increment) },
			func() error { return swapIncrement(t.Context(), e) },
		} {
			all.Go(func() {
				for range increments {
					if err := call(); err != nil {
						t.Errorf("write: %v", err)
						return
					}
				}
			})
		}
		all.Go(func() {
			for range increments {
				if err := e.View(t.Context(), func(store.Querier) error { return nil }); err != nil {
					t.Errorf("read: %v", err)
					return
				}
				counter(t, e)
			}
		})
	}
	all.Wait()
	if got, want := counter(t, first), 5*increments; got != want {
		t.Errorf("counter %d, want %d: acknowledged writes were lost", got, want)
	}
}

func TestWhatWasAcknowledgedSurvivesTheDeathOfTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "things.db")
	withCounter(t, path)
	dying := child(t, path, 0)
	out, err := dying.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := dying.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, err := strconv.Atoi(strings.TrimPrefix(lines.Text(), "acknowledged ")); err == nil {
			acknowledged = n
		}
		if acknowledged == 50 {
			if err := dying.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = dying.Wait() // "signal: killed" is what we asked for
	reopened := opened(t, path)
	if got := counter(t, reopened); got < acknowledged || acknowledged < 50 || got > acknowledged+1 {
		t.Errorf("counter %d after %d acknowledged commits", got, acknowledged)
	}
}

func TestNodesMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	for range 2 {
		path := filepath.Join(t.TempDir(), "things.db")
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				e, err := Open(t.Context(), path)
				if err != nil {
					t.Errorf("open: %v", err)
					return
				}
				defer func() { _ = e.Close() }()
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				if err := store.New(e).Migrate(ctx); err != nil {
					t.Errorf("migrate: %v", err)
				}
			})
		}
		all.Wait()
	}
}
