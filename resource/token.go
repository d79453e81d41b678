package resource

import (
	"context"
	"slices"
	"time"
)

// Token is what a verified access token says: the claims of RFC 9068 §2.2 and those Daypass adds. A Token exists only
// after verification; the token's text is not part of it. Slices must not be changed.
type Token struct {
	// Issuer is who made the statement. Together with Subject it names a user; Subject alone does not, once an API
	// trusts more than one issuer.
	Issuer string
	// Subject is the user, or the client itself when it acts on its own behalf (client_credentials).
	Subject string
	// ClientID is the application that presents the token.
	ClientID string
	// Audience lists every resource the token is for; this one is among them.
	Audience []string
	// Scopes lists what the client may ask for, in the token's order.
	Scopes []string
	// Expires and IssuedAt are in UTC, to the second.
	Expires  time.Time
	IssuedAt time.Time
	// ID is the token's own identifier, jti.
	ID string
	// GrantID is the grant behind the token, gid: what this user's log-in gave this client. Empty if not told.
	GrantID string
	// SessionID is the log-in session as this client may know it, sid. Empty for clients on their own behalf.
	SessionID string
	// ClientEpoch counts how often the access of the client was revoked as a whole; zero if not told.
	ClientEpoch int64
	// Roles are the user's roles at the time the token was issued. RFC 9068 §2.2.3.1.
	Roles []string
	// AuthTime is when the user proved who they are; zero if not told. ACR and AMR say how strongly and by which
	// methods (OpenID Connect Core 1.0 §2; RFC 8176).
	AuthTime time.Time
	ACR      string
	AMR      []string
}

// HasScope reports whether the token carries the scope. Scopes are compared whole: "read" is not in "read:all".
func (t Token) HasScope(scope string) bool { return slices.Contains(t.Scopes, scope) }

type contextKey struct{}

// verified is what Require leaves in the context; by tells a nested Require whether it may rely on it.
type verified struct {
	by    *Protector
	token Token
}

// FromContext returns the token that let the request pass. It reports false when the handler does not stand behind
// Require.
func FromContext(ctx context.Context) (Token, bool) {
	v, ok := ctx.Value(contextKey{}).(verified)
	return v.token, ok
}
