// Package outbox delivers what was written to the outbox in the transaction that caused it: at least once, late rather
// than never, until it is of no use any more.
//
// Each delivery is claimed for a while, so that nodes on one database do not send it twice, and somebody sends it when the
// one that claimed it dies. A failure is tried again after a delay that doubles.
package outbox
