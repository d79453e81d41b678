package auth

import "time"

// Default lifetimes of design §6.
const (
	DefaultReplayWindow   = 30 * time.Second
	DefaultRefreshIdle    = 30 * 24 * time.Hour
	DefaultRefreshLife    = 90 * 24 * time.Hour
	DefaultSessionIdle    = 7 * 24 * time.Hour
	DefaultSessionLife    = 30 * 24 * time.Hour
	DefaultAccessLifetime = 10 * time.Minute
	// DefaultSessionsPerUser is how many sessions one user may have at once; the least recently used one makes room.
	DefaultSessionsPerUser = 100
	// MaxAccessLifetime is the longest that can be configured; revocations are kept for as long.
	MaxAccessLifetime = time.Hour
)

const (
	// KeyAhead is how long a signing key stands in the key set before it signs: twice as long as a verifier may keep the
	// set without asking again (JK-02).
	KeyAhead = 10 * time.Minute
	// KeyAfter is how long a key that signs no more stays there, so that what it signed last can be verified to its end.
	KeyAfter = 24 * time.Hour
)

const (
	// clockSlack is how far behind a node's clock may be for an age below zero to count as zero.
	clockSlack = 120 * time.Second
	// forgedLead is how many generations above current our own tag may claim before it is taken for
	// the work of somebody who holds a master key.
	forgedLead = 10_000
	// noteEvery bounds the events that strangers or retries can cause to one per grant in that time.
	noteEvery = time.Hour
)

// RefreshRules are the configured limits that a presented refresh token is judged by.
type RefreshRules struct {
	Window      time.Duration // replay window; 0 = strict
	Idle        time.Duration // of a grant
	SessionIdle time.Duration // of the session, for grants that are not offline
	Key         byte          // active master key version: new generations are made with it
	RevokeFor   time.Duration // how long a revocation has to be kept
}

// IdleLimit is the idle time within which a grant is alive whatever its session's other grants did:
// the one limit that the hot statement checks.
func (r RefreshRules) IdleLimit(offline bool) time.Duration {
	if offline {
		return r.Idle
	}
	return min(r.Idle, r.SessionIdle)
}

// IdleStep is how stale a fixed token's idle clock may become before it is written again: always less than
// what would let the grant, or its session, die while it is used.
func (r RefreshRules) IdleStep(offline bool) time.Duration {
	return min(time.Hour, r.IdleLimit(offline)/10)
}

// WindowOpen tells whether the replay window of the chain is open: for a client that proves more than
// possession it never closes once there was a rotation. An age below zero counts as zero up to 120 s
// (two nodes, two clocks) and as closed beyond.
func (r RefreshRules) WindowOpen(c Chain, proves bool, now time.Time) bool {
	if c.First < 0 {
		return false
	}
	if proves {
		return true
	}
	age := now.Sub(c.Since)
	if age < -clockSlack {
		return false
	}
	return max(age, 0) < r.Window
}
