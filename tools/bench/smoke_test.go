package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/store/storetest"
)

// TestMain is the echo server when the bench under test runs itself again.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == echoVerb {
		if err := serveEcho(); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// tiny is every measurement at a scale that says nothing but that it can be made.
func tiny(engine string) plan {
	return plan{
		engines: []string{engine}, connections: []int{compared}, rounds: 1, round: 100 * time.Millisecond,
		grants: 500, driven: 64, starts: 1, loops: 5, large: 2000, sustained: 500 * time.Millisecond,
	}
}

func TestSmokeSQLite(t *testing.T) { smoke(t, sqliteEngine) }

func TestSmokePostgres(t *testing.T) {
	if testing.Short() {
		t.Skip("the SQLite part runs the same code; leave out -short for both")
	}
	server, err := storetest.StartServer()
	if errors.Is(err, storetest.ErrNoPostgres) && !insisted() {
		t.Skipf("%v; install it (Debian: apt-get install postgresql)", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	smoke(t, postgresEngine)
}

// smoke runs a tiny bench and asks that every bar of the engine was measured, that the figures make sense, and that
// nothing is left behind.
func smoke(t *testing.T, engine string) {
	if !supported {
		t.Skip("processor time is read from /proc, which this system has not")
	}
	t.Setenv("TMPDIR", t.TempDir())
	var out, progress bytes.Buffer
	if err := run(t.Context(), tiny(engine), &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var got struct {
		Figures []figure `json:"figures"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
		t.Fatalf("the last line is not JSON: %v\n%s", err, out.String())
	}
	for name := range bars() {
		other := strings.HasPrefix(name, sqliteEngine) && engine != sqliteEngine || strings.HasPrefix(name, postgresEngine) && engine != postgresEngine
		if !other && !slices.ContainsFunc(got.Figures, func(f figure) bool { return f.Name == name && f.Holds != nil }) {
			t.Errorf("%s: has a bar and was not measured", name)
		}
	}
	for _, f := range got.Figures {
		if f.Value <= 0 && !mayBeZero(f.Name) {
			t.Errorf("%s: got %v", f.Name, f.Value)
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// mayBeZero lists what a tiny run may find nothing of: a clock that ticks every 10 ms, statistics that come a second later.
func mayBeZero(name string) bool {
	return slices.ContainsFunc([]string{"CPU", "HOT", "autovacuums", "dead rows"}, func(s string) bool { return strings.Contains(name, s) })
}
