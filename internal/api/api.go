package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/exchange"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/oauth"
)

// Exchanger is the exchange pipeline on behalf of the built-in client. Refusals are *auth.Refused of a
// refresh and auth.ErrCredentials of a log-in.
type Exchanger interface {
	FirstParty(ctx context.Context, grant oauth.GrantType, ask auth.Ask) (auth.Tokens, error)
}

var _ Exchanger = (*exchange.Pipeline)(nil)

// Needs is what an API is built from. Exchange, Accounts, Principals and Now are required.
type Needs struct {
	Exchange   Exchanger
	Accounts   *accounts.Service
	Principals *login.Principals
	Cookies    httpkit.Cookies
	Now        func() time.Time
	// AllowTokenMode hands tokens to scripts and programs in reply bodies. A script injected into a
	// first-party page can then carry off the tokens of a log-in that it makes itself.
	AllowTokenMode bool
	// ShowVerdict tells the verdict of every refresh in the header Daypass-Verdict. It helps a thief to
	// see how near discovery is, so it is for `daypass dev` alone.
	ShowVerdict bool
}

// API serves /v1. It is safe for concurrent use.
type API struct {
	needs  Needs
	origin *http.CrossOriginProtection
}

// New checks that nothing is missing.
func New(n Needs) (*API, error) {
	if n.Exchange == nil || n.Accounts == nil || n.Principals == nil || n.Now == nil {
		return nil, errors.New("api: Exchange, Accounts, Principals and Now are required")
	}
	return &API{needs: n, origin: http.NewCrossOriginProtection()}, nil
}

// Route is one entry for the server's mux: Pattern as http.ServeMux reads it.
type Route struct {
	Pattern string
	Handler http.Handler
}

// handler returns an error instead of answering, for one place to write it.
type handler func(w http.ResponseWriter, r *http.Request) error

// Routes lists the endpoints, for each path an answer to every other method, and one to every other path.
func (a *API) Routes() []Route {
	table := []struct {
		method, path string
		handle       handler
	}{
		{http.MethodPost, "/v1/signup", a.sameOrigin(a.signUp)},
		{http.MethodPost, "/v1/signup/code", a.sameOrigin(a.confirmSignUp)},
		{http.MethodPost, "/v1/login", a.sameOrigin(a.logIn)},
		{http.MethodPost, "/v1/refresh", a.sameOrigin(a.refresh)},
		{http.MethodPost, "/v1/logout", a.logOut},
		{http.MethodGet, "/v1/me", a.known(a.me)},
		{http.MethodGet, "/v1/sessions", a.known(a.sessions)},
		{http.MethodDelete, "/v1/sessions", a.known(a.endOtherSessions)},
		{http.MethodDelete, "/v1/sessions/{id}", a.known(a.endSession)},
		{http.MethodPost, "/v1/password", a.known(a.password)},
		{http.MethodPost, "/v1/reauthenticate", a.known(a.reauthenticate)},
		{http.MethodPost, "/v1/email", a.known(a.askEmail)},
		{http.MethodPost, "/v1/email/code", a.known(a.confirmEmail)},
		{http.MethodGet, "/v1/verify", a.verify},
	}
	var routes []Route
	var paths []string
	methods := map[string][]string{}
	for _, row := range table {
		routes = append(routes, Route{row.method + " " + row.path, a.serve(row.handle)})
		if methods[row.path] == nil {
			paths = append(paths, row.path)
		}
		methods[row.path] = append(methods[row.path], row.method)
	}
	for _, path := range paths {
		routes = append(routes, Route{path, a.serve(wrongMethod(methods[path]))})
	}
	return append(routes, Route{"/v1/", http.HandlerFunc(httpkit.NotFound)})
}

// serve refuses a request that bears one of our cookies twice, whichever it would use, and writes the
// problem of a handler that fails.
func (a *API) serve(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _, first := a.needs.Cookies.Access(r)
		_, _, second := a.needs.Cookies.Refresh(r)
		_, _, third := a.needs.Cookies.Session(r)
		_, _, fourth := a.needs.Cookies.Device(r)
		err := errors.Join(first, second, third, fourth)
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			fail(w, r, err)
		}
	})
}

func wrongMethod(allowed []string) handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return refusal{httpkit.CodeMethodNotAllowed, ""}
	}
}
