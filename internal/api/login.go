package api

import (
	"net/http"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
)

// loginBody is the body of POST /v1/signup and POST /v1/login.
type loginBody struct {
	Email    string `json:"email"`
	Password hidden `json:"password"`
	Mode     mode   `json:"mode"`
}

func (a *API) readLogin(r *http.Request) (loginBody, error) {
	var body loginBody
	if err := httpkit.ReadJSON(r, &body); err != nil {
		return loginBody{}, err
	}
	if body.Email == "" || body.Password.IsZero() {
		return loginBody{}, refusal{httpkit.CodeInvalidRequest, "The members email and password are required."}
	}
	var err error
	body.Mode, err = a.modeOf(r, body.Mode)
	return body, err
}

// logIn is POST /v1/login.
func (a *API) logIn(w http.ResponseWriter, r *http.Request) error {
	return a.enter(w, r, http.StatusOK, false)
}

// signUp is POST /v1/signup: it makes the user and logs in.
func (a *API) signUp(w http.ResponseWriter, r *http.Request) error {
	return a.enter(w, r, http.StatusCreated, true)
}

func (a *API) enter(w http.ResponseWriter, r *http.Request, status int, fresh bool) error {
	body, err := a.readLogin(r)
	if err != nil {
		return err
	}
	from := caller(r)
	ask := auth.LoginAsk{Email: body.Email, Password: body.Password.Token, Caller: from, New: fresh}
	if ask.Device, _, err = a.needs.Cookies.Device(r); err != nil {
		return err
	}
	if body.Mode == cookieMode { // in token mode the browser keeps the session that it has
		if ask.Replaces, _, err = a.needs.Cookies.Session(r); err != nil {
			return err
		}
	}
	tokens, err := a.needs.Exchange.FirstParty(r.Context(), auth.GrantLogin, auth.Ask{Caller: from, Arrived: a.needs.Now(), Login: &ask})
	if err != nil {
		return err
	}
	httpkit.Annotate(r.Context(), "user_id", tokens.UserID.String())
	httpkit.Annotate(r.Context(), "grant_id", tokens.GrantID.String())
	a.handOut(w, status, body.Mode, tokens)
	return nil
}
