package oauth

// Names of request and reply parameters (RFC 6749 appendix A, and as noted).
const (
	ParamGrantType    = "grant_type"
	ParamClientID     = "client_id"
	ParamClientSecret = "client_secret"
	ParamResponseType = "response_type"
	ParamRedirectURI  = "redirect_uri"
	ParamScope        = "scope"
	ParamState        = "state"
	ParamCode         = "code"
	ParamAccessToken  = "access_token"
	ParamRefreshToken = "refresh_token"
	ParamTokenType    = "token_type"
	ParamExpiresIn    = "expires_in"

	ParamError            = "error"
	ParamErrorDescription = "error_description"

	// ParamResource names the protected API a token is for, RFC 8707 §2. It may be repeated.
	ParamResource = "resource"
	// ParamToken is the token to revoke or introspect, RFC 7009 §2.1 and RFC 7662 §2.1.
	ParamToken = "token"
	// ParamTokenTypeHint is a TokenTypeHint, RFC 7009 §2.1 and RFC 7662 §2.1.
	ParamTokenTypeHint = "token_type_hint"
	// ParamIssuer tells the client which server answered, RFC 9207 §2.
	ParamIssuer = "iss"

	// The parameters of a client that proves who it is by an assertion, RFC 7521 §4.2.
	ParamClientAssertion     = "client_assertion"
	ParamClientAssertionType = "client_assertion_type"

	// The PKCE parameters, RFC 7636 §4.
	ParamCodeVerifier        = "code_verifier"
	ParamCodeChallenge       = "code_challenge"
	ParamCodeChallengeMethod = "code_challenge_method"
)

// AssertionJWT is the client_assertion_type of a JWT, RFC 7523 §2.2.
const AssertionJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// CodeChallengeS256 is the one PKCE method Daypass accepts, RFC 7636 §4.2.
const CodeChallengeS256 = "S256"
