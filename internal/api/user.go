package api

import (
	"net/http"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/httpkit"
)

// meReply is the body of GET /v1/me.
type meReply struct {
	Subject string   `json:"sub"`
	Email   string   `json:"email"`
	Roles   []string `json:"roles"`
}

// me is GET /v1/me.
func (a *API) me(w http.ResponseWriter, _ *http.Request, v visitor) error {
	httpkit.WriteJSON(w, http.StatusOK, meReply{v.User.ID.String(), v.User.Email, v.User.Roles})
	return nil
}

// reauthenticate is POST /v1/reauthenticate, a step-up: the password once more, for a resource that asks for a recent
// log-in (RFC 9470 §4). It renews the SSO cookie; the next refresh brings the access token that says so.
func (a *API) reauthenticate(w http.ResponseWriter, r *http.Request, v visitor) error {
	var body struct {
		Password hidden `json:"password"`
	}
	if err := httpkit.ReadJSON(r, &body); err != nil {
		return err
	}
	if body.Password.IsZero() {
		return refusal{httpkit.CodeInvalidRequest, "The member password is required."}
	}
	cookie, err := a.needs.Accounts.Reauthenticate(r.Context(), v.User.ID, v.Session.ID, body.Password.Token, caller(r))
	if err != nil {
		return err
	}
	if !v.bearer {
		a.needs.Cookies.SetSession(w, cookie, a.lasting(v.Session.ExpiresAt))
	}
	noContent(w)
	return nil
}

// password is POST /v1/password: it ends every other session and renews the SSO cookie of this one.
func (a *API) password(w http.ResponseWriter, r *http.Request, v visitor) error {
	var body struct {
		Current hidden `json:"current_password"`
		New     hidden `json:"new_password"`
	}
	if err := httpkit.ReadJSON(r, &body); err != nil {
		return err
	}
	if body.Current.IsZero() || body.New.IsZero() {
		return refusal{httpkit.CodeInvalidRequest, "The members current_password and new_password are required."}
	}
	device, err := a.device(r)
	if err != nil {
		return err
	}
	renewed, err := a.needs.Accounts.ChangePassword(r.Context(), accounts.PasswordChange{
		User: v.User.ID, Session: v.Session.ID, Current: body.Current.Token, New: body.New.Token, Device: device, Caller: caller(r),
	})
	if err != nil {
		return err
	}
	if v.bearer {
		w.Header().Set(headerDevice, renewed.Device.Reveal())
	} else {
		a.needs.Cookies.SetSession(w, renewed.Session, a.lasting(v.Session.ExpiresAt))
		a.needs.Cookies.SetDevice(w, renewed.Device)
	}
	noContent(w)
	return nil
}
