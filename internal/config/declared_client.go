package config

import (
	"encoding/json"
	"strconv"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/oauth"
)

// clientMember is a member of an entry of clients that belongs to its metadata.
type clientMember struct {
	Field
	read func(element, *auth.ClientMetadata)
}

func textMember[T ~string](name, about string, field func(*auth.ClientMetadata) *T) clientMember {
	return clientMember{Field{name, about}, func(e element, m *auth.ClientMetadata) { *field(m) = T(e.text(name)) }}
}

func listMember(name, about string, field func(*auth.ClientMetadata) *[]string) clientMember {
	return clientMember{Field{name, about}, func(e element, m *auth.ClientMetadata) { *field(m) = e.texts(name) }}
}

func flagMember(name, about string, field func(*auth.ClientMetadata) *bool) clientMember {
	return clientMember{Field{name, about}, func(e element, m *auth.ClientMetadata) { *field(m) = e.yes(name) }}
}

// clientMembers is the metadata an operator may set, by its registered names (RFC 7591 §2, OpenID Connect Dynamic Client
// Registration 1.0 §2); what Daypass adds loses its daypass_.
func clientMembers() []clientMember {
	return []clientMember{
		textMember("client_uri", "the https address of its home page", func(m *auth.ClientMetadata) *string { return &m.ClientURI }),
		textMember("logo_uri", "the https address of its logo", func(m *auth.ClientMetadata) *string { return &m.LogoURI }),
		textMember("policy_uri", "the https address of its privacy policy", func(m *auth.ClientMetadata) *string { return &m.PolicyURI }),
		textMember("tos_uri", "the https address of its terms of service", func(m *auth.ClientMetadata) *string { return &m.TermsURI }),
		listMember("contacts", "a list of addresses of whoever is responsible", func(m *auth.ClientMetadata) *[]string { return &m.Contacts }),
		textMember("token_endpoint_auth_method", "`client_secret_basic`, `client_secret_post`, `private_key_jwt` (then there is no secret_file), or `none` for a public client; when absent, either way with the secret", func(m *auth.ClientMetadata) *oauth.ClientAuthMethod { return &m.AuthMethod }),
		textMember("token_endpoint_auth_signing_alg", "the one algorithm its assertions may be signed by: ES256, EdDSA, RS256 or PS256", func(m *auth.ClientMetadata) *string { return &m.AuthAlgorithm }),
		textMember("assertion_audience", "the audience of its assertions: issuer, or token_endpoint for a library that names that instead", func(m *auth.ClientMetadata) *auth.AssertionAudience { return &m.AssertionAudience }),
		{Field{"jwks", "a section with its public keys as a JWK set, for `private_key_jwt` and signed requests"}, element.keySet},
		textMember("jwks_uri", "the https address of that JWK set, instead", func(m *auth.ClientMetadata) *string { return &m.JWKSURI }),
		textMember("id_token_signed_response_alg", "the signature of its ID tokens: ES256, EdDSA, RS256 or PS256; RS256 when absent", func(m *auth.ClientMetadata) *string { return &m.IDTokenAlgorithm }),
		textMember("userinfo_signed_response_alg", "the signature of UserInfo replies: ES256, EdDSA, RS256 or PS256; plain JSON when absent", func(m *auth.ClientMetadata) *string { return &m.UserInfoAlgorithm }),
		textMember("introspection_signed_response_alg", "the signature of introspection replies, where it asks for a signed one: ES256, EdDSA, RS256 or PS256; that of access tokens when absent", func(m *auth.ClientMetadata) *string { return &m.IntrospectionAlgorithm }),
		textMember("request_object_signing_alg", "the one algorithm its request objects may be signed by: ES256, EdDSA, RS256 or PS256", func(m *auth.ClientMetadata) *string { return &m.RequestObjectAlgorithm }),
		flagMember("require_signed_request_object", "true to refuse requests that are not signed", func(m *auth.ClientMetadata) *bool { return &m.RequireSignedRequest }),
		flagMember("require_pushed_authorization_requests", "true to refuse requests that were not pushed", func(m *auth.ClientMetadata) *bool { return &m.RequirePAR }),
		textMember("subject_type", "`public` (one sub for all clients) or `pairwise` (one for each host)", func(m *auth.ClientMetadata) *auth.SubjectType { return &m.Subject }),
		textMember("sector_identifier_uri", "the https address of the list of redirect URIs, for a pairwise client with several hosts", func(m *auth.ClientMetadata) *string { return &m.SectorURI }),
		{Field{"default_max_age", "the most seconds since the log-in, where its request says nothing"}, element.maxAge},
		flagMember("require_auth_time", "true to have auth_time in every ID token", func(m *auth.ClientMetadata) *bool { return &m.RequireAuthTime }),
		listMember("default_acr_values", "a list of acr values, where its request says nothing", func(m *auth.ClientMetadata) *[]string { return &m.DefaultACR }),
		textMember("initiate_login_uri", "the https address at which others may start its log-in", func(m *auth.ClientMetadata) *string { return &m.InitiateLoginURI }),
		listMember("post_logout_redirect_uris", "a list of where users may be sent after log-out, compared exactly", func(m *auth.ClientMetadata) *[]string { return &m.PostLogoutRedirectURIs }),
		textMember("backchannel_logout_uri", "the https address that is told of log-outs by the server", func(m *auth.ClientMetadata) *string { return &m.BackChannelLogoutURI }),
		flagMember("backchannel_logout_session_required", "true when it needs the sid there", func(m *auth.ClientMetadata) *bool { return &m.BackChannelNeedsSession }),
		textMember("frontchannel_logout_uri", "the https address that is told of log-outs by the browser; on the origin of a redirect URI", func(m *auth.ClientMetadata) *string { return &m.FrontChannelLogoutURI }),
		flagMember("frontchannel_logout_session_required", "true when it needs iss and sid there", func(m *auth.ClientMetadata) *bool { return &m.FrontChannelNeedsSession }),
		textMember("pkce", "`required`, or `when_sent` for a confidential client that knows no PKCE", func(m *auth.ClientMetadata) *auth.PKCEPolicy { return &m.PKCE }),
		listMember("allowed_origins", "a list of origins whose scripts may read the answers of the token, revocation, UserInfo and PAR endpoints", func(m *auth.ClientMetadata) *[]string { return &m.AllowedOrigins }),
		flagMember("verified", "true when the operator vouches for its name", func(m *auth.ClientMetadata) *bool { return &m.Verified }),
	}
}

// keySet reads a JWK set, written as a section or as JSON.
func (e element) keySet(m *auth.ClientMetadata) {
	n := e.members["jwks"]
	if n == nil {
		return
	}
	var set map[string]any
	if err := n.Decode(&set); err != nil {
		e.fault("jwks", "a section with keys is expected")
		return
	}
	raw, err := json.Marshal(set)
	if err != nil {
		e.fault("jwks", "a section with keys is expected")
		return
	}
	m.JWKS = raw
}

func (e element) maxAge(m *auth.ClientMetadata) {
	written := e.text("default_max_age")
	if written == "" {
		return
	}
	n, err := strconv.ParseInt(written, 10, 64)
	if err != nil {
		e.fault("default_max_age", quote(written)+" is no number of seconds")
		return
	}
	m.DefaultMaxAge = &n
}

func (e element) metadata() auth.ClientMetadata {
	var m auth.ClientMetadata
	for _, member := range clientMembers() {
		member.read(e, &m)
	}
	return m
}

func clientFields() []Field {
	all := []Field{
		{"id", "the client_id: letters, digits and . _ ~ -, and not a UUID"},
		{"name", "what people see; the id when absent"},
		{"public", "true for an application that cannot keep a secret"},
		{"secret_file", "the path of a file with the secret, at least 32 characters"},
		{"grants", "a list of `authorization_code`, `refresh_token` and `client_credentials`; when absent, what the rest implies"},
		{"redirect_uris", "a list of https URIs, compared exactly; also http on 127.0.0.1, and for a public client com.example.app:/callback"},
		{"scopes", "a list of scopes it may ask for"},
		{"resources", "a list of resources it may ask for"},
		{"refresh", "`rotate` or `fixed`, for a confidential client"},
		{"first_party", "true for the operator's own application; kept for the consent page, no effect yet"},
	}
	for _, m := range clientMembers() {
		all = append(all, m.Field)
	}
	return all
}
