// Package postgres is the engine of the store for more than one machine: PostgreSQL 15 or newer,
// through pgx and database/sql.
//
// It keeps two pools. Transactions that take rights away or give them run on the durable one. The
// rotation of a refresh token, one statement, runs on the other, whose sessions have
// synchronous_commit=off: what a crash loses there, auth.Ahead heals. Serialization failures and
// deadlocks are retried here and never reach a caller; a lost connection is store.ErrUnavailable.
package postgres
