// Package store keeps everything that must survive a restart, over database/sql, with one SQL text
// for SQLite and PostgreSQL.
//
// [DB.View] and [DB.Update] are the only ways in; the transaction is their function's argument and
// holds one small group of statements per noun (tx.Grants.Find). [DB.Swap] runs one statement alone,
// for the rotation of a refresh token, whose durability may be relaxed (docs/refresh.md).
// Inside a transaction there is SQL and pure code only: no network, no hashing.
//
// Losers of a race get a domain answer (false, auth.ErrConflict), never a driver's error. An error
// that wraps [ErrUnavailable] means that the database could not do it now: 503, try again.
// The engines (store/sqlite, store/postgres) differ in opening, transaction mode, retryable errors
// and a few storage options; storetest runs one suite on both.
package store
