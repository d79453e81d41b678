package auth

import (
	"encoding/json"
	"time"

	"github.com/daypass/daypass/oauth"
)

// PKCEPolicy says whether a client may leave PKCE out (design §6).
type PKCEPolicy string

// The zero value is PKCERequired's.
const (
	PKCERequired PKCEPolicy = "required"
	// PKCEWhenSent is for OpenID Connect clients that know no PKCE; they must be confidential and send a nonce.
	PKCEWhenSent PKCEPolicy = "when_sent"
)

// AssertionAudience says what a client's assertions may name as their audience (RFC 7523 §3, and its revision for why the
// address of an endpoint is no good name).
type AssertionAudience string

// The zero value is AudienceIssuer's.
const (
	// AudienceIssuer takes the issuer alone, as one string.
	AudienceIssuer AssertionAudience = "issuer"
	// AudienceEndpoint takes the address of the token endpoint as well, and lists: for OpenID Connect libraries that know no better.
	AudienceEndpoint AssertionAudience = "token_endpoint"
)

// SubjectType says whether clients know a user by one sub or by one each (OpenID Connect Core 1.0 §8).
type SubjectType string

// The zero value is SubjectPublic's.
const (
	SubjectPublic   SubjectType = "public"
	SubjectPairwise SubjectType = "pairwise"
)

// ClientMetadata is what a client registered about itself beyond what Client has (RFC 7591 §2, OpenID Connect Dynamic
// Client Registration 1.0 §2). Members have their registered names, those of Daypass itself begin with daypass_. The zero
// value is a client that registered nothing.
type ClientMetadata struct {
	ClientURI string   `json:"client_uri,omitempty"`
	LogoURI   string   `json:"logo_uri,omitempty"`
	PolicyURI string   `json:"policy_uri,omitempty"`
	TermsURI  string   `json:"tos_uri,omitempty"`
	Contacts  []string `json:"contacts,omitempty"`

	// AuthMethod is the one way in which it authenticates; empty: none for a public client, Basic or the body for another.
	AuthMethod oauth.ClientAuthMethod `json:"token_endpoint_auth_method,omitempty"`
	// AuthAlgorithm, unless empty, is the only one its assertions may be signed by.
	AuthAlgorithm string `json:"token_endpoint_auth_signing_alg,omitempty"`
	// AssertionAudience says what its assertions may name as their audience.
	AssertionAudience AssertionAudience `json:"daypass_assertion_audience,omitempty"`
	JWKS              json.RawMessage   `json:"jwks,omitempty"`
	JWKSURI           string            `json:"jwks_uri,omitempty"` // never beside JWKS

	IDTokenAlgorithm       string      `json:"id_token_signed_response_alg,omitempty"` // empty: RS256
	UserInfoAlgorithm      string      `json:"userinfo_signed_response_alg,omitempty"` // empty: plain JSON
	RequestObjectAlgorithm string      `json:"request_object_signing_alg,omitempty"`
	RequireSignedRequest   bool        `json:"require_signed_request_object,omitempty"`
	RequirePAR             bool        `json:"require_pushed_authorization_requests,omitempty"`
	Subject                SubjectType `json:"subject_type,omitempty"`
	SectorURI              string      `json:"sector_identifier_uri,omitempty"`
	DefaultMaxAge          *int64      `json:"default_max_age,omitempty"` // seconds
	RequireAuthTime        bool        `json:"require_auth_time,omitempty"`
	DefaultACR             []string    `json:"default_acr_values,omitempty"`
	InitiateLoginURI       string      `json:"initiate_login_uri,omitempty"`

	PostLogoutRedirectURIs   []string   `json:"post_logout_redirect_uris,omitempty"`
	BackChannelLogoutURI     string     `json:"backchannel_logout_uri,omitempty"`
	BackChannelNeedsSession  bool       `json:"backchannel_logout_session_required,omitempty"`
	FrontChannelLogoutURI    string     `json:"frontchannel_logout_uri,omitempty"`
	FrontChannelNeedsSession bool       `json:"frontchannel_logout_session_required,omitempty"`
	IntrospectionAlgorithm   string     `json:"introspection_signed_response_alg,omitempty"`
	PKCE                     PKCEPolicy `json:"daypass_pkce,omitempty"`
	AllowedOrigins           []string   `json:"daypass_allowed_origins,omitempty"`   // of scripts that may read what the endpoints for clients answer
	Verified                 bool       `json:"daypass_verified,omitempty"`          // an operator vouches for its name
	Registered               bool       `json:"daypass_registered,omitempty"`        // by itself, over HTTP (RFC 7591)
	Unvouched                bool       `json:"daypass_unvouched,omitempty"`         // anybody could have registered it
	RegistrationHash         string     `json:"daypass_registration_hash,omitempty"` // base64url SHA-256 of its registration access token
	SecretExpires            time.Time  `json:"daypass_secret_expires,omitzero"`
}
