// Package sqlite is the embedded engine of the store: one file in WAL mode with synchronous=FULL.
//
// All writes go through one queue and one connection. Whatever waits in the queue is committed
// together (group commit), each function inside its own SAVEPOINT, so that one failing function harms
// no other and the cost of reaching the disk is shared. Readers have connections of their own and
// never wait for the writer. "database is locked" cannot come from this process; another process (a
// daypass command) is waited for.
//
// [Open] starts nothing: writes wait until [Engine.Run] runs, which ends when its context does.
package sqlite
