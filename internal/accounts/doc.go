// Package accounts owns users, their passwords and their sessions.
//
// A password is hashed with argon2id behind a queue ([Hashing]), so that a storm of log-ins costs bounded
// memory and the rest of the server goes on; a hash made elsewhere or at another cost is made anew by the
// next log-in. [Service.Verify] costs the same for a stranger's address as for a user's. Failures and sign-ups
// are counted in the store, and a try is counted before it is looked at; a device that was here before has
// counters, and a line of the queue, of its own.
//
// Whatever gives or takes rights (a log-in with the user of a sign-up, log-out, the end of a session, a new
// password) is one durable [store.DB.Update]: sessions, grants, revocations and the events that tell of it. A
// log-in claims the user's row in it, so that a disable or a change of password in between is seen.
//
// It speaks no HTTP and mints no token; internal/login makes log-ins and principals of it.
package accounts
