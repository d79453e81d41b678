package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestEachTestGetsADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	first, second := Postgres(t), Postgres(t)
	mustExec(t, first, "CREATE TABLE mine (id BIGINT PRIMARY KEY)")
	mustExec(t, second, "CREATE TABLE mine (id BIGINT PRIMARY KEY)")
	if got := query(t, first, "SHOW fsync"); got != "on" {
		t.Errorf("fsync = %q, want on: commits must reach the disk", got)
	}
}

func TestDatabaseIsDroppedAfterItsTest(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("uses it", func(t *testing.T) { dsn = Postgres(t) })
	if dsn == "" {
		t.Skip("no PostgreSQL")
	}
	var refused *pgconn.PgError
	if err := execSQL(dsn, "SELECT 1"); !errors.As(err, &refused) || refused.Code != "3D000" {
		t.Errorf("after the test: got %v, want SQLSTATE 3D000 (no such database)", err)
	}
}

func TestKilledClusterComesBackWithWhatWasCommitted(t *testing.T) {
	t.Parallel()
	c := PostgresCluster(t)
	dsn := c.Database()
	mustExec(t, dsn, "CREATE TABLE kept (id BIGINT PRIMARY KEY)")
	mustExec(t, dsn, "INSERT INTO kept VALUES (7)")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	busy, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := busy.Exec(ctx, "SELECT pg_sleep(3600)")
		ended <- err
	}()

	c.Kill()
	if err := <-ended; err == nil || ctx.Err() != nil {
		t.Errorf("a statement in flight: got %v, want the connection to break at once", err)
	}
	if err := execSQL(dsn, "SELECT 1"); err == nil {
		t.Error("the killed server still answers")
	}
	c.Start()
	if got := query(t, dsn, "SELECT id::text FROM kept"); got != "7" {
		t.Errorf("after the restart: got %q, want 7", got)
	}
	c.Stop()
	c.Start()
	if got := query(t, dsn, "SELECT id::text FROM kept"); got != "7" {
		t.Errorf("after an orderly stop: got %q, want 7", got)
	}
}

func TestClusterSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	c := PostgresCluster(t, InsecureNoFsync(), Setting("max_connections", "17"))
	if got := query(t, c.DSN("postgres"), "SHOW fsync"); got != "off" {
		t.Errorf("fsync = %q, want off", got)
	}
	if got := query(t, c.DSN("postgres"), "SHOW max_connections"); got != "17" {
		t.Errorf("max_connections = %q, want 17", got)
	}
}

// envOrphan makes the test below play the process that dies.
const envOrphan = "DAYPASS_STORETEST_ORPHAN"

func TestNothingIsLeftWhenTheTestProcessIsKilled(t *testing.T) {
	if os.Getenv(envOrphan) != "" {
		fmt.Println(PostgresCluster(t).DSN("postgres"))
		select {} // until the parent kills us
	}
	t.Parallel()
	if _, err := findPrograms(); err != nil {
		needPostgres(t, err)
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), envOrphan+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the child started no server: %v", err)
	}
	dsn := strings.TrimSpace(line)
	mustExec(t, dsn, "SELECT 1")
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}

	dir := u.Query().Get("host")
	lock, err := os.ReadFile(dir + "/data/postmaster.pid")
	if err != nil {
		t.Fatal(err)
	}
	pid, _, _ := strings.Cut(string(lock), "\n")

	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // "signal: killed" is what we asked for
	for range 1000 {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			// A process that ended but that nobody collected has no command line left.
			if cmdline, err := os.ReadFile("/proc/" + pid + "/cmdline"); err == nil && len(cmdline) > 0 {
				t.Errorf("process %s still runs: %s", pid, cmdline)
			}
			return
		}
		time.Sleep(20 * time.Millisecond) // another process works; there is no clock of ours to turn
	}
	t.Errorf("%s is still there 20 s after the test process died", dir)
}

// fakeTB records how a test was ended.
type fakeTB struct {
	testing.TB
	verdict string
}

func (f *fakeTB) Helper() {}

func (f *fakeTB) Skipf(format string, args ...any) {
	f.verdict = "skip: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.verdict = "fail: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestMissingServerSkipsLocallyAndFailsInCI(t *testing.T) {
	broken := errors.New("initdb: exit status 1")
	for _, row := range []struct {
		ci   string
		err  error
		want string
	}{
		{"", nil, ""},
		{"true", nil, ""},
		{"", errNoPostgres, "skip: PostgreSQL 15 or newer is not installed"},
		{"false", errNoPostgres, "skip: "},
		{"true", errNoPostgres, "fail: "},
		{"1", fmt.Errorf("wrapped: %w", errNoPostgres), "fail: "},
		{"", broken, "fail: "},
	} {
		t.Setenv("CI", row.ci)
		var f fakeTB
		done := make(chan struct{})
		go func() {
			defer close(done)
			needPostgres(&f, row.err)
		}()
		<-done
		if !strings.HasPrefix(f.verdict, row.want) || (row.want == "" && f.verdict != "") {
			t.Errorf("CI=%q, %v: got %q, want %q", row.ci, row.err, f.verdict, row.want)
		}
	}
}

func TestVersionIsReadFromWhatTheServerPrints(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n": 15,
		"postgres (PostgreSQL) 18devel\n":                        18,
		"postgres (PostgreSQL) 9.6.24\n":                         9,
		"postgres (PostgreSQL) 99999999999999999999":             0,
		"mysqld 8.0": 0,
		"":           0,
	} {
		if got := parseMajor(text); got != want {
			t.Errorf("parseMajor(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestDatabaseURLKeepsEverythingButTheDatabase(t *testing.T) {
	t.Parallel()
	got, err := withDatabase("postgres://u:p@db.example:5433/old?sslmode=verify-full", "new")
	if want := "postgres://u:p@db.example:5433/new?sslmode=verify-full"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	for _, bad := range []string{"host=db password=hunter2", "mysql://u:hunter2@db/x", "postgres://u:hunter2%zz@db"} {
		_, err := withDatabase(bad, "new")
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("withDatabase(%q): got %v, want an error without the password", bad, err)
		}
	}
}

func mustExec(t *testing.T, dsn, statement string) {
	t.Helper()
	if err := execSQL(dsn, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// query returns the one text value that a statement yields.
func query(t *testing.T, dsn, statement string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), sqlTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	var value string
	if err := errors.Join(conn.QueryRow(ctx, statement).Scan(&value), conn.Close(ctx)); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}
