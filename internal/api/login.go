package api

import (
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/accounts"
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

// signUp is POST /v1/signup: it makes the user and logs in, or, where an address has to be proved first, mails a code and
// answers 202 with the token that POST /v1/signup/code takes.
func (a *API) signUp(w http.ResponseWriter, r *http.Request) error {
	if a.needs.Accounts.SignUpMode() != accounts.SignUpConfirm {
		return a.enter(w, r, http.StatusCreated, true)
	}
	body, err := a.readLogin(r)
	if err != nil {
		return err
	}
	token, err := a.needs.Accounts.BeginSignUp(r.Context(), auth.LoginAsk{Email: body.Email, Password: body.Password.Token, Caller: caller(r), New: true})
	if err != nil {
		return err
	}
	httpkit.WriteJSON(w, http.StatusAccepted, map[string]any{"sign_up": token.Reveal(), "expires_in": int64(auth.CodeLife / time.Second)})
	return nil
}

// confirmSignUp is POST /v1/signup/code: the mailed code makes the user and logs in.
func (a *API) confirmSignUp(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		SignUp hidden `json:"sign_up"`
		Code   hidden `json:"code"`
		Mode   mode   `json:"mode"`
	}
	if err := httpkit.ReadJSON(r, &body); err != nil {
		return err
	}
	if body.SignUp.IsZero() || body.Code.IsZero() {
		return refusal{httpkit.CodeInvalidRequest, "The members sign_up and code are required."}
	}
	m, err := a.modeOf(r, body.Mode)
	if err != nil {
		return err
	}
	return a.admit(w, r, http.StatusCreated, m, auth.LoginAsk{SignUp: body.SignUp.Token, Code: body.Code.Token, New: true})
}

func (a *API) enter(w http.ResponseWriter, r *http.Request, status int, fresh bool) error {
	body, err := a.readLogin(r)
	if err != nil {
		return err
	}
	return a.admit(w, r, status, body.Mode, auth.LoginAsk{Email: body.Email, Password: body.Password.Token, New: fresh})
}

// admit adds what the browser is known by to a log-in, runs it and hands the tokens out.
func (a *API) admit(w http.ResponseWriter, r *http.Request, status int, m mode, ask auth.LoginAsk) error {
	var err error
	ask.Caller = caller(r)
	if ask.Device, err = a.device(r); err != nil {
		return err
	}
	if m == cookieMode { // in token mode the browser keeps the session that it has
		if ask.Replaces, _, err = a.needs.Cookies.Session(r); err != nil {
			return err
		}
	}
	tokens, err := a.needs.Exchange.FirstParty(r.Context(), auth.GrantLogin, auth.Ask{Caller: ask.Caller, Arrived: a.needs.Now(), Login: &ask})
	if err != nil {
		return err
	}
	httpkit.Annotate(r.Context(), "user_id", tokens.UserID.String())
	httpkit.Annotate(r.Context(), "grant_id", tokens.GrantID.String())
	a.handOut(w, status, m, tokens)
	return nil
}
