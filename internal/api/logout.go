package api

import (
	"net/http"

	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/secret"
)

// logOut is POST /v1/logout. It answers 204 whether or not anybody was logged in, and clears the
// cookies only after what they stood for has ended.
func (a *API) logOut(w http.ResponseWriter, r *http.Request) error {
	m, presented, err := a.readLogOut(r)
	if err != nil {
		return err
	}
	if err := a.needs.Principals.LogOut(r.Context(), presented, caller(r)); err != nil {
		return err
	}
	if m == cookieMode {
		a.needs.Cookies.Clear(w)
	}
	noContent(w)
	return nil
}

// readLogOut gathers the credentials of the request: the refresh token of the body and the bearer token or,
// without one and in cookie mode, the cookies. With a bearer token no cookie counts.
func (a *API) readLogOut(r *http.Request) (mode, login.Presented, error) {
	var body struct {
		Refresh hidden `json:"refresh_token"`
		Mode    mode   `json:"mode"`
	}
	token, bearer, err := httpkit.Bearer(r)
	if err == nil && !bearer {
		err = a.checkOrigin(r)
	}
	if err == nil {
		err = httpkit.ReadJSON(r, &body)
	}
	if err != nil {
		return "", login.Presented{}, err
	}
	m, err := a.modeOf(r, body.Mode)
	if err != nil {
		return "", login.Presented{}, err
	}
	presented := login.Presented{Bearer: token, Refresh: []secret.Token{body.Refresh.Token}}
	if bearer {
		return tokenMode, presented, nil
	}
	if m == cookieMode {
		err = a.addCookies(r, &presented)
	}
	return m, presented, err
}

func (a *API) addCookies(r *http.Request, p *login.Presented) error {
	access, _, err := a.needs.Cookies.Access(r)
	if err != nil {
		return err
	}
	refresh, _, err := a.needs.Cookies.Refresh(r)
	if err != nil {
		return err
	}
	p.Access, p.Refresh = append(p.Access, access), append(p.Refresh, refresh)
	p.Session, _, err = a.needs.Cookies.Session(r)
	return err
}

func noContent(w http.ResponseWriter) {
	httpkit.NoStore(w.Header())
	w.WriteHeader(http.StatusNoContent)
}
