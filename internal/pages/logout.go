package pages

import (
	"errors"
	"net/http"
	"strings"

	"github.com/daypass/daypass/internal/httpkit"
)

// logoutData fills /logout.
type logoutData struct {
	Email string
	Back  string
	// Of the client that began it, if any did:
	Client, ClientID, URI, State string
	Locales                      string // that it asked for
}

// askLogOut asks first: a link or an image on another site can cause this GET, and it changes nothing.
func (p *Pages) askLogOut(w http.ResponseWriter, r *http.Request) {
	v, err := p.visitor(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "logout", v.ok, logoutData{Email: v.user.Email, Back: p.cfg.Landing, Locales: strings.Join(wish(r).asked, " ")})
}

// logOut ends the session and takes the cookies away, also when the session was over already: whoever presses
// the button wants this browser to hold nothing.
func (p *Pages) logOut(w http.ResponseWriter, r *http.Request) {
	form, err := p.readOptional(r)
	if err == nil {
		err = p.end(w, r)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.gone(w, r, form)
}

// readOptional reads the form of a button that needs none.
func (p *Pages) readOptional(r *http.Request) (httpkit.Form, error) {
	if r.ContentLength == 0 {
		return httpkit.Form{}, nil
	}
	return httpkit.ReadForm(r)
}

// end ends the session of the browser and takes its cookies away.
func (p *Pages) end(w http.ResponseWriter, r *http.Request) error {
	cookie, _, err := p.cfg.Cookies.Session(r)
	access, _, errAccess := p.cfg.Cookies.Access(r)
	if err = errors.Join(err, errAccess); err == nil {
		err = p.cfg.Sessions.LogOut(r.Context(), cookie, access, caller(r))
	}
	if err == nil {
		p.cfg.Cookies.Clear(w)
	}
	return err
}
