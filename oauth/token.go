package oauth

import (
	"fmt"
	"io"
	"log/slog"
)

// TokenType says how an access token is presented (RFC 6749 §7.1). Receivers compare it without regard to case; these
// constants are the spellings Daypass sends.
type TokenType string

const (
	// Bearer means that whoever holds the token may use it. RFC 6750.
	Bearer TokenType = "Bearer"
	// DPoP means that the token is bound to a key, and each request proves possession of it. RFC 9449.
	DPoP TokenType = "DPoP"
)

// TokenTypeHint is the client's guess at what it hands in for revocation or introspection (RFC 7009 §2.1). It is only
// a hint: a wrong one must not change the outcome.
type TokenTypeHint string

// The hints of RFC 7009 §2.1.
const (
	HintAccessToken  TokenTypeHint = "access_token"
	HintRefreshToken TokenTypeHint = "refresh_token"
)

// The typ header of a JWT access token, RFC 9068 §2.1. Verifiers accept both, compared without regard to case.
const (
	TypAccessToken      = "at+jwt"
	TypAccessTokenMedia = "application/at+jwt"
)

// TokenReply is the success body of the token endpoint, RFC 6749 §5.1.
//
// It is the only shape in which tokens exist as plain strings: build it last, write it at once, and keep it out of
// everything else. To guard against accidents it prints and logs as a fixed word.
type TokenReply struct {
	AccessToken string    `json:"access_token"`
	TokenType   TokenType `json:"token_type"`
	// ExpiresIn is the remaining life of the access token in whole seconds.
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	// IDToken is there when the scope openid was granted, OpenID Connect Core 1.0 §3.1.3.3.
	IDToken string `json:"id_token,omitempty"`
	// Scope is space-delimited. It is required when it differs from what was asked (RFC 6749 §5.1); Daypass always sends it.
	Scope string `json:"scope,omitempty"`
}

var (
	_ fmt.Formatter  = TokenReply{}
	_ slog.LogValuer = TokenReply{}
)

const redactedReply = "oauth.TokenReply{redacted}"

// Format keeps the tokens out of anything that prints, whatever the verb.
func (TokenReply) Format(f fmt.State, _ rune) {
	// A formatter has nobody to tell about a failed write; fmt reports it to the caller of Fprint.
	_, _ = io.WriteString(f, redactedReply)
}

// LogValue keeps the tokens out of structured logs.
func (TokenReply) LogValue() slog.Value { return slog.StringValue(redactedReply) }
