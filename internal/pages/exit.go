package pages

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/oauth"
)

// Exits judges the log-outs that clients begin.
type Exits interface {
	ReadExit(ctx context.Context, params httpkit.Params) (authorize.Exit, error)
}

var _ Exits = (*authorize.Service)(nil)

// Exit is the log-out that a client begins. It asks first, unless the caller is sure that the client means this very
// session, or there is none. The form of another site comes without the session cookie (SameSite=Lax), so that nobody can know
// whether there is one: it is asked, too.
func (p *Pages) Exit(w http.ResponseWriter, r *http.Request, e authorize.Exit, sure bool) {
	r = listening(r)
	wish(r).asked = e.Locales
	v, err := p.visitor(r)
	if err == nil && sure {
		err = p.end(w, r)
	}
	switch {
	case err != nil:
		p.fail(w, r, err)
	case !sure && (v.ok || r.Method == http.MethodPost):
		p.render(w, r, http.StatusOK, "logout", true, exitOf(e, logoutData{Email: v.user.Email, Back: p.cfg.Landing}))
	case e.URI == "":
		p.render(w, r, http.StatusOK, "logout", false, logoutData{})
	default:
		w.Header().Set("Location", e.Location())
		w.WriteHeader(http.StatusSeeOther)
	}
}

// exitOf adds to a form what has to be known once it is sent.
func exitOf(e authorize.Exit, d logoutData) logoutData {
	if e.Known() {
		d.Client, d.ClientID, d.URI, d.State = e.Client.Name, e.Client.ID, e.URI, e.State
	}
	d.Locales = strings.Join(e.Locales, " ")
	return d
}

// gone ends the log-out that a form has confirmed: the user goes where its client wants, by way of a page of our own, as
// after a consent.
func (p *Pages) gone(w http.ResponseWriter, r *http.Request, form httpkit.Form) {
	if p.cfg.Exits != nil && form.Get(oauth.ParamPostLogoutRedirectURI) != "" {
		e, err := p.cfg.Exits.ReadExit(r.Context(), httpkit.Params{Form: form})
		if err != nil { // the session is over all the same
			p.failFlow(w, r, err)
			return
		}
		p.leave(w, r, e.Location(), &party{Name: e.Client.Name})
		return
	}
	http.Redirect(w, r, "/logout"+keptLocales(r), http.StatusSeeOther)
}

// keptLocales is what the next address needs for its page to be in the language of this one.
func keptLocales(r *http.Request) string {
	if asked := wish(r).asked; len(asked) > 0 {
		return "?" + url.Values{paramUILocales: {strings.Join(asked, " ")}}.Encode()
	}
	return ""
}
