package resource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/jose"
)

// Token is what a verified access token says: the claims of RFC 9068 §2.2 and those Daypass adds. A Token exists only
// after verification; the token's text is not part of it. Slices must not be changed: while a token is remembered, all
// its requests share them.
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

	said *statement
}

// statement is the JWT's payload, or the answer of introspection. Behind a pointer it stays out of logs that print a Token.
type statement struct{ json []byte }

// Identity names a user among all issuers. It is comparable: a key for maps and caches.
type Identity struct {
	Issuer, Subject string
}

// Identity returns who the token speaks of. Two issuers may use one Subject for two people.
func (t Token) Identity() Identity { return Identity{t.Issuer, t.Subject} }

// HasScope reports whether the token carries the scope. Scopes are compared whole: "read" is not in "read:all".
func (t Token) HasScope(scope string) bool { return slices.Contains(t.Scopes, scope) }

// Claims decodes what the issuer said into the struct that into points to, for claims that Token has no field for:
//
//	var c struct {
//		Details json.RawMessage `json:"authorization_details"`
//	}
//	err := token.Claims(&c)
//
// Names are matched with the json tags exactly. A claim that is not there leaves its field as it was; one of another
// type is an error. A Token that was not made by verification has no claims.
func (t Token) Claims(into any) error {
	if t.said == nil {
		return errors.New("resource: claims: the token was not verified")
	}
	if err := jose.DecodeStrict(t.said.json, into); err != nil {
		return fmt.Errorf("resource: claims: %w", err)
	}
	return nil
}

type contextKey struct{}

// verified is what Require leaves in the context; by tells a nested Require whether it may rely on it.
type verified struct {
	by    *Protector
	token Token
}

// FromContext returns the token that let the request pass. It reports false when the handler does not stand behind
// Require.
func FromContext(ctx context.Context) (Token, bool) {
	if v, ok := ctx.Value(contextKey{}).(*verified); ok {
		return v.token, true
	}
	return Token{}, false
}
