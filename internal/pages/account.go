package pages

import (
	"fmt"
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/i18n"
)

// accountData fills /account.
type accountData struct {
	Email    string
	Since    *i18n.Message
	SinceISO string
	Done     *i18n.Message
	Sessions []sessionRow
	Others   bool // there are sessions beside the current one
	MayMove  bool // the address can be changed here
	Apps     bool // there are applications of others
}

// sessionRow is one session in the list, in words.
type sessionRow struct {
	ID                      string
	Device                  *i18n.Message
	IP                      string
	Proof                   *i18n.Message // how the user was recognised
	Created, LastUsed       *i18n.Message
	CreatedISO, LastUsedISO string
	Current                 bool
}

// owner lets a signed-in user through and leads everybody else to the log-in.
func (p *Pages) owner(page func(http.ResponseWriter, *http.Request, who)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := p.visitor(r)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		if !v.ok {
			httpkit.NoStore(w.Header())
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		page(w, r, v)
	})
}

func (p *Pages) account(w http.ResponseWriter, r *http.Request, v who) { p.showAccount(w, r, v, nil) }

func (p *Pages) showAccount(w http.ResponseWriter, r *http.Request, v who, done *i18n.Message) {
	sessions, err := p.cfg.Sessions.List(r.Context(), v.user.ID, v.session.ID)
	if err != nil {
		p.fail(w, r, fmt.Errorf("list sessions: %w", err))
		return
	}
	data := accountData{
		Email: v.user.Email, Done: done, MayMove: p.cfg.Addresses != nil, Apps: p.cfg.Apps != nil,
		Since: date(v.user.CreatedAt), SinceISO: v.user.CreatedAt.UTC().Format(time.DateOnly),
	}
	for _, s := range sessions {
		data.Sessions = append(data.Sessions, rowOf(s, p.cfg.Now()))
		data.Others = data.Others || !s.Current
	}
	p.render(w, r, http.StatusOK, "account", true, data)
}

// What follows is answered with the page itself: a redirect would need somewhere to keep the sentence, and a reload of
// the reply does the same again, which is harmless.

// endSession ends one session of the user; the current one is a log-out, which takes the cookies away.
func (p *Pages) endSession(w http.ResponseWriter, r *http.Request, v who) {
	form, err := httpkit.ReadForm(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	id, err := auth.ParseID(form.Get("session"))
	if err == nil {
		err = p.cfg.Sessions.End(r.Context(), v.user.ID, id, caller(r))
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if id == v.session.ID {
		p.cfg.Cookies.Clear(w)
		http.Redirect(w, r, "/logout", http.StatusSeeOther)
		return
	}
	p.showAccount(w, r, v, i18n.Say("account.ended"))
}

// endOthers ends every session but this one.
func (p *Pages) endOthers(w http.ResponseWriter, r *http.Request, v who) {
	if err := p.cfg.Sessions.EndAll(r.Context(), v.user.ID, v.session.ID, caller(r)); err != nil {
		p.fail(w, r, err)
		return
	}
	p.showAccount(w, r, v, i18n.Say("account.ended-others"))
}

// endAll ends every session, this one too: a log-out, which takes the cookies away.
func (p *Pages) endAll(w http.ResponseWriter, r *http.Request, v who) {
	if err := p.cfg.Sessions.EndAll(r.Context(), v.user.ID, auth.ID{}, caller(r)); err != nil {
		p.fail(w, r, err)
		return
	}
	p.cfg.Cookies.Clear(w)
	http.Redirect(w, r, "/logout", http.StatusSeeOther)
}

func rowOf(s auth.SessionView, now time.Time) sessionRow {
	return sessionRow{
		ID: s.ID.String(), Device: device(s.Device.UserAgent), IP: s.Device.IP, Current: s.Current, Proof: proof(s.AMR),
		Created: ago(s.CreatedAt, now), CreatedISO: s.CreatedAt.UTC().Format(time.RFC3339),
		LastUsed: ago(s.LastUse, now), LastUsedISO: s.LastUse.UTC().Format(time.RFC3339),
	}
}

// device names what a session is on.
func device(userAgent string) *i18n.Message {
	switch a := accounts.ReadAgent(userAgent); {
	case a.Program != "" && a.System != "":
		return i18n.Say("device.both", "program", a.Program, "system", a.System)
	case a.System != "":
		return i18n.Say("device.browser", "system", a.System)
	case a.Language != "":
		return i18n.Say("device.program", "name", a.Language)
	case a.Platform != "":
		return i18n.Say("device.app", "name", a.Platform)
	case a.Program != "":
		return i18n.Verbatim(a.Program)
	}
	return i18n.Say("device.unknown")
}

// proof tells how somebody was recognised (RFC 8176 §2); nil for what has no plain word.
func proof(amr []string) (words *i18n.Message) {
	for _, method := range amr {
		var word *i18n.Message
		switch method {
		case "pwd":
			word = i18n.Say("proof.password")
		case "otp":
			word = i18n.Say("proof.code")
		case "hwk":
			word = i18n.Say("proof.key")
		case "swk":
			word = i18n.Say("proof.passkey")
		}
		switch {
		case word == nil:
		case words == nil:
			words = word
		default:
			words = i18n.Say("proof.both", "first", words, "second", word)
		}
	}
	return words
}

// ago tells a time in words; a date once that is clearer. Dates are UTC, since the page works without a script
// that would know the reader's zone.
func ago(t, now time.Time) *i18n.Message {
	switch d := now.Sub(t); {
	case d < time.Minute:
		return i18n.Say("time.now")
	case d < time.Hour:
		return i18n.Say("time.minutes", "n", int(d/time.Minute))
	case d < 24*time.Hour:
		return i18n.Say("time.hours", "n", int(d/time.Hour))
	case d < 14*24*time.Hour:
		return i18n.Say("time.days", "n", int(d/(24*time.Hour)))
	}
	return i18n.Say("time.on", "date", date(t))
}

func date(t time.Time) *i18n.Message {
	months := [...]string{
		"time.january", "time.february", "time.march", "time.april", "time.may", "time.june", "time.july", "time.august",
		"time.september", "time.october", "time.november", "time.december",
	}
	year, month, day := t.UTC().Date()
	return i18n.Say("time.date", "day", day, "month", i18n.Say(months[month-1]), "year", year)
}
