package pages

import (
	"errors"
	"net/http"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/i18n"
)

func (p *Pages) askPassword(w http.ResponseWriter, r *http.Request, v who) {
	p.showPassword(w, r, v, http.StatusOK, nil)
}

func (p *Pages) showPassword(w http.ResponseWriter, r *http.Request, v who, status int, problem *i18n.Message) {
	p.render(w, r, status, "password", true, formData{Email: v.user.Email, Problem: problem, MinPassword: p.cfg.MinPassword})
}

// changePassword asks for the current password although somebody is signed in: the screen may be unlocked, and its
// owner at lunch.
func (p *Pages) changePassword(w http.ResponseWriter, r *http.Request, v who) {
	form, err := httpkit.ReadForm(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	device, _, err := p.cfg.Cookies.Device(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	renewed, err := p.cfg.Passwords.ChangePassword(r.Context(), accounts.PasswordChange{
		User: v.user.ID, Session: v.session.ID, Current: form.Secret("password"), New: form.Secret("new_password"), Device: device, Caller: caller(r),
	})
	if err != nil {
		status, problem := refusal(w, err)
		if errors.Is(err, auth.ErrCredentials) {
			problem = i18n.Say("refused.current-password")
		}
		if status == 0 {
			p.fail(w, r, err)
			return
		}
		p.showPassword(w, r, v, status, problem)
		return
	}
	p.cfg.Cookies.SetSession(w, renewed.Session, lasting(v.session.ExpiresAt, p.cfg.Now()))
	p.cfg.Cookies.SetDevice(w, renewed.Device)
	p.showAccount(w, r, v, i18n.Say("account.password-changed"))
}
