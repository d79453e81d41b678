package oauth

// GrantType names what a client hands in at the token endpoint to get a token (RFC 6749 §1.3, parameter grant_type).
type GrantType string

// The grant types Daypass knows. The resource-owner password grant is absent on purpose (RFC 9700 §2.4).
const (
	// GrantAuthorizationCode redeems a code from the authorization endpoint, RFC 6749 §4.1.3.
	GrantAuthorizationCode GrantType = "authorization_code"
	// GrantRefreshToken continues a grant without another log-in, RFC 6749 §6.
	GrantRefreshToken GrantType = "refresh_token"
	// GrantClientCredentials gives a confidential client a token of its own, RFC 6749 §4.4.
	GrantClientCredentials GrantType = "client_credentials"
)

// ClientAuthMethod says how a client proves who it is at the token, revocation and introspection endpoints
// (RFC 8414 §2 token_endpoint_auth_methods_supported, registered by RFC 7591 §2).
type ClientAuthMethod string

const (
	// AuthNone is the method of a public client, which has no secret to show: RFC 7591 §2, RFC 6749 §2.1.
	AuthNone ClientAuthMethod = "none"
	// AuthSecretBasic sends id and secret, each form-encoded, by HTTP Basic: RFC 6749 §2.3.1.
	AuthSecretBasic ClientAuthMethod = "client_secret_basic"
	// AuthSecretPost sends id and secret in the form body: RFC 6749 §2.3.1.
	AuthSecretPost ClientAuthMethod = "client_secret_post"
	// AuthPrivateKeyJWT sends a JWT that the client has signed with a key of its own: RFC 7523 §2.2.
	AuthPrivateKeyJWT ClientAuthMethod = "private_key_jwt"
)
