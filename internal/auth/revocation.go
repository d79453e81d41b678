package auth

import "time"

// RevocationKind says what a revocation names.
type RevocationKind string

// A user's or a session's revocation is the revocation of each of its grants, so no clock enters.
const (
	RevokeGrant  RevocationKind = "grant"
	RevokeClient RevocationKind = "client"
	RevokeKey    RevocationKind = "key"
	RevokeToken  RevocationKind = "jti"
)

// Revocation is one record for the resource servers, written in the transaction that revokes.
type Revocation struct {
	Kind    RevocationKind
	Subject string // grant id, client id, kid or jti
	Epoch   int64  // for a client: tokens of a lower epoch are dead
	At      time.Time
	Until   time.Time // kept until no access token that it concerns can still be alive
}

// RevocationSlack is how much longer than the longest access token a revocation is kept.
const RevocationSlack = 6 * time.Minute
