// Package accounts owns users, their passwords and their sessions.
//
// A password is hashed with argon2id behind a queue ([Hashing]), so that a storm of log-ins costs
// bounded memory and the rest of the server goes on. [Service.Verify] costs the same for a stranger's
// address as for a user's. Hashing happens outside every transaction; a log-in claims the user's row
// inside its own, so that a disable or a change of password in between is seen.
//
// Whatever takes rights away (log-out, the end of a session, a new password, a disabled user) is one
// durable [store.DB.Update] that marks the sessions and every grant they gave, with the revocations
// and events that tell of it.
//
// It speaks no HTTP and mints no token; internal/login makes log-ins and principals of it.
package accounts
