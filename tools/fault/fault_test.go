//go:build linux

package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// seedOfTheTests is fixed, so that a failure is one of the code and not of the day.
const seedOfTheTests = 20261127

// TestMain makes this program one of the processes that share a file where the kit starts it as such.
func TestMain(m *testing.M) {
	if path := os.Getenv(envTokens); path != "" {
		_ = shareFile(path, os.Stdin, os.Stdout)
		return
	}
	os.Exit(m.Run())
}

// TestFaultNobodyIsLoggedOutOnSQLite is a minute of the kit, in seconds.
func TestFaultNobodyIsLoggedOutOnSQLite(t *testing.T) {
	t.Parallel()
	burn(t, options{engine: "sqlite", window: 2 * time.Second, refreshes: 1500, devices: 80, nodes: 1, thieves: 1, calm: 500 * time.Millisecond})
}

// burn runs the kit and fails the test with its table when a bar is missed.
func burn(t *testing.T, opt options) result {
	t.Helper()
	opt.seed = seedOfTheTests
	r, err := run(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	r.print(&table)
	if missed := r.missed(); len(missed) > 0 {
		t.Fatalf("missed %q\n%s", missed, &table)
	}
	t.Logf("\n%s", &table)
	return r
}

// TestFaultNobodyIsLoggedOutOnPostgres is the same with two nodes and a database that is killed.
func TestFaultNobodyIsLoggedOutOnPostgres(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	burn(t, options{engine: "postgres", window: 3 * time.Second, refreshes: 1000, devices: 60, standby: "none", nodes: 2, thieves: 1, calm: 500 * time.Millisecond})
}

// needPostgres skips the test where no PostgreSQL is installed; in continuous integration it fails instead.
func needPostgres(t *testing.T) {
	t.Helper()
	_, err := postgresPrograms()
	if err == nil {
		return
	}
	if insisted, _ := strconv.ParseBool(os.Getenv("CI")); insisted {
		t.Fatal(err)
	}
	t.Skip(err)
}
