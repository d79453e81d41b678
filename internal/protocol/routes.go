package protocol

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
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
	Authenticate(ctx context.Context, c clients.Credentials) (auth.Client, error)
	GrantTypes() []oauth.GrantType
}

// Desk is the use case of introspection, revocation and UserInfo.
type Desk interface {
	UserInfo(ctx context.Context, token secret.Token) (exchange.UserInfo, error)
	SignedUserInfo(ctx context.Context, info exchange.UserInfo) (secret.Token, error)
	Introspect(ctx context.Context, c clients.Credentials, token secret.Token) (exchange.Introspection, error)
	IntrospectSigned(ctx context.Context, c clients.Credentials, token secret.Token) (secret.Token, error)
	Revoke(ctx context.Context, c clients.Credentials, token secret.Token, caller auth.Caller) error
}

// KeySource is the JWK set document, and what is signed by its keys today.
type KeySource interface {
	KeySet() []byte
	Algorithms() []jose.Algorithm
}

// Origins knows which web origins may read the answers of the endpoints for clients.
type Origins interface{ Allowed(origin string) bool }

var (
	_ Exchanger = (*exchange.Pipeline)(nil)
	_ Desk      = (*exchange.Desk)(nil)
	_ Origins   = (*clients.Origins)(nil)
)

// Authorizer is the use case of the authorization endpoint.
type Authorizer interface {
	Read(ctx context.Context, params httpkit.Params) (authorize.Asked, error)
	Begin(asked authorize.Asked) authorize.Visit
	Push(ctx context.Context, client auth.Client, params httpkit.Params) (uri string, err error)
	Pushed(ctx context.Context, client, uri string) (authorize.Visit, error)
	RequiresPushed() bool
	ReadExit(ctx context.Context, params httpkit.Params) (authorize.Exit, error)
	Sure(e authorize.Exit, session auth.Session) bool
	Resume(ctx context.Context, sealed string) (authorize.Visit, error)
	Sealed(v authorize.Visit) (string, error)
	Decide(ctx context.Context, v authorize.Visit) (authorize.Step, *authorize.Answer, error)
	Failed(v authorize.Visit, busy bool) *authorize.Answer
}

// Sessions reads the session of an SSO cookie; auth.ErrNotFound when it names none that is live.
type Sessions interface {
	Current(ctx context.Context, cookie secret.Token) (auth.User, auth.Session, error)
}

// Screens are the pages that the endpoints need.
type Screens interface {
	// Fault shows a person what is wrong with a request that cannot be answered to its client.
	Fault(w http.ResponseWriter, r *http.Request, f Fault)
	// FormPost has the browser post values to a redirect URI (OAuth 2.0 Form Post Response Mode §2).
	FormPost(w http.ResponseWriter, r *http.Request, a authorize.Answer)
	// Exit ends the browser's session, after a question unless sure, and sends its user where the exit says.
	Exit(w http.ResponseWriter, r *http.Request, e authorize.Exit, sure bool)
}

// Fault is what Screens show.
type Fault struct {
	Status    int
	Code      oauth.ErrorCode
	Parameter string // empty: none is to blame
	Reason    Reason
	Detail    string // of a Mistake, in English
}

// Reason is why Screens show a fault; whoever shows it finds the words.
type Reason int

// The reasons.
const (
	ByStatus   Reason = iota // what the status says and no more
	Mistake                  // of the client
	Over                     // the request was answered, or took too long
	TwoCookies               // of one name
)

var _ Authorizer = (*authorize.Service)(nil)

// Config is what the endpoints need. Authorize, Sessions and Screens are needed by the authorization endpoint, which is
// not there without them.
type Config struct {
	Issuer    string
	Exchange  Exchanger
	Desk      Desk
	Keys      KeySource
	Origins   Origins
	Authorize Authorizer
	Sessions  Sessions
	Screens   Screens
	Registrar Registrar // nil: nobody registers a client by HTTP
	Cookies   httpkit.Cookies
	Scopes    []auth.Scope // that the configuration describes
	Languages []string     // that the Screens speak
	Now       func() time.Time
}

// Protocol is the set of OAuth endpoints.
type Protocol struct{ c Config }

// New returns the endpoints, or an error when a need is missing.
func New(c Config) (*Protocol, error) {
	if c.Issuer == "" || c.Exchange == nil || c.Desk == nil || c.Keys == nil || c.Origins == nil || c.Now == nil {
		return nil, errors.New("protocol: an issuer, the use cases, keys, origins and a clock are needed")
	}
	return &Protocol{c: c}, nil
}

// Route is one endpoint.
type Route struct {
	Path    string
	Methods []string
	Handler http.HandlerFunc
	// Scripts says how scripts of other origins may ask here.
	Scripts scripts
	// Describe writes what this endpoint adds to the metadata documents; nil: nothing.
	Describe func(*oauth.Metadata)
}

// Routes is the table that is served and from which the metadata is generated.
func (p *Protocol) Routes() []Route {
	confidential := []oauth.ClientAuthMethod{oauth.AuthSecretBasic, oauth.AuthSecretPost, oauth.AuthPrivateKeyJWT}
	signatures := algorithmNames(jose.Algorithms())
	everybody := append(slices.Clone(confidential), oauth.AuthNone)
	form := scripts{Listed: true, Headers: []string{"Content-Type"}} // some libraries announce it, though a form need not
	post, get := []string{http.MethodPost}, []string{http.MethodGet, http.MethodHead}
	routes := []Route{
		{"/oauth/token", post, p.token, form, func(m *oauth.Metadata) {
			m.TokenEndpoint, m.TokenEndpointAuthMethodsSupported = p.c.Issuer+"/oauth/token", everybody
			m.TokenEndpointAuthSigningAlgValuesSupported = signatures
			m.GrantTypesSupported = p.c.Exchange.GrantTypes()
		}},
		{"/oauth/revoke", post, p.revoke, form, func(m *oauth.Metadata) {
			m.RevocationEndpoint, m.RevocationEndpointAuthMethodsSupported = p.c.Issuer+"/oauth/revoke", everybody
			m.RevocationEndpointAuthSigningAlgValuesSupported = signatures
		}},
		{"/oauth/introspect", post, p.introspect, scripts{}, func(m *oauth.Metadata) {
			m.IntrospectionEndpoint, m.IntrospectionEndpointAuthMethodsSupported = p.c.Issuer+"/oauth/introspect", confidential
			m.IntrospectionEndpointAuthSigningAlgValuesSupported = signatures
			m.IntrospectionSigningAlgValuesSupported = algorithmNames(p.c.Keys.Algorithms())
		}},
		{"/oauth/jwks", get, p.jwks, scripts{}, func(m *oauth.Metadata) { m.JWKSURI = p.c.Issuer + "/oauth/jwks" }},
		{oauth.MetadataPath, get, p.metadata, scripts{}, nil},
		{oauth.OpenIDMetadataPath, get, p.metadata, scripts{}, nil},
	}
	if p.c.Registrar != nil {
		own := []string{http.MethodGet, http.MethodPut, http.MethodDelete}
		routes = append(
			routes, Route{registerPath, post, p.register, scripts{}, func(m *oauth.Metadata) { m.RegistrationEndpoint = p.c.Issuer + registerPath }},
			Route{registerPath + "/{id}", own, p.registered, scripts{}, nil},
		)
	}
	if p.c.Authorize == nil {
		return routes
	}
	getPost := []string{http.MethodGet, http.MethodPost}
	return append(
		routes,
		Route{"/oauth/authorize", getPost, p.authorize, scripts{}, p.describeAuthorize},
		Route{"/oauth/par", post, p.push, form, func(m *oauth.Metadata) {
			m.PushedAuthorizationRequestEndpoint = p.c.Issuer + "/oauth/par"
			m.RequirePushedAuthorizationRequests = p.c.Authorize.RequiresPushed()
		}},
		Route{"/oauth/logout", getPost, p.logout, scripts{}, p.describeLogout},
		Route{"/oauth/userinfo", getPost, p.userInfo, scripts{true, []string{"Authorization"}}, p.describeUserInfo},
	)
}

func algorithmNames(all []jose.Algorithm) []string {
	names := make([]string, len(all))
	for i, alg := range all {
		names[i] = string(alg)
	}
	return names
}

// Mount registers every route; another method gets 405 in the form of an OAuth error.
func (p *Protocol) Mount(mux *http.ServeMux) {
	mux.HandleFunc("/oauth/", func(w http.ResponseWriter, _ *http.Request) {
		httpkit.WriteJSON(w, http.StatusNotFound, oauth.NewError(oauth.InvalidRequest, "there is no such endpoint"))
	})
	for _, route := range p.Routes() {
		mux.HandleFunc(route.Path, func(w http.ResponseWriter, r *http.Request) {
			if p.share(w, r, route) {
				httpkit.SetRoute(r.Context(), route.Path)
				return
			}
			if !slices.Contains(route.Methods, r.Method) {
				writeMethodNotAllowed(w, route.Methods)
				return
			}
			httpkit.SetRoute(r.Context(), route.Path)
			route.Handler(w, r)
		})
	}
}
