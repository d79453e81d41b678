package oauth

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

// Paths of the metadata documents. RFC 8414 §3 inserts its path between host and path of the issuer; OpenID Connect
// Discovery 1.0 §4 appends its own to the issuer. For an issuer without a path both come to the same.
const (
	MetadataPath       = "/.well-known/oauth-authorization-server"
	OpenIDMetadataPath = "/.well-known/openid-configuration"
)

// Metadata is the authorization server metadata document of RFC 8414 §2, as far as Daypass has something true to say.
// An empty list or address is left out, except response_types_supported, which RFC 8414 requires.
//
// The defaults of absent members bite: without grant_types_supported a reader must assume implicit, without
// token_endpoint_auth_methods_supported client_secret_basic. Fill both.
type Metadata struct {
	// Issuer is the identifier that every iss repeats byte for byte.
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint,omitempty"`
	TokenEndpoint         string `json:"token_endpoint,omitempty"`
	JWKSURI               string `json:"jwks_uri,omitempty"`

	ScopesSupported        []string    `json:"scopes_supported,omitempty"`
	ResponseTypesSupported []string    `json:"response_types_supported"`
	ResponseModesSupported []string    `json:"response_modes_supported,omitempty"`
	GrantTypesSupported    []GrantType `json:"grant_types_supported,omitempty"`

	TokenEndpointAuthMethodsSupported []ClientAuthMethod `json:"token_endpoint_auth_methods_supported,omitempty"`

	// TokenEndpointAuthSigningAlgValuesSupported lists the signatures of clients' assertions; with a method that signs it is required.
	TokenEndpointAuthSigningAlgValuesSupported []string `json:"token_endpoint_auth_signing_alg_values_supported,omitempty"`

	RevocationEndpoint                     string             `json:"revocation_endpoint,omitempty"`
	RevocationEndpointAuthMethodsSupported []ClientAuthMethod `json:"revocation_endpoint_auth_methods_supported,omitempty"`

	RevocationEndpointAuthSigningAlgValuesSupported []string `json:"revocation_endpoint_auth_signing_alg_values_supported,omitempty"`

	IntrospectionEndpoint                     string             `json:"introspection_endpoint,omitempty"`
	IntrospectionEndpointAuthMethodsSupported []ClientAuthMethod `json:"introspection_endpoint_auth_methods_supported,omitempty"`

	IntrospectionEndpointAuthSigningAlgValuesSupported []string `json:"introspection_endpoint_auth_signing_alg_values_supported,omitempty"`

	// IntrospectionSigningAlgValuesSupported lists the signatures of JWT replies, RFC 9701 §7.
	IntrospectionSigningAlgValuesSupported []string `json:"introspection_signing_alg_values_supported,omitempty"`

	// RegistrationEndpoint is RFC 7591 §3.
	RegistrationEndpoint string `json:"registration_endpoint,omitempty"`

	// The members of RFC 9126 §5.
	PushedAuthorizationRequestEndpoint string `json:"pushed_authorization_request_endpoint,omitempty"`
	RequirePushedAuthorizationRequests bool   `json:"require_pushed_authorization_requests,omitempty"`

	// CodeChallengeMethodsSupported lists PKCE methods; clients abort without it (RFC 8414 §2).
	CodeChallengeMethodsSupported []string `json:"code_challenge_methods_supported,omitempty"`
	// AuthorizationResponseIssSupported is RFC 9207 §3.
	AuthorizationResponseIssSupported bool `json:"authorization_response_iss_parameter_supported,omitempty"`

	ServiceDocumentation string   `json:"service_documentation,omitempty"`
	UILocalesSupported   []string `json:"ui_locales_supported,omitempty"`

	// The members OpenID Connect Discovery 1.0 §3 adds.
	UserInfoEndpoint                 string   `json:"userinfo_endpoint,omitempty"`
	EndSessionEndpoint               string   `json:"end_session_endpoint,omitempty"` // RP-Initiated Logout 1.0 §2.1
	SubjectTypesSupported            []string `json:"subject_types_supported,omitempty"`
	IDTokenSigningAlgValuesSupported []string `json:"id_token_signing_alg_values_supported,omitempty"`
	// UserInfoSigningAlgValuesSupported lists the signatures of UserInfo replies, for clients that register one.
	UserInfoSigningAlgValuesSupported []string `json:"userinfo_signing_alg_values_supported,omitempty"`
	// The members of OpenID Connect Back-Channel Logout 1.0 §2.1.
	BackChannelLogoutSupported        bool `json:"backchannel_logout_supported,omitempty"`
	BackChannelLogoutSessionSupported bool `json:"backchannel_logout_session_supported,omitempty"`

	ClaimsSupported       []string `json:"claims_supported,omitempty"`
	PromptValuesSupported []string `json:"prompt_values_supported,omitempty"` // Initiating User Registration 1.0 §5
	// ClaimsParameterSupported, and below it what is true unless it is denied: request_uri_parameter_supported.
	ClaimsParameterSupported bool `json:"claims_parameter_supported,omitempty"`
	// RequestObjectSigningAlgValuesSupported lists the signatures of request objects, RFC 9101 §10.5.
	RequestObjectSigningAlgValuesSupported []string `json:"request_object_signing_alg_values_supported,omitempty"`
	RequestParameterSupported              bool     `json:"request_parameter_supported,omitempty"`
	RequestURIParameterSupported           *bool    `json:"request_uri_parameter_supported,omitempty"`
}

// MarshalJSON writes the document; a nil ResponseTypesSupported becomes an empty list, since null is not one.
func (m Metadata) MarshalJSON() ([]byte, error) {
	type plain Metadata
	if m.ResponseTypesSupported == nil {
		m.ResponseTypesSupported = []string{}
	}
	return json.Marshal(plain(m))
}

// MetadataURL gives the address of an issuer's RFC 8414 §3.1 document: the well-known path inserted between host and
// path, a trailing slash of the issuer removed. It refuses what RFC 8414 §2 does not allow as an issuer: no absolute
// http or https URL, a query, a fragment, user information. Whether plain http is acceptable is the caller's decision.
func MetadataURL(issuer string) (string, error) {
	u, err := url.Parse(issuer)
	switch {
	case err != nil:
		// The parser's own error would repeat the value, which may hold a password.
		return "", errors.New("the issuer is not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("the issuer must be an https URL")
	case u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return "", errors.New("the issuer has no host")
	case u.User != nil:
		return "", errors.New("the issuer must not hold user information")
	case strings.ContainsAny(issuer, "?#"):
		return "", errors.New("the issuer must not have a query or fragment")
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	return u.Scheme + "://" + u.Host + MetadataPath + path, nil
}
