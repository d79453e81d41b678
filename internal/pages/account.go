package pages

import (
	"fmt"
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
)

// accountData fills /account.
type accountData struct {
	Email           string
	Since, SinceISO string
	Done            string
	Sessions        []sessionRow
	Others          bool // there are sessions beside the current one
	MayMove         bool // the address can be changed here
	Apps            bool // there are applications of others
}

// sessionRow is one session in the list, in words.
type sessionRow struct {
	ID                    string
	Device, IP            string
	Proof                 string // how the user was recognised
	Created, CreatedISO   string
	LastUsed, LastUsedISO string
	Current               bool
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

func (p *Pages) account(w http.ResponseWriter, r *http.Request, v who) { p.showAccount(w, r, v, "") }

func (p *Pages) showAccount(w http.ResponseWriter, r *http.Request, v who, done string) {
	sessions, err := p.cfg.Sessions.List(r.Context(), v.user.ID, v.session.ID)
	if err != nil {
		p.fail(w, r, fmt.Errorf("list sessions: %w", err))
		return
	}
	data := accountData{
		Email: v.user.Email, Done: done, MayMove: p.cfg.Addresses != nil, Apps: p.cfg.Apps != nil,
		Since: v.user.CreatedAt.UTC().Format("2 January 2006"), SinceISO: v.user.CreatedAt.UTC().Format(time.DateOnly),
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
	p.showAccount(w, r, v, "That session has ended, with every token that came from it.")
}

// endOthers ends every session but this one.
func (p *Pages) endOthers(w http.ResponseWriter, r *http.Request, v who) {
	if err := p.cfg.Sessions.EndAll(r.Context(), v.user.ID, v.session.ID, caller(r)); err != nil {
		p.fail(w, r, err)
		return
	}
	p.showAccount(w, r, v, "All other sessions have ended, with every token that came from them.")
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
		ID: s.ID.String(), Device: accounts.Device(s.Device.UserAgent), IP: s.Device.IP, Current: s.Current, Proof: proof(s.AMR),
		Created: ago(s.CreatedAt, now), CreatedISO: s.CreatedAt.UTC().Format(time.RFC3339),
		LastUsed: ago(s.LastUse, now), LastUsedISO: s.LastUse.UTC().Format(time.RFC3339),
	}
}

// proof tells how somebody was recognised (RFC 8176 §2); "" for what has no plain word.
func proof(amr []string) string {
	words := ""
	for _, method := range amr {
		word := map[string]string{"pwd": "a password", "otp": "a one-time code", "hwk": "a security key", "swk": "a passkey"}[method]
		switch {
		case word == "":
		case words == "":
			words = word
		default:
			words += " and " + word
		}
	}
	return words
}

// ago tells a time in words; a date once that is clearer. Dates are UTC, since the page works without a script
// that would know the reader's zone.
func ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 24*time.Hour:
		return count(int(d/time.Hour), "hour")
	case d < 14*24*time.Hour:
		return count(int(d/(24*time.Hour)), "day")
	}
	return "on " + t.UTC().Format("2 January 2006")
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit + " ago"
	}
	return fmt.Sprintf("%d %ss ago", n, unit)
}
