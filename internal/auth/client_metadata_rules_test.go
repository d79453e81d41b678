package auth

import (
	"strings"
	"testing"

	"github.com/daypass/daypass/oauth"
)

const (
	publicJWKS  = `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
	privateJWKS = `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}]}`
)

func webClient() Client {
	return Client{
		ID: "web", Name: "Web", Grants: []oauth.GrantType{oauth.GrantAuthorizationCode}, RedirectURIs: []string{"https://app.example/cb"},
	}
}

// RFC 7591 §2, OpenID Connect Dynamic Client Registration 1.0 §2.
func TestGoodMetadataPasses(t *testing.T) {
	t.Parallel()
	age := int64(3600)
	c := webClient()
	c.Metadata = ClientMetadata{
		ClientURI: "https://app.example", LogoURI: "https://app.example/logo.png", PolicyURI: "http://localhost:3000/p", TermsURI: "https://app.example/tos?x=1",
		Contacts: []string{"ops@app.example"}, AuthMethod: oauth.AuthPrivateKeyJWT, AuthAlgorithm: "EdDSA", JWKS: []byte(publicJWKS),
		IDTokenAlgorithm: "RS256", RequestObjectAlgorithm: "PS256", IntrospectionAlgorithm: "EdDSA",
		Subject: SubjectPublic, DefaultMaxAge: &age, DefaultACR: []string{"urn:mace:incommon:iap:silver"}, InitiateLoginURI: "https://app.example/login",
		PostLogoutRedirectURIs: []string{"https://app.example/bye"}, PKCE: PKCEWhenSent,
		AllowedOrigins: []string{"https://app.example", "http://127.0.0.1:3000", "https://app.example:8443"},
	}
	if faults := c.Faults(); len(faults) > 0 {
		t.Errorf("got %+v, want none", faults)
	}
}

// DR-03, DR-04. Each entry spoils one thing and names the fault that must be found, and no other.
func TestBadMetadataIsRefusedByName(t *testing.T) {
	t.Parallel()
	minus := int64(-1)
	for name, c := range map[string]struct {
		spoil          func(*Client)
		field, problem string
	}{
		"scripted page":      {func(c *Client) { c.Metadata.ClientURI = "javascript:alert(1)" }, "client_uri", "https://"},
		"plain logo":         {func(c *Client) { c.Metadata.LogoURI = "http://app.example/logo.png" }, "logo_uri", "use https"},
		"policy of a user":   {func(c *Client) { c.Metadata.PolicyURI = "https://u:canary@app.example" }, "policy_uri", "no user name"},
		"relative terms":     {func(c *Client) { c.Metadata.TermsURI = "/tos" }, "tos_uri", "not an absolute URI"},
		"contact with a LF":  {func(c *Client) { c.Metadata.Contacts = []string{"a@b.test", "a\nb"} }, "contacts", "write an address"},
		"unknown method":     {func(c *Client) { c.Metadata.AuthMethod = "tls_client_auth" }, "token_endpoint_auth_method", "client_secret_basic"},
		"none, confidential": {func(c *Client) { c.Metadata.AuthMethod = oauth.AuthNone }, "token_endpoint_auth_method", "another method"},
		"secret, public":     {func(c *Client) { c.Public, c.Metadata.AuthMethod = true, oauth.AuthSecretBasic }, "token_endpoint_auth_method", "write none"},
		"key without key":    {func(c *Client) { c.Metadata.AuthMethod = oauth.AuthPrivateKeyJWT }, "token_endpoint_auth_method", "jwks or jwks_uri"},
		"both key sources": {func(c *Client) {
			c.Metadata.JWKS, c.Metadata.JWKSURI = []byte(publicJWKS), "https://app.example/jwks"
		}, "jwks_uri", "one of the two"},
		"private key":           {func(c *Client) { c.Metadata.JWKS = []byte(privateJWKS) }, "jwks", "public keys"},
		"symmetric key":         {func(c *Client) { c.Metadata.JWKS = []byte(`{"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0"}]}`) }, "jwks", "public keys"},
		"no key":                {func(c *Client) { c.Metadata.JWKS = []byte(`{"keys":[]}`) }, "jwks", "no key in it"},
		"no key set":            {func(c *Client) { c.Metadata.JWKS = []byte(`[]`) }, "jwks", "public keys"},
		"key address":           {func(c *Client) { c.Metadata.JWKSURI = "file:///etc/passwd" }, "jwks_uri", "https://"},
		"ID token unsigned":     {func(c *Client) { c.Metadata.IDTokenAlgorithm = "none" }, "id_token_signed_response_alg", "write ES256"},
		"UserInfo by HMAC":      {func(c *Client) { c.Metadata.UserInfoAlgorithm = "HS256" }, "userinfo_signed_response_alg", "write ES256"},
		"request unsigned":      {func(c *Client) { c.Metadata.RequestObjectAlgorithm = "none" }, "request_object_signing_alg", "write ES256"},
		"assertion by HMAC":     {func(c *Client) { c.Metadata.AuthAlgorithm = "HS256" }, "token_endpoint_auth_signing_alg", "write ES256"},
		"introspection by HMAC": {func(c *Client) { c.Metadata.IntrospectionAlgorithm = "HS256" }, "introspection_signed_response_alg", "write ES256"},
		"front channel":         {func(c *Client) { c.Metadata.FrontChannelLogoutURI = "https://app.example/out" }, "frontchannel_logout_uri", "not do that yet"},
		"signed requests alone": {func(c *Client) { c.Metadata.RequireSignedRequest = true }, "require_signed_request_object", "public keys"},
		"subject type":          {func(c *Client) { c.Metadata.Subject = "secret" }, "subject_type", "public or pairwise"},
		"pairwise, two hosts": {func(c *Client) {
			c.Metadata.Subject, c.RedirectURIs = SubjectPairwise, []string{"https://a.example/cb", "https://b.example/cb"}
		}, "subject_type", "sector_identifier_uri"},
		"negative age":         {func(c *Client) { c.Metadata.DefaultMaxAge = &minus }, "default_max_age", "0 or more"},
		"acr with a space":     {func(c *Client) { c.Metadata.DefaultACR = []string{"a b"} }, "default_acr_values", "printable"},
		"log-in address":       {func(c *Client) { c.Metadata.InitiateLoginURI = "http://app.example" }, "initiate_login_uri", "use https"},
		"scripted way back":    {func(c *Client) { c.Metadata.PostLogoutRedirectURIs = []string{"javascript:x"} }, "post_logout_redirect_uris", "use https"},
		"back channel plain":   {func(c *Client) { c.Metadata.BackChannelLogoutURI = "http://10.0.0.1/logout" }, "backchannel_logout_uri", "use https"},
		"front channel abroad": {func(c *Client) { c.Metadata.FrontChannelLogoutURI = "https://other.example/front" }, "frontchannel_logout_uri", "of a redirect URI"},
		"back, no address":     {func(c *Client) { c.Metadata.BackChannelNeedsSession = true }, "backchannel_logout_session_required", "backchannel_logout_uri"},
		"front, no address":    {func(c *Client) { c.Metadata.FrontChannelNeedsSession = true }, "frontchannel_logout_session_required", "frontchannel_logout_uri"},
		"unknown PKCE":         {func(c *Client) { c.Metadata.PKCE = "plain" }, "pkce", "required or when_sent"},
		"PKCE, public":         {func(c *Client) { c.Public, c.Metadata.PKCE = true, PKCEWhenSent }, "pkce", "always uses PKCE"},
		"origin with a path":   {func(c *Client) { c.Metadata.AllowedOrigins = []string{"https://app.example/"} }, "allowed_origins", "scheme, host and port alone"},
		"every origin":         {func(c *Client) { c.Metadata.AllowedOrigins = []string{"*"} }, "allowed_origins", ""},
		"no origin":            {func(c *Client) { c.Metadata.AllowedOrigins = []string{"null"} }, "allowed_origins", ""},
		"default port":         {func(c *Client) { c.Metadata.AllowedOrigins = []string{"https://app.example:443"} }, "allowed_origins", "leave the default port out"},
	} {
		client := webClient()
		c.spoil(&client)
		got := client.Faults()
		if len(got) != 1 || got[0].Field != c.field || !strings.Contains(got[0].Problem, c.problem) {
			t.Errorf("%s: got %+v, want one fault of %s: %s", name, got, c.field, c.problem)
		}
		for _, f := range got {
			if strings.Contains(f.Problem, "canary") {
				t.Errorf("%s: a password is repeated: %s", name, f.Problem)
			}
		}
	}
}
