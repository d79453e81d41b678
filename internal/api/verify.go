package api

import (
	"net/http"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/login"
)

// What a proxy may pass on to the application behind it.
const (
	headerUser  = "Daypass-User"
	headerEmail = "Daypass-Email"
)

// verify is GET /v1/verify, the question of a proxy whether somebody is logged in: 200 or 401.
func (a *API) verify(w http.ResponseWriter, r *http.Request) error {
	user, err := a.whoIs(r)
	if err != nil {
		return err
	}
	w.Header().Set(headerUser, user.ID.String())
	w.Header().Set(headerEmail, user.Email)
	httpkit.NoStore(w.Header())
	w.WriteHeader(http.StatusOK)
	return nil
}

// whoIs takes the access token and, only where there is none at all, the SSO cookie: behind an access
// token that is over, an SSO session must not keep alive what the discovery of a theft has ended.
func (a *API) whoIs(r *http.Request) (auth.User, error) {
	token, _, err := a.access(r)
	if err != nil {
		return auth.User{}, err
	}
	if !token.IsZero() {
		p, err := a.needs.Principals.Authenticate(r.Context(), token)
		return p.User, err
	}
	cookie, present, err := a.needs.Cookies.Session(r)
	if err != nil {
		return auth.User{}, err
	}
	if !present {
		return auth.User{}, login.ErrUnauthenticated
	}
	return a.needs.Principals.BySession(r.Context(), cookie)
}
