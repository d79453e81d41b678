package auth

import (
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/oauth"
)

// Bounds of what an authorization request may carry, in bytes. What is longer is refused and never cut (AZ-17).
const (
	MaxState     = 1024
	MaxNonce     = 512
	MaxLoginHint = 320
	MaxClaims    = 4096
	// RequestLife is how long somebody may take to log in and consent.
	RequestLife = 30 * time.Minute
)

// AuthorizationRequest is a request of the authorization endpoint that was found good, whatever comes of it
// (RFC 6749 §4.1.1, OpenID Connect Core 1.0 §3.1.2.1).
type AuthorizationRequest struct {
	ClientID      string             `json:"c"`
	RedirectURI   string             `json:"u"`           // where the answer goes
	RedirectGiven bool               `json:"g,omitempty"` // it was in the request, and not merely the one that is registered
	Mode          oauth.ResponseMode `json:"m,omitempty"`
	State         string             `json:"s,omitempty"`
	Scopes        []string           `json:"p,omitempty"`
	Resources     []string           `json:"r,omitempty"`
	Challenge     string             `json:"k,omitempty"` // of PKCE, S256; empty only where the client may leave it out
	Nonce         string             `json:"n,omitempty"`
	Prompts       []oauth.Prompt     `json:"o,omitempty"`
	MaxAge        *int64             `json:"a,omitempty"` // seconds
	LoginHint     string             `json:"h,omitempty"`
	HintSubject   string             `json:"i,omitempty"` // sub of the id_token_hint, verified
	Locales       []string           `json:"l,omitempty"`
	Claims        ClaimsRequest      `json:"q,omitzero"`
}

// OpenID tells whether it is a request of OpenID Connect; without the scope openid it is pure OAuth.
func (r AuthorizationRequest) OpenID() bool { return slices.Contains(r.Scopes, oauth.ScopeOpenID) }

// Asks tells whether the request has a prompt.
func (r AuthorizationRequest) Asks(p oauth.Prompt) bool { return slices.Contains(r.Prompts, p) }

// ConsentScopes are the scopes that the user has to allow: those that are asked for, and those that stand for the claims which
// are named one by one, so that no claim is told without a word.
func (r AuthorizationRequest) ConsentScopes() []string {
	all := slices.Clone(r.Scopes)
	for _, claim := range slices.Concat(r.Claims.UserInfo, r.Claims.IDToken) {
		if s := ScopeOfClaim(claim); s != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// ReturnsByHTTPS tells whether the answer goes to a web server that proves its name, and not to a loopback address or an
// application's own scheme, which any program can take.
func (r AuthorizationRequest) ReturnsByHTTPS() bool {
	return strings.HasPrefix(r.RedirectURI, "https://")
}

// ClaimsRequest is the claims parameter (OpenID Connect Core 1.0 §5.5), as far as Daypass has something to answer.
type ClaimsRequest struct {
	UserInfo []string `json:"u,omitempty"` // names of claims asked for one by one
	IDToken  []string `json:"i,omitempty"`
	// EssentialACR, unless empty, are the values of which acr must have one (§5.5.1.1).
	EssentialACR []string `json:"e,omitempty"`
	Subject      string   `json:"s,omitempty"` // the value that sub must have
}

// AuthorizationCode is what an authorization request ends in, until it is redeemed (RFC 6749 §4.1.2). Only the hash of its
// characters is kept.
type AuthorizationCode struct {
	Hash      [32]byte
	Request   AuthorizationRequest // as the user allowed it
	UserID    ID
	SessionID ID
	AuthTime  time.Time
	AMR       []string
	ACR       string
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero: not yet
	GrantID   ID        // what it bought
}

const (
	// CodePeriod is how long an authorization code is good (design §6).
	CodePeriod = time.Minute
	// CodePrefix starts every authorization code.
	CodePrefix = "dpc_"
)

// CodePresentation is what a token request hands in (RFC 6749 §4.1.3, RFC 7636 §4.5). The client has authenticated.
type CodePresentation struct {
	ClientID    string
	RedirectURI string // empty: not sent
	Verifier    string // of PKCE; empty: not sent
}

// CodeVerdict is the outcome for a presented code. To the client all but CodeGood are invalid_grant alike (AZ-14).
type CodeVerdict string

// The verdicts, in the order of their priority.
const (
	CodeForeign    CodeVerdict = "another client's"
	CodeRedirect   CodeVerdict = "another redirect URI"
	CodeUnverified CodeVerdict = "the verifier does not fit"
	CodeReplayed   CodeVerdict = "used before"
	CodeExpired    CodeVerdict = "expired"
	CodeGood       CodeVerdict = "good"
)

// Judge rules on a presented code. CodeReplayed means that whoever presents it proved everything else: what the code
// bought has to die (RFC 6749 §4.1.2); anybody less can revoke nothing.
func (c AuthorizationCode) Judge(p CodePresentation, now time.Time) CodeVerdict {
	switch {
	case p.ClientID != c.Request.ClientID:
		return CodeForeign
	case p.RedirectURI != "" && p.RedirectURI != c.Request.RedirectURI:
		return CodeRedirect
	case p.RedirectURI == "" && c.Request.RedirectGiven && c.Request.Challenge == "":
		return CodeRedirect // OAuth 2.1 §10.2 lets it be left out for what PKCE proves better (RFC 6749 §4.1.3)
	case !VerifierFits(c.Request.Challenge, p.Verifier):
		return CodeUnverified
	case !c.UsedAt.IsZero():
		return CodeReplayed
	case !now.Before(c.ExpiresAt):
		return CodeExpired
	}
	return CodeGood
}
