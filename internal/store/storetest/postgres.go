package storetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// EnvPostgres names the environment variable that points the tests at a PostgreSQL of the caller's, as a
// postgres:// URL whose user may create databases. Without it the tests start a server of their own.
const EnvPostgres = "DAYPASS_TEST_POSTGRES"

// sqlTimeout bounds each statement of this kit; it is generous because a cold, loaded machine creates a database slowly.
const sqlTimeout = 60 * time.Second

// shared starts the one server that all tests of this process share. It lives until the process ends, however that
// happens: its watchdog stops it. A variable, because a test process has no other place that outlives one test.
var shared = sync.OnceValues(func() (*server, error) { return startServer(serverConfig{}) })

// Postgres returns the postgres:// URL of a fresh, empty database for this test alone, and drops it when the test is
// over. Commits reach the disk (fsync is on). Where no PostgreSQL 15 or newer is installed the test is skipped
// with the reason; under CI=true it fails instead, so that a missing server cannot pass for a green run.
func Postgres(t testing.TB) string {
	t.Helper()
	admin := os.Getenv(EnvPostgres)
	if admin == "" {
		srv, err := shared()
		needPostgres(t, err)
		admin = srv.url("postgres")
	}
	return freshDatabase(t, admin)
}

// needPostgres ends the test when err is not nil: by a skip when PostgreSQL is merely absent and nobody insists on it.
func needPostgres(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if errors.Is(err, errNoPostgres) && !insisted() {
		t.Skipf("%v; install it (Debian: apt-get install postgresql) or set %s", err, EnvPostgres)
	}
	t.Fatalf("PostgreSQL for tests: %v", err)
}

// insisted reports whether a missing tool is a failure, as it is in continuous integration.
func insisted() bool {
	ci, err := strconv.ParseBool(os.Getenv("CI"))
	return err == nil && ci
}

// freshDatabase creates a database over the connection that admin describes, and returns the URL of the new one.
func freshDatabase(t testing.TB, admin string) string {
	t.Helper()
	name := databaseName()
	dsn, err := withDatabase(admin, name)
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	// template0 because nobody can be connected to it: template1 would refuse to be copied while somebody is.
	if err := execSQL(admin, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE template0"); err != nil {
		t.Fatalf("create database: %v", err)
	}
	t.Cleanup(func() {
		err := execSQL(admin, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
		if err != nil && !t.Failed() {
			t.Errorf("drop database: %v", err)
		}
	})
	return dsn
}

func databaseName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return "daypass_" + hex.EncodeToString(b[:])
}

// withDatabase returns the URL dsn with its database replaced by name.
func withDatabase(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		// Neither the value nor the parser's words: a URL may hold a password.
		return "", fmt.Errorf("%s must be a postgres:// URL", EnvPostgres)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// execSQL opens one connection, executes one statement and closes the connection.
func execSQL(dsn, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), sqlTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
