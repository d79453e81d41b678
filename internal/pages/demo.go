package pages

import (
	"net/http"
	"time"
)

// demoData fills /demo.
type demoData struct {
	Email, Password string
	User            string // who is signed in; empty for a stranger
	WindowSeconds   int
	Claims          []string // shown as empty rows until the page has read the state, so that nothing jumps
}

func (p *Pages) demo(w http.ResponseWriter, r *http.Request) {
	v, err := p.visitor(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "demo", v.ok, demoData{
		Email: p.cfg.Demo.Email, Password: p.cfg.Demo.Password, User: v.user.Email,
		WindowSeconds: int(p.cfg.Demo.Window / time.Second),
		Claims:        []string{"iss", "sub", "aud", "client_id", "scope", "roles", "iat", "exp", "auth_time", "amr", "jti", "sid", "gid", "cep"},
	})
}

func (p *Pages) landing(w http.ResponseWriter, r *http.Request) {
	v, err := p.visitor(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "landing", v.ok, nil)
}
