// Package auth is the domain: one noun per file, and the pure verdicts about them.
//
// It owns what a user, session, client, grant, refresh token, access token, event and revocation
// are, and every decision about a presented refresh token ([Judge], docs/refresh.md). It does no
// I/O, reads no clock and draws no random numbers of its own accord: time and facts are arguments,
// and a decision comes back as a value that the caller must handle.
//
// Data passes as plain structs. A verdict that changes something carries one [Change], which one
// store call applies, so that "the grant dies" is written once.
package auth
