package oauth

import (
	"encoding/json"
	"strings"
)

// ErrorCode is the value of the error member or parameter of an OAuth error reply.
type ErrorCode string

// Errors of the token endpoint (RFC 6749 §5.2), also used by revocation (RFC 7009 §2.2.1) and introspection
// (RFC 7662 §2.3). InvalidRequest and InvalidScope serve the authorization endpoint and resource servers as well.
const (
	// InvalidRequest: a parameter is missing, malformed or repeated. RFC 6749 §5.2, §4.1.2.1; RFC 6750 §3.1.
	InvalidRequest ErrorCode = "invalid_request"
	// InvalidClient: client authentication failed, was missing, or used another method than the registered one. RFC 6749 §5.2.
	InvalidClient ErrorCode = "invalid_client"
	// InvalidGrant: the code or refresh token is malformed, expired, revoked, spent or another client's. RFC 6749 §5.2.
	InvalidGrant ErrorCode = "invalid_grant"
	// UnauthorizedClient: the client is known but may not use this grant or response type. RFC 6749 §5.2, §4.1.2.1.
	UnauthorizedClient ErrorCode = "unauthorized_client"
	// UnsupportedGrantType: the server does not know the grant type. RFC 6749 §5.2.
	UnsupportedGrantType ErrorCode = "unsupported_grant_type"
	// InvalidScope: the asked scope is malformed, unknown, or more than was granted. RFC 6749 §5.2, §4.1.2.1.
	InvalidScope ErrorCode = "invalid_scope"
	// InvalidTarget: the asked resource is malformed, unknown or not allowed. RFC 8707 §2.
	InvalidTarget ErrorCode = "invalid_target"
	// UnsupportedTokenType: this server cannot revoke tokens of that type. RFC 7009 §2.2.1.
	UnsupportedTokenType ErrorCode = "unsupported_token_type"
)

// Errors of the authorization endpoint, RFC 6749 §4.1.2.1. ServerError and TemporarilyUnavailable stand in for 500 and
// 503, which a redirect cannot carry; Daypass uses them in the body of those statuses at the token endpoint too.
const (
	// AccessDenied: the user or the server said no.
	AccessDenied ErrorCode = "access_denied"
	// UnsupportedResponseType: the server does not know the response type.
	UnsupportedResponseType ErrorCode = "unsupported_response_type"
	// ServerError: something unexpected happened inside.
	ServerError ErrorCode = "server_error"

	// InvalidRedirectURI and the next ones refuse a registration, RFC 7591 §3.2.2.
	InvalidRedirectURI          ErrorCode = "invalid_redirect_uri"
	InvalidClientMetadata       ErrorCode = "invalid_client_metadata"
	UnapprovedSoftwareStatement ErrorCode = "unapproved_software_statement"
	// TemporarilyUnavailable: overloaded or in maintenance; try again later with the same request.
	TemporarilyUnavailable ErrorCode = "temporarily_unavailable"
)

// Errors of a protected resource.
const (
	// InvalidToken: the access token is malformed, expired, revoked or not meant for this resource. RFC 6750 §3.1, status 401.
	InvalidToken ErrorCode = "invalid_token"
	// InsufficientScope: the token is good but does not carry the scope needed here. RFC 6750 §3.1, status 403.
	InsufficientScope ErrorCode = "insufficient_scope"
	// InsufficientUserAuthentication: the log-in behind the token is too old or too weak. RFC 9470 §3, status 401.
	InsufficientUserAuthentication ErrorCode = "insufficient_user_authentication"
)

// Error is an OAuth error as a client may see it: {"error": …, "error_description": …}. It never carries a cause;
// wrap it, or log the cause beside it.
type Error struct {
	// Code is one of the constants of this package.
	Code ErrorCode
	// Description is one sentence for the developer of the client, never for users. It may be empty. Whatever it
	// holds, it leaves the process only in the characters RFC 6749 §5.2 allows.
	Description string
}

var (
	_ error          = (*Error)(nil)
	_ json.Marshaler = (*Error)(nil)
)

// NewError makes an error whose description is reduced to %x20-21 / %x23-5B / %x5D-7E (RFC 6749 §5.2), which keeps
// quotes, backslashes and line breaks out of headers, redirects and JSON. A double quote becomes a single quote, a
// backslash a slash, any other character outside the set a question mark.
func NewError(code ErrorCode, description string) *Error {
	return &Error{Code: code, Description: sanitise(description)}
}

// Error returns "code: description", or the code alone.
func (e *Error) Error() string {
	if e.Description == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + sanitise(e.Description)
}

// MarshalJSON writes the body of RFC 6749 §5.2. The description is reduced again, because a literal &Error{…} has not
// passed through NewError.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Code        ErrorCode `json:"error"`
		Description string    `json:"error_description,omitempty"`
	}{e.Code, sanitise(e.Description)})
}

func sanitise(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\':
			return '/'
		case r < 0x20 || r > 0x7e:
			return '?'
		}
		return r
	}, s)
}
