package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/secret"
)

// freshFor is how recent a log-in must be to stand in for the password.
const freshFor = 5 * time.Minute

// visitor is whom a request speaks for.
type visitor struct {
	auth.Principal
	bearer bool // the credential came in the Authorization header, so no cookie counts
}

// checkOrigin refuses what a browser sent from another origin (CSRF). GET and HEAD pass, and so does
// what no browser sends.
func (a *API) checkOrigin(r *http.Request) error {
	if err := a.origin.Check(r); err != nil {
		return refusal{httpkit.CodeCrossOrigin, "A browser sent this from another origin."}
	}
	return nil
}

// sameOrigin guards an endpoint that acts on cookies or sets them, whatever else the request bears.
func (a *API) sameOrigin(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := a.checkOrigin(r); err != nil {
			return err
		}
		return h(w, r)
	}
}

// access finds the access token: the Authorization header or, without one, the cookie.
func (a *API) access(r *http.Request) (token secret.Token, bearer bool, err error) {
	token, bearer, err = httpkit.Bearer(r)
	if err != nil || bearer {
		return token, bearer, err
	}
	token, _, err = a.needs.Cookies.Access(r)
	return token, false, err
}

// known runs an endpoint for whom the request speaks. No page of another origin can send a bearer
// token, so only a cookie needs the guard.
func (a *API) known(h func(http.ResponseWriter, *http.Request, visitor) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		token, bearer, err := a.access(r)
		if err != nil {
			return err
		}
		if !bearer {
			if err := a.checkOrigin(r); err != nil {
				return err
			}
		}
		if token.IsZero() {
			return login.ErrUnauthenticated
		}
		p, err := a.needs.Principals.Authenticate(r.Context(), token)
		if err != nil {
			return err
		}
		httpkit.Annotate(r.Context(), "user_id", p.User.ID.String())
		return h(w, r, visitor{p, bearer})
	}
}

// fresh lets a bearer token do what could lock its owner out only with the password in the body or
// within minutes of the log-in: such a token lies in logs and memory that a cookie never sees.
func (a *API) fresh(r *http.Request, v visitor) error {
	var body struct {
		Current hidden `json:"current_password"`
		Plain   hidden `json:"password"`
	}
	if err := httpkit.ReadJSON(r, &body); err != nil {
		return err
	}
	if !v.bearer || a.needs.Now().Sub(time.Unix(v.Claims.AuthTime, 0)) < freshFor {
		return nil
	}
	password := body.Plain
	if password.IsZero() {
		password = body.Current
	}
	if password.IsZero() {
		return refusal{httpkit.CodeFreshLoginRequired, "Send the password in the member password, or log in again first."}
	}
	return a.needs.Accounts.Confirm(r.Context(), v.User.ID, v.Session.ID, password.Token, caller(r))
}

// caller is who sent the request.
func caller(r *http.Request) auth.Caller {
	return auth.NewCaller(httpkit.ClientIP(r.Context()), r.UserAgent())
}

// hidden is a secret member of a body. It can be read and never written.
type hidden struct{ secret.Token }

var _ json.Unmarshaler = (*hidden)(nil)

// UnmarshalJSON reads a string.
func (h *hidden) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("want a string: %w", err)
	}
	h.Token = secret.FromString(s)
	return nil
}
