package pages

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/i18n"
)

// formData fills /login, /signup and /account/password. There is no field for a password: none can be sent back.
type formData struct {
	Email       string
	Problem     *i18n.Message
	MinPassword int
	Interaction string // sealed authorization request that goes on afterwards; empty: none
	Party       *party // that sent it
}

func (p *Pages) askLogin(w http.ResponseWriter, r *http.Request)  { p.showForm(w, r, "login") }
func (p *Pages) askSignUp(w http.ResponseWriter, r *http.Request) { p.showForm(w, r, "signup") }

func (p *Pages) showForm(w http.ResponseWriter, r *http.Request, name string) {
	v, err := p.visitor(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	data := formData{MinPassword: p.cfg.MinPassword, Interaction: r.URL.Query().Get(paramInteraction)}
	if err := p.introduce(r, &data); err != nil {
		p.failFlow(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, name, v.ok, data)
}

// introduce adds who asks, and whom they think of, to a form that is for an authorization request.
func (p *Pages) introduce(r *http.Request, data *formData) error {
	if data.Interaction == "" {
		return nil
	}
	if p.cfg.Authorizations == nil {
		return authorize.ErrOver
	}
	v, err := p.resume(r, data.Interaction)
	if err != nil {
		return err
	}
	data.Party = partyOf(v)
	if data.Email == "" {
		data.Email = v.Request.LoginHint
	}
	return nil
}

func (p *Pages) logIn(w http.ResponseWriter, r *http.Request)  { p.enter(w, r, "login") }
func (p *Pages) signUp(w http.ResponseWriter, r *http.Request) { p.enter(w, r, "signup") }

// enter sets the cookies and goes to the landing page, or shows the form again. 303 makes the browser fetch the landing
// page with GET, so that neither a reload nor a redirect repeats the password.
func (p *Pages) enter(w http.ResponseWriter, r *http.Request, form string) {
	ask, interaction, err := p.readAsk(r)
	if err == nil {
		err = p.introduce(r, &formData{Interaction: interaction})
	}
	if err != nil {
		p.failFlow(w, r, err)
		return
	}
	ask.New = form == "signup"
	if ask.New && p.cfg.SignUps != nil {
		p.beginSignUp(w, r, ask)
		return
	}
	if again, done := p.again(w, r, ask, interaction); done {
		p.admitted(w, r, interaction, again)
		return
	}
	t, err := p.cfg.LogIn.LogIn(r.Context(), ask)
	if errors.Is(err, auth.ErrEmail) && !ask.New {
		err = auth.ErrCredentials // an address that cannot be one is no more than a wrong one
	}
	if err != nil {
		p.refuse(w, r, form, formData{Email: ask.Email, Interaction: interaction}, err)
		return
	}
	p.admit(w, r, t, interaction)
}

// again takes the password of a user who is signed in and whom an authorization request asks for it: the session goes on,
// and with it what other applications have. done is false when it is anybody else, or the password is not right, which
// the log-in then tells and counts.
func (p *Pages) again(w http.ResponseWriter, r *http.Request, ask auth.LoginAsk, interaction string) (session auth.ID, done bool) {
	if interaction == "" || ask.New {
		return auth.ID{}, false
	}
	v, err := p.visitor(r)
	email, malformed := auth.NormalizeEmail(ask.Email)
	if err != nil || malformed != nil || !v.ok || email != v.user.Email {
		return auth.ID{}, false
	}
	cookie, err := p.cfg.Reauthentication.Reauthenticate(r.Context(), v.user.ID, v.session.ID, ask.Password, ask.Caller)
	if err != nil {
		return auth.ID{}, false
	}
	p.cfg.Cookies.SetSession(w, cookie, lasting(v.session.ExpiresAt, p.cfg.Now()))
	return v.session.ID, true
}

// admit hands the cookies of a log-in out.
func (p *Pages) admit(w http.ResponseWriter, r *http.Request, t auth.Tokens, interaction string) {
	now := p.cfg.Now()
	p.cfg.Cookies.SetSession(w, t.Session, lasting(t.SessionExpires, now))
	p.cfg.Cookies.SetRefresh(w, t.Refresh, lasting(t.RefreshExpires, now))
	// The access cookie outlives its token, as in /v1: the expired one is what a refresh cookie is compared with.
	p.cfg.Cookies.SetAccess(w, t.Access, lasting(t.RefreshExpires, now))
	if !t.Device.IsZero() {
		p.cfg.Cookies.SetDevice(w, t.Device)
	}
	p.admitted(w, r, interaction, t.SessionID)
}

// admitted goes on: to what asked for the log-in, or to the landing page.
func (p *Pages) admitted(w http.ResponseWriter, r *http.Request, interaction string, session auth.ID) {
	httpkit.NoStore(w.Header())
	if interaction == "" {
		http.Redirect(w, r, p.cfg.Landing, http.StatusSeeOther)
		return
	}
	if err := p.cfg.Authorizations.LoggedIn(r.Context(), interaction, session); err != nil {
		p.failFlow(w, r, err)
		return
	}
	p.proceed(w, r, interaction)
}

// lasting is a cookie's age; at least a second, since zero would mean "until the browser closes".
func lasting(until, now time.Time) time.Duration { return max(until.Sub(now), time.Second) }

// refuse shows the form again with the email kept and a sentence that tells nothing about who has an account.
func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, form string, data formData, err error) {
	status, problem := refusal(w, err)
	if status == 0 {
		p.fail(w, r, err)
		return
	}
	v, err := p.visitor(r)
	if err == nil {
		err = p.introduce(r, &data)
	}
	if err != nil {
		p.failFlow(w, r, err)
		return
	}
	data.Problem, data.MinPassword = problem, p.cfg.MinPassword
	p.render(w, r, status, form, v.ok, data)
}

// refusal puts into words what a person can do something about; status 0 for a fault of ours.
func refusal(w http.ResponseWriter, err error) (status int, problem *i18n.Message) {
	var weak *auth.WeakPassword
	var throttled *auth.Throttled
	switch {
	case errors.As(err, &throttled):
		w.Header().Set("Retry-After", strconv.FormatInt(throttled.Seconds(), 10))
		return http.StatusTooManyRequests, i18n.Say("refused.throttled", "wait", span(throttled.Wait))
	case errors.Is(err, auth.ErrCredentials):
		return http.StatusUnauthorized, i18n.Say("refused.credentials")
	case errors.Is(err, auth.ErrEmail):
		return http.StatusUnprocessableEntity, i18n.Say("refused.email")
	case errors.Is(err, auth.ErrEmailSame):
		return http.StatusUnprocessableEntity, i18n.Say("refused.same-email")
	case errors.Is(err, auth.ErrCode):
		return http.StatusUnprocessableEntity, i18n.Say("refused.code")
	case errors.Is(err, auth.ErrEmailTaken):
		return http.StatusConflict, i18n.Say("refused.taken")
	case errors.As(err, &weak):
		return http.StatusUnprocessableEntity, weakness(weak)
	case errors.Is(err, auth.ErrWeakPassword):
		return http.StatusUnprocessableEntity, i18n.Say("refused.weak")
	case errors.Is(err, auth.ErrBusy):
		w.Header().Set("Retry-After", "5")
		return http.StatusServiceUnavailable, i18n.Say("refused.busy")
	}
	return 0, nil
}

// readAsk reads the form and what the browser is known by. The session that it is in, if any, is replaced.
func (p *Pages) readAsk(r *http.Request) (ask auth.LoginAsk, interaction string, err error) {
	form, err := httpkit.ReadForm(r)
	if err != nil {
		return auth.LoginAsk{}, "", err
	}
	ask = auth.LoginAsk{Email: form.Get("username"), Password: form.Secret("password"), Caller: caller(r)}
	err = p.known(r, &ask)
	return ask, form.Get(paramInteraction), err
}

// known adds what the browser is known by.
func (p *Pages) known(r *http.Request, ask *auth.LoginAsk) (err error) {
	if ask.Device, _, err = p.cfg.Cookies.Device(r); err != nil {
		return err
	}
	ask.Replaces, _, err = p.cfg.Cookies.Session(r)
	return err
}

// weakness tells why a password is refused. What has no words here is told in those it came with.
func weakness(w *auth.WeakPassword) *i18n.Message {
	switch w.Rule {
	case auth.PasswordIsNoText:
		return i18n.Say("refused.no-text")
	case auth.PasswordTooLong:
		return i18n.Say("refused.too-long", "limit", w.Limit)
	case auth.PasswordTooShort:
		return i18n.Say("refused.too-short", "limit", w.Limit)
	case auth.PasswordRepeats:
		return i18n.Say("refused.repeats")
	case auth.PasswordCommon:
		return i18n.Say("refused.common")
	case auth.PasswordObvious:
		return i18n.Say("refused.obvious")
	}
	return i18n.InWords(map[string]string{baseLanguage: w.Reason}, nil)
}

// span tells how long to wait, rounded up.
func span(d time.Duration) *i18n.Message {
	n := max(1, int((d+time.Second-1)/time.Second))
	if n > 90 {
		return i18n.Say("wait.minutes", "n", (n+59)/60)
	}
	return i18n.Say("wait.seconds", "n", n)
}

func caller(r *http.Request) auth.Caller {
	return auth.NewCaller(httpkit.ClientIP(r.Context()), r.UserAgent())
}
