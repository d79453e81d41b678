package protocol

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/clients"
	"github.com/daypass/daypass/internal/exchange"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// Exchanger is the token endpoint's use case.
type Exchanger interface {
	Exchange(ctx context.Context, r exchange.Request) (auth.Tokens, error)
	GrantTypes() []oauth.GrantType
}

// Desk is the use case of introspection and revocation.
type Desk interface {
	Introspect(ctx context.Context, c clients.Credentials, token secret.Token) (exchange.Introspection, error)
	IntrospectSigned(ctx context.Context, c clients.Credentials, token secret.Token) (secret.Token, error)
	Revoke(ctx context.Context, c clients.Credentials, token secret.Token, caller auth.Caller) error
}

// KeySource is the JWK set document, and what is signed by its keys today.
type KeySource interface {
	KeySet() []byte
	Algorithms() []jose.Algorithm
}

var (
	_ Exchanger = (*exchange.Pipeline)(nil)
	_ Desk      = (*exchange.Desk)(nil)
)

// Config is what the endpoints need.
type Config struct {
	Issuer   string
	Exchange Exchanger
	Desk     Desk
	Keys     KeySource
	Now      func() time.Time
}

// Protocol is the set of OAuth endpoints.
type Protocol struct{ c Config }

// New returns the endpoints, or an error when a need is missing.
func New(c Config) (*Protocol, error) {
	if c.Issuer == "" || c.Exchange == nil || c.Desk == nil || c.Keys == nil || c.Now == nil {
		return nil, errors.New("protocol: an issuer, the use cases, keys and a clock are needed")
	}
	return &Protocol{c: c}, nil
}

// Route is one endpoint.
type Route struct {
	Path    string
	Methods []string
	Handler http.HandlerFunc
	// Describe writes what this endpoint adds to the metadata documents; nil: nothing.
	Describe func(*oauth.Metadata)
}

// Routes is the table that is served and from which the metadata is generated.
func (p *Protocol) Routes() []Route {
	confidential := []oauth.ClientAuthMethod{oauth.AuthSecretBasic, oauth.AuthSecretPost}
	everybody := append(slices.Clone(confidential), oauth.AuthNone)
	post, get := []string{http.MethodPost}, []string{http.MethodGet, http.MethodHead}
	return []Route{
		{"/oauth/token", post, p.token, func(m *oauth.Metadata) {
			m.TokenEndpoint, m.TokenEndpointAuthMethodsSupported = p.c.Issuer+"/oauth/token", everybody
			m.GrantTypesSupported = p.c.Exchange.GrantTypes()
		}},
		{"/oauth/revoke", post, p.revoke, func(m *oauth.Metadata) {
			m.RevocationEndpoint, m.RevocationEndpointAuthMethodsSupported = p.c.Issuer+"/oauth/revoke", everybody
		}},
		{"/oauth/introspect", post, p.introspect, func(m *oauth.Metadata) {
			m.IntrospectionEndpoint, m.IntrospectionEndpointAuthMethodsSupported = p.c.Issuer+"/oauth/introspect", confidential
			for _, alg := range p.c.Keys.Algorithms() {
				m.IntrospectionSigningAlgValuesSupported = append(m.IntrospectionSigningAlgValuesSupported, string(alg))
			}
		}},
		{"/oauth/jwks", get, p.jwks, func(m *oauth.Metadata) { m.JWKSURI = p.c.Issuer + "/oauth/jwks" }},
		{oauth.MetadataPath, get, p.metadata, nil},
		{oauth.OpenIDMetadataPath, get, p.metadata, nil},
	}
}

// Mount registers every route; another method gets 405 in the form of an OAuth error.
func (p *Protocol) Mount(mux *http.ServeMux) {
	mux.HandleFunc("/oauth/", func(w http.ResponseWriter, _ *http.Request) {
		httpkit.WriteJSON(w, http.StatusNotFound, oauth.NewError(oauth.InvalidRequest, "there is no such endpoint"))
	})
	for _, route := range p.Routes() {
		mux.HandleFunc(route.Path, func(w http.ResponseWriter, r *http.Request) {
			if !slices.Contains(route.Methods, r.Method) {
				writeMethodNotAllowed(w, route.Methods)
				return
			}
			httpkit.SetRoute(r.Context(), route.Path)
			route.Handler(w, r)
		})
	}
}
