package pages

import (
	"fmt"
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
)

// accountData fills /account.
type accountData struct {
	Email    string
	Done     string
	Sessions []sessionRow
}

// sessionRow is one session in the list, in words.
type sessionRow struct {
	ID                    string
	Device, IP            string
	Created, CreatedISO   string
	LastUsed, LastUsedISO string
	Current               bool
}

func (p *Pages) account(w http.ResponseWriter, r *http.Request) {
	v, err := p.visitor(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if !v.ok {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	p.showAccount(w, r, v, "")
}

func (p *Pages) showAccount(w http.ResponseWriter, r *http.Request, v who, done string) {
	sessions, err := p.cfg.Sessions.List(r.Context(), v.user.ID, v.session.ID)
	if err != nil {
		p.fail(w, r, fmt.Errorf("list sessions: %w", err))
		return
	}
	data := accountData{Email: v.user.Email, Done: done}
	for _, s := range sessions {
		data.Sessions = append(data.Sessions, rowOf(s, p.cfg.Now()))
	}
	p.render(w, r, http.StatusOK, "account", true, data)
}

// endSession ends another session of the same user; the current one goes by /logout, which clears the cookies.
func (p *Pages) endSession(w http.ResponseWriter, r *http.Request) {
	form, err := httpkit.ReadForm(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	v, err := p.visitor(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if !v.ok {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
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
	// Answered with the page itself: a redirect would need somewhere to keep the sentence, and a reload of this
	// reply ends the same session again, which is harmless.
	p.showAccount(w, r, v, "That session has ended, with every token that came from it.")
}

func rowOf(s auth.SessionView, now time.Time) sessionRow {
	return sessionRow{
		ID: s.ID.String(), Device: deviceName(s.Device.UserAgent), IP: s.Device.IP, Current: s.Current,
		Created: ago(s.CreatedAt, now), CreatedISO: s.CreatedAt.UTC().Format(time.RFC3339),
		LastUsed: ago(s.LastUse, now), LastUsedISO: s.LastUse.UTC().Format(time.RFC3339),
	}
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
