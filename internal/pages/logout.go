package pages

import (
	"errors"
	"net/http"
)

// logoutData fills /logout.
type logoutData struct {
	Email string
	Back  string
}

// askLogOut asks first: a link or an image on another site can cause this GET, and it changes nothing.
func (p *Pages) askLogOut(w http.ResponseWriter, r *http.Request) {
	v, err := p.visitor(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "logout", v.ok, logoutData{Email: v.user.Email, Back: p.cfg.Landing})
}

// logOut ends the session and takes the cookies away, also when the session was over already: whoever presses
// the button wants this browser to hold nothing.
func (p *Pages) logOut(w http.ResponseWriter, r *http.Request) {
	cookie, _, err := p.cfg.Cookies.Session(r)
	access, _, errAccess := p.cfg.Cookies.Access(r)
	if err = errors.Join(err, errAccess); err == nil {
		err = p.cfg.Sessions.LogOut(r.Context(), cookie, access, caller(r))
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.cfg.Cookies.Clear(w)
	http.Redirect(w, r, "/logout", http.StatusSeeOther)
}
