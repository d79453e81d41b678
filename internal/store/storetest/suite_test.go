package storetest

import "testing"

func TestSuiteOnSQLite(t *testing.T) {
	t.Parallel()
	Run(t, SQLite)
}

func TestSuiteOnPostgres(t *testing.T) {
	t.Parallel()
	Run(t, PostgresDB)
}
