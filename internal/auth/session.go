package auth

import (
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Caller is who sent a request, as far as the network tells: for events and the list of devices.
type Caller struct {
	IP        string // textual address without port; empty for a command on this machine
	UserAgent string // cut to 256 bytes
}

// maxUserAgent is how many bytes of a User-Agent are kept.
const maxUserAgent = 256

// NewCaller makes a Caller of what a request says about itself. The User-Agent is whatever somebody
// sent: it is cut, and what a database would not take as text is dropped, because the event about a theft
// must not fail on the thief's header.
func NewCaller(ip netip.Addr, userAgent string) Caller {
	agent := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, userAgent)
	for len(agent) > maxUserAgent {
		_, size := utf8.DecodeLastRuneInString(agent)
		agent = agent[:len(agent)-size]
	}
	c := Caller{UserAgent: agent}
	if ip.IsValid() {
		c.IP = ip.String()
	}
	return c
}

// Session is one user in one browser or application at this server; every log-in makes its own.
type Session struct {
	ID         ID
	UserID     ID
	TokenHash  [32]byte // SHA-256 of the SSO cookie's value
	AuthTime   time.Time
	AMR        []string // RFC 8176
	ACR        string
	Device     Caller
	CreatedAt  time.Time
	LastUsedAt time.Time // its own; a session's last use is the newest of this and its grants'
	ExpiresAt  time.Time // absolute end
	EndedAt    time.Time // zero: not ended
	EndReason  string
}

// AMRPassword says that the user proved knowledge of a password (RFC 8176 §2).
const AMRPassword = "pwd"

// Live tells whether the session can still be used: not ended, not over its absolute age, and used
// within idle of now (lastUse is the newest of its own and its grants').
func (s Session) Live(now, lastUse time.Time, idle time.Duration) bool {
	return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) && now.Sub(lastUse) < idle
}

// SessionView is a session as its user sees it in a list.
type SessionView struct {
	Session
	ClientIDs []string  // who holds grants of it
	LastUse   time.Time // newest of the session's own and its grants'
	Current   bool      // the one that asks
}
