package pages

import (
	"context"
	"errors"
	"net/http"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/i18n"
	"github.com/daypass/daypass/internal/secret"
)

// SignUps mails the code that proves an address before there is an account.
type SignUps interface {
	// BeginSignUp returns the token that the browser keeps until the code comes back. Its errors are those of LogIn.
	BeginSignUp(ctx context.Context, ask auth.LoginAsk) (secret.Token, error)
	// SignUpAddress returns where the code of a token went; false when it waits for none.
	SignUpAddress(token secret.Token) (string, bool)
}

var _ SignUps = (*accounts.Service)(nil)

// beginSignUp goes on to the code. What it shows is the same whether somebody has the address or not.
func (p *Pages) beginSignUp(w http.ResponseWriter, r *http.Request, ask auth.LoginAsk) {
	token, err := p.cfg.SignUps.BeginSignUp(r.Context(), ask)
	if err != nil {
		p.refuse(w, r, "signup", formData{Email: ask.Email}, err)
		return
	}
	p.cfg.Cookies.SetSignUp(w, token, auth.CodeLife)
	httpkit.NoStore(w.Header())
	http.Redirect(w, r, "/signup/code", http.StatusSeeOther)
}

func (p *Pages) askSignUpCode(w http.ResponseWriter, r *http.Request) {
	p.showSignUpCode(w, r, http.StatusOK, nil)
}

// showSignUpCode leads back to the first step when this browser waits for no code.
func (p *Pages) showSignUpCode(w http.ResponseWriter, r *http.Request, status int, problem *i18n.Message) {
	token, _, err := p.cfg.Cookies.SignUp(r)
	v, errVisitor := p.visitor(r)
	if err = errors.Join(err, errVisitor); err != nil {
		p.fail(w, r, err)
		return
	}
	to, waits := p.cfg.SignUps.SignUpAddress(token)
	if !waits {
		httpkit.NoStore(w.Header())
		http.Redirect(w, r, "/signup", http.StatusSeeOther)
		return
	}
	p.render(w, r, status, "code", v.ok, codeData{To: to, Action: "/signup/code", Again: "/signup", Send: i18n.Say("signup.send"), Problem: problem})
}

// confirmSignUp makes the account and logs in.
func (p *Pages) confirmSignUp(w http.ResponseWriter, r *http.Request) {
	form, err := httpkit.ReadForm(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	ask := auth.LoginAsk{New: true, Code: form.Secret("code"), Caller: caller(r)}
	if ask.SignUp, _, err = p.cfg.Cookies.SignUp(r); err == nil {
		err = p.known(r, &ask)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if ask.SignUp.IsZero() {
		p.showSignUpCode(w, r, http.StatusOK, nil) // leads back
		return
	}
	t, err := p.cfg.LogIn.LogIn(r.Context(), ask)
	if err != nil {
		status, problem := refusal(w, err)
		if status == 0 {
			p.fail(w, r, err)
			return
		}
		p.showSignUpCode(w, r, status, problem)
		return
	}
	p.cfg.Cookies.SetSignUp(w, secret.Token{}, -1)
	p.admit(w, r, t, "")
}
