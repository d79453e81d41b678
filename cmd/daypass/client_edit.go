package main

import (
	"context"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/oauth"
)

// clientEdits are the flags that say what a client is like, named as the registered metadata with dashes.
func clientEdits() []edit[auth.Client] {
	return []edit[auth.Client]{
		listEdit("grant", "allow the grant `TYPE`: authorization_code, refresh_token or client_credentials", func(c *auth.Client) *[]oauth.GrantType { return &c.Grants }),
		listEdit("redirect-uri", "where users may be sent back to", func(c *auth.Client) *[]string { return &c.RedirectURIs }),
		listEdit("scope", "a `SCOPE` it may ask for", func(c *auth.Client) *[]string { return &c.Scopes }),
		listEdit("resource", "the `URI` of an API its tokens may be for", func(c *auth.Client) *[]string { return &c.Resources }),
		textEdit("refresh", "`POLICY` of its refresh tokens: fixed or rotate (default: fixed; public clients always rotate)", func(c *auth.Client) *auth.RefreshPolicy { return &c.Refresh }),
		flagEdit("first-party", "the operator's own application", func(c *auth.Client) *bool { return &c.FirstParty }),
		flagEdit("verified", "its name is vouched for", func(c *auth.Client) *bool { return &c.Metadata.Verified }),
		textEdit("client-uri", "the `URL` of its home page", func(c *auth.Client) *string { return &c.Metadata.ClientURI }),
		textEdit("logo-uri", "the `URL` of its logo", func(c *auth.Client) *string { return &c.Metadata.LogoURI }),
		textEdit("policy-uri", "the `URL` of its privacy policy", func(c *auth.Client) *string { return &c.Metadata.PolicyURI }),
		textEdit("tos-uri", "the `URL` of its terms of service", func(c *auth.Client) *string { return &c.Metadata.TermsURI }),
		listEdit("contact", "an `ADDRESS` of whoever is responsible", func(c *auth.Client) *[]string { return &c.Metadata.Contacts }),
		textEdit("token-endpoint-auth-method", "the one `METHOD` by which it authenticates: client_secret_basic, client_secret_post or private_key_jwt", func(c *auth.Client) *oauth.ClientAuthMethod { return &c.Metadata.AuthMethod }),
		textEdit("token-endpoint-auth-signing-alg", "the one algorithm of its assertions: ES256, EdDSA, RS256 or PS256", func(c *auth.Client) *string { return &c.Metadata.AuthAlgorithm }),
		parsedEdit("jwks-file", "its public keys, a JWK set in `FILE`", func(c *auth.Client, path string) (err error) {
			c.Metadata.JWKS, err = readText(path)
			return err
		}),
		textEdit("jwks-uri", "the `URL` of its public keys", func(c *auth.Client) *string { return &c.Metadata.JWKSURI }),
		textEdit("id-token-signed-response-alg", "the signature of its ID tokens: ES256, EdDSA, RS256 or PS256", func(c *auth.Client) *string { return &c.Metadata.IDTokenAlgorithm }),
		textEdit("userinfo-signed-response-alg", "the signature of UserInfo replies: ES256, EdDSA, RS256 or PS256", func(c *auth.Client) *string { return &c.Metadata.UserInfoAlgorithm }),
		textEdit("introspection-signed-response-alg", "the signature of introspection replies: ES256, EdDSA, RS256 or PS256", func(c *auth.Client) *string { return &c.Metadata.IntrospectionAlgorithm }),
		textEdit("request-object-signing-alg", "the one algorithm of its request objects: ES256, EdDSA, RS256 or PS256", func(c *auth.Client) *string { return &c.Metadata.RequestObjectAlgorithm }),
		flagEdit("require-signed-request-object", "refuse requests that are not signed", func(c *auth.Client) *bool { return &c.Metadata.RequireSignedRequest }),
		flagEdit("require-pushed-authorization-requests", "refuse requests that were not pushed", func(c *auth.Client) *bool { return &c.Metadata.RequirePAR }),
		textEdit("subject-type", "`TYPE` of sub: public or pairwise", func(c *auth.Client) *auth.SubjectType { return &c.Metadata.Subject }),
		textEdit("sector-identifier-uri", "the `URL` of the list of redirect URIs, for pairwise", func(c *auth.Client) *string { return &c.Metadata.SectorURI }),
		parsedEdit("default-max-age", "the most `SECONDS` since the log-in", func(c *auth.Client, s string) (err error) {
			c.Metadata.DefaultMaxAge, err = parseSeconds(s)
			return err
		}),
		flagEdit("require-auth-time", "have auth_time in every ID token", func(c *auth.Client) *bool { return &c.Metadata.RequireAuthTime }),
		listEdit("default-acr-value", "an acr `VALUE` where its request says nothing", func(c *auth.Client) *[]string { return &c.Metadata.DefaultACR }),
		textEdit("initiate-login-uri", "the `URL` at which others may start its log-in", func(c *auth.Client) *string { return &c.Metadata.InitiateLoginURI }),
		listEdit("post-logout-redirect-uri", "where users may be sent after log-out", func(c *auth.Client) *[]string { return &c.Metadata.PostLogoutRedirectURIs }),
		textEdit("backchannel-logout-uri", "the `URL` that the server tells of log-outs", func(c *auth.Client) *string { return &c.Metadata.BackChannelLogoutURI }),
		flagEdit("backchannel-logout-session-required", "it needs the sid there", func(c *auth.Client) *bool { return &c.Metadata.BackChannelNeedsSession }),
		textEdit("frontchannel-logout-uri", "the `URL` that the browser tells of log-outs", func(c *auth.Client) *string { return &c.Metadata.FrontChannelLogoutURI }),
		flagEdit("frontchannel-logout-session-required", "it needs iss and sid there", func(c *auth.Client) *bool { return &c.Metadata.FrontChannelNeedsSession }),
		textEdit("pkce", "`POLICY`: required, or when_sent for a confidential client that knows no PKCE", func(c *auth.Client) *auth.PKCEPolicy { return &c.Metadata.PKCE }),
		listEdit("allowed-origin", "an `ORIGIN` whose scripts may read the answers of the token, revocation, UserInfo and PAR endpoints", func(c *auth.Client) *[]string { return &c.Metadata.AllowedOrigins }),
	}
}

func (p *program) clientUpdate() *cli.Command {
	edits := append(clientEdits(), textEdit("name", "what users are shown", func(c *auth.Client) *string { return &c.Name }))
	return &cli.Command{
		Name: "update", Usage: "change what a client is like", ArgsUsage: "CLIENT", Flags: flagsOf(edits),
		Description: "A flag replaces what was there, a list as a whole; an empty value takes it away: --logo-uri \"\", --verified=false.",
		Action: func(ctx context.Context, c *cli.Command) error {
			id, err := argument(c, clientArg)
			if err != nil {
				return err
			}
			change, given, err := editOf(c, edits)
			if err != nil {
				return err
			}
			if !given {
				return usagef("`%s` changes nothing without a flag; `%s --help` lists them", c.FullName(), c.FullName())
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				v, changed, err := s.UpdateClient(ctx, id, change, actor())
				if err != nil {
					return err
				}
				doc := struct {
					clientDoc
					Changed bool `json:"changed"`
				}{clientDocument(v.Client), changed}
				return p.print(doc, func(w io.Writer) { done(w, changed, id+" is changed.", id+" was like that already.") })
			})
		},
	}
}
