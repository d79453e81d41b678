package auth

import (
	"time"

	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// GrantLogin is the grant type of a first-party log-in. It runs through the same pipeline as every
// other one, and no HTTP endpoint accepts it by name.
const GrantLogin oauth.GrantType = "urn:daypass:grant:login"

// LoginAsk is a log-in or sign-up with a password.
type LoginAsk struct {
	Email    string
	Password secret.Token
	Caller   Caller
	New      bool         // sign-up: the user is made in the same transaction
	SignUp   secret.Token // token of the sign-up begun before, where the address has to be proved; Code then stands for Email and Password
	Code     secret.Token // that was mailed
	Device   secret.Token // value of the device cookie, if any ([Device])
	// Replaces is the value of the SSO cookie that the new session's will overwrite, if any: that session
	// ends with the log-in, so that no older value lives on in somebody's copy (fixation).
	Replaces secret.Token
}

// Ask is what a token request asks of a grant's hook: what is common to all grant types, and the one
// credential that the grant type exchanges.
type Ask struct {
	Scopes    []string // nil: not asked
	Resources []string // nil: not asked
	Binding   string   // thumbprint of the proven key; empty: bearer
	Caller    Caller
	Arrived   time.Time // a refresh that waits more than 10 s from here is never executed

	Refresh secret.Token // refresh_token
	// ExpectGrant, unless zero, is the grant that the presented refresh token must belong to: the one
	// of the access cookie beside it (design §5). Refused before anything moves.
	ExpectGrant ID
	Login       *LoginAsk // log-in

	Code        secret.Token // authorization_code
	Verifier    secret.Token // of PKCE
	RedirectURI string       // repeated from the authorization request; empty: not sent
}

// Granted is what a hook gives: on whose behalf, for what, and with which refresh token, if any.
type Granted struct {
	Subject   string // the user, or the client itself for client_credentials
	UserID    ID     // zero for client_credentials
	GrantID   ID     // zero for client_credentials
	SessionID ID
	ClientID  string
	Scopes    []string // of the new access token
	Resources []string // of the new access token
	AuthTime  time.Time
	AMR       []string
	ACR       string
	Roles     []string
	ExpiresAt time.Time // absolute end of the grant

	Refresh        secret.Token // empty: none
	RefreshExpires time.Time
	Verdict        Verdict // of a refresh

	Nonce    string         // of the authorization request, for the ID token
	IDClaims map[string]any // about the user, that were asked for one by one to be in the ID token

	Session        secret.Token // value of the SSO cookie; set by a log-in only
	SessionExpires time.Time
	Device         secret.Token // value of the device cookie; set by a log-in only
}

// Tokens is what the pipeline hands out.
type Tokens struct {
	Access        secret.Token
	ID            secret.Token // ID token; zero without the scope openid
	AccessExpires time.Time
	ExpiresIn     time.Duration
	Granted
}

// Refused is a refresh that yields no token: to the client it is invalid_grant whatever the verdict.
type Refused struct {
	Verdict Verdict
	GrantID ID // zero when unknown
}

// Error names the verdict, for logs; a client never sees it.
func (r *Refused) Error() string { return "refresh refused: " + string(r.Verdict) }

// Principal is who an access token speaks for at this server's own API, looked up again in the database.
type Principal struct {
	User    User
	Grant   Grant
	Session SessionView
	Claims  AccessClaims
}

// Inspection is what the demo and `token explain` may know about a presented refresh token. It never
// holds a successor.
type Inspection struct {
	Verdict   Verdict // what a refresh would be told now
	Presented int64   // generation
	Facts     RefreshFacts
	WindowEnd time.Time // zero: closed, or never closing
	IdleEnd   time.Time
}
