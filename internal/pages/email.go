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

// Addresses changes email addresses. Its errors are those of accounts.Service.
type Addresses interface {
	AskAddress(ctx context.Context, a accounts.AddressAsk) (secret.Token, error)
	PendingAddress(ctx context.Context, user, session auth.ID) (auth.AddressChange, error)
	ConfirmAddress(ctx context.Context, p accounts.AddressProof) (accounts.Moved, error)
}

var _ Addresses = (*accounts.Service)(nil)

// emailData fills /account/email.
type emailData struct {
	Email   string // today's
	New     string // as typed
	Problem *i18n.Message
}

// codeData fills the pages that ask for a mailed code.
type codeData struct {
	To      string        // where the code went
	Action  string        // path that takes it
	Again   string        // path that mails another one
	Send    *i18n.Message // what the button does
	Problem *i18n.Message
}

func (p *Pages) askEmail(w http.ResponseWriter, r *http.Request, v who) {
	p.render(w, r, http.StatusOK, "email", true, emailData{Email: v.user.Email})
}

// changeEmail asks for the password although somebody is signed in, and then for the code that was mailed. Whether
// somebody has the address already is told to its owner alone.
func (p *Pages) changeEmail(w http.ResponseWriter, r *http.Request, v who) {
	form, err := httpkit.ReadForm(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	typed := form.Get("new_email")
	cookie, err := p.cfg.Addresses.AskAddress(r.Context(), accounts.AddressAsk{
		User: v.user.ID, Session: v.session.ID, Password: form.Secret("password"), Email: typed, Caller: caller(r),
	})
	if err != nil {
		status, problem := refusal(w, err)
		if errors.Is(err, auth.ErrCredentials) {
			problem = i18n.Say("refused.password")
		}
		if status == 0 {
			p.fail(w, r, err)
			return
		}
		p.render(w, r, status, "email", true, emailData{Email: v.user.Email, New: typed, Problem: problem})
		return
	}
	p.cfg.Cookies.SetSession(w, cookie, lasting(v.session.ExpiresAt, p.cfg.Now()))
	httpkit.NoStore(w.Header())
	http.Redirect(w, r, "/account/email/code", http.StatusSeeOther)
}

func (p *Pages) askCode(w http.ResponseWriter, r *http.Request, v who) {
	p.showCode(w, r, v, http.StatusOK, nil)
}

// showCode leads back to the first step when no address waits for a code.
func (p *Pages) showCode(w http.ResponseWriter, r *http.Request, v who, status int, problem *i18n.Message) {
	pending, err := p.cfg.Addresses.PendingAddress(r.Context(), v.user.ID, v.session.ID)
	if errors.Is(err, auth.ErrNotFound) {
		httpkit.NoStore(w.Header())
		http.Redirect(w, r, "/account/email", http.StatusSeeOther)
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, status, "code", true, codeData{
		To: pending.Email, Action: "/account/email/code", Again: "/account/email", Send: i18n.Say("code.send-email"), Problem: problem,
	})
}

func (p *Pages) confirmEmail(w http.ResponseWriter, r *http.Request, v who) {
	form, err := httpkit.ReadForm(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	moved, err := p.cfg.Addresses.ConfirmAddress(r.Context(), accounts.AddressProof{
		User: v.user.ID, Session: v.session.ID, Code: form.Secret("code"), Caller: caller(r),
	})
	if err != nil {
		status, problem := refusal(w, err)
		if errors.Is(err, auth.ErrEmailTaken) {
			problem = i18n.Say("refused.taken-now")
		}
		if status == 0 {
			p.fail(w, r, err)
			return
		}
		p.showCode(w, r, v, status, problem)
		return
	}
	p.cfg.Cookies.SetSession(w, moved.Session, lasting(v.session.ExpiresAt, p.cfg.Now()))
	v.user.Email = moved.Email
	p.showAccount(w, r, v, i18n.Say("account.email-changed"))
}
