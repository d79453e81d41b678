// Package storetest is the store's test kit: one suite and one benchmark that run on both engines, and
// databases for the tests of every floor above.
//
// [SQLite] and [PostgresDB] give a migrated store that belongs to one test; [Engines] runs a test on
// both. [Postgres] and [PostgresCluster] give the database or the server itself. [Run] is the contract
// of internal/store: every engine has to pass all of it, and it asserts how losers lose.
// Only tests import this package.
package storetest
