package api

import (
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
)

// codeReply is the body of POST /v1/email: seconds for which the mailed code is good.
type codeReply struct {
	ExpiresIn int64 `json:"expires_in"`
}

// askEmail is POST /v1/email: it mails a code to the new address, answers 202 whether somebody has the address or not,
// and renews the SSO cookie.
func (a *API) askEmail(w http.ResponseWriter, r *http.Request, v visitor) error {
	var body struct {
		Current hidden `json:"current_password"`
		Email   string `json:"new_email"`
	}
	if err := httpkit.ReadJSON(r, &body); err != nil {
		return err
	}
	if body.Current.IsZero() || body.Email == "" {
		return refusal{httpkit.CodeInvalidRequest, "The members current_password and new_email are required."}
	}
	cookie, err := a.needs.Accounts.AskAddress(r.Context(), accounts.AddressAsk{
		User: v.User.ID, Session: v.Session.ID, Password: body.Current.Token, Email: body.Email, Caller: caller(r),
	})
	if err != nil {
		return err
	}
	if !v.bearer {
		a.needs.Cookies.SetSession(w, cookie, a.lasting(v.Session.ExpiresAt))
	}
	httpkit.WriteJSON(w, http.StatusAccepted, codeReply{int64(auth.CodeLife / time.Second)})
	return nil
}

// confirmEmail is POST /v1/email/code: the mailed code proves the new address.
func (a *API) confirmEmail(w http.ResponseWriter, r *http.Request, v visitor) error {
	var body struct {
		Code hidden `json:"code"`
	}
	if err := httpkit.ReadJSON(r, &body); err != nil {
		return err
	}
	if body.Code.IsZero() {
		return refusal{httpkit.CodeInvalidRequest, "The member code is required."}
	}
	moved, err := a.needs.Accounts.ConfirmAddress(r.Context(), accounts.AddressProof{
		User: v.User.ID, Session: v.Session.ID, Code: body.Code.Token, Caller: caller(r),
	})
	if err != nil {
		return err
	}
	if !v.bearer {
		a.needs.Cookies.SetSession(w, moved.Session, a.lasting(v.Session.ExpiresAt))
	}
	noContent(w)
	return nil
}
