package auth

import (
	"time"
)

// Grant is what one session gave one client; the family of a refresh token. It is one row, updated
// in place.
type Grant struct {
	ID         ID
	SecretHash [32]byte // SHA-256 of the secret inside the token; the secret itself is never stored
	UserID     ID
	SessionID  ID
	ClientID   string
	Scopes     []string
	Resources  []string
	Claims     []string // that UserInfo tells beyond what the scopes stand for (OpenID Connect Core 1.0 §5.5)
	Offline    bool     // outlives its session (offline_access)
	Binding    string   // RFC 7638 thumbprint of the DPoP key; empty: bearer
	AuthTime   time.Time
	AMR        []string
	ACR        string
	CreatedAt  time.Time
	ExpiresAt  time.Time // absolute end; no later than the session's, unless offline

	Chain // what a refresh moves

	RevokedAt     time.Time // zero: alive
	RevokedReason string

	ReplayNotedAt   time.Time // last event about a replay; at most one per hour
	MisboundNotedAt time.Time // last event about a stranger; at most one per hour
}

// Revoked tells whether the grant was ended by a person, a command or the discovery of a reuse.
func (g Grant) Revoked() bool { return !g.RevokedAt.IsZero() }

// Chain is the moving part of a grant (docs/refresh.md): Current is the generation of the token that
// the owner should hold, First..Last those that may still be presented instead of it, Since the start
// of the burst of rotations they belong to.
type Chain struct {
	Current    int64
	CurrentKey byte  // key version that the current token was made with: a retry gets the same bytes
	First      int64 // -1: no rotation yet
	Last       int64 // -1: no rotation yet
	Since      time.Time
	LastUsedAt time.Time
}

// NewChain returns the state of a grant that has just been made.
func NewChain(key byte, now time.Time) Chain {
	return Chain{CurrentKey: key, First: -1, Last: -1, LastUsedAt: now}
}

// Replayable tells whether generation m is one of First..Last.
func (c Chain) Replayable(m int64) bool { return c.First >= 0 && c.First <= m && m <= c.Last }

// Reasons why a grant ended, kept in the row and shown by `daypass grant show` and token explain.
const (
	ReasonReuse          = "refresh token reuse"
	ReasonCodeReplay     = "authorization code reuse"
	ReasonConsentTaken   = "consent taken back"
	ReasonLogout         = "log-out"
	ReasonSessionEnded   = "session ended"
	ReasonReplaced       = "replaced by a new log-in"
	ReasonSurplus        = "too many sessions"
	ReasonPasswordChange = "password changed"
	ReasonUserDisabled   = "user disabled"
	ReasonUserDeleted    = "user deleted"
	ReasonClientDisabled = "client disabled"
	ReasonClientDeleted  = "client deleted"
	ReasonClientRevoked  = "revoked by the client"
	ReasonAdmin          = "revoked by an administrator"
)
