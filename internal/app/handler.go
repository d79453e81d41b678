package app

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/api"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/demo"
	"github.com/daypass/daypass/internal/exchange"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/pages"
	"github.com/daypass/daypass/internal/protocol"
	"github.com/daypass/daypass/resource"
)

func (a *App) cookies() httpkit.Cookies { return httpkit.Cookies{Insecure: a.config.PlainHTTP()} }

// mountDev adds the demo, its protected API and the Host allow-list.
func (a *App) mountDev() error {
	d, err := demo.New(demo.Config{
		Grants: demoGrants{grants: a.grants, db: a.db, now: a.now}, Refresher: demoRefresher{a.pipeline},
		Cookies: a.cookies(), Window: a.config.Refresh.ReplayWindow, Now: a.now,
	})
	if err != nil {
		return err
	}
	return a.mount(d)
}

// mount joins the endpoints. d is nil outside dev.
func (a *App) mount(d *demo.Demo) error {
	mux := http.NewServeMux()
	site, err := a.pages(d != nil)
	if err != nil {
		return err
	}
	if err := a.mountOAuth(mux, site); err != nil {
		return err
	}
	if err := a.mountAPI(mux, d != nil); err != nil {
		return err
	}
	a.mountPages(mux, site)
	if d != nil {
		if err := a.mountDemo(mux, d); err != nil {
			return err
		}
	}
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	guarded := httpkit.AllowHosts(straight(mux), a.hosts(d != nil))
	if d != nil {
		guarded = local(guarded)
	}
	a.handler = httpkit.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d == nil && (r.URL.Path == "/healthz" || r.URL.Path == "/readyz") {
			mux.ServeHTTP(w, r) // a load balancer asks under a name of its own
			return
		}
		guarded.ServeHTTP(w, r)
	}), httpkit.WrapOptions{
		// Not a.now: durations come from the monotonic clock, in less than its milliseconds.
		Now: time.Now, Logger: a.log, TrustedProxies: a.config.TrustedProxies, InsecureNoHSTS: a.config.PlainHTTP(),
		Observe: a.observer(),
	})
	return nil
}

// straight refuses a path that http.ServeMux would mend by a redirect, also to a folder of that name: a 307 repeats the body, and with it a
// password (RFC 9700 §4.12).
func straight(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clean := path.Clean(r.URL.Path)
		_, pattern := mux.Handler(r)
		if r.URL.Path != clean && r.URL.Path != clean+"/" || pattern == r.URL.Path+"/" {
			httpkit.NotFound(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// hosts are the Host headers that are answered: this machine's own names and, under serve, the issuer's
// and those of the configuration. Any other one is somebody else's name that points here (HH-05).
func (a *App) hosts(dev bool) []string {
	all := httpkit.LocalHosts()
	if dev {
		return all
	}
	all = append(all, a.config.AllowedHosts...)
	if u, err := url.Parse(a.config.Issuer); err == nil {
		all = append(all, strings.TrimSuffix(u.Host, ":"+u.Port())) // on any port
	}
	return all
}

func (a *App) mountOAuth(mux *http.ServeMux, site *pages.Pages) error {
	desk := &exchange.Desk{Pipeline: a.pipeline, Signer: a.ring, DB: a.db, Grants: a.grants, Issuer: a.config.Issuer, Rules: a.grants.Rules(), Scopes: a.config.Scopes}
	var registrar protocol.Registrar
	if r := a.config.Registration; r.Mode != "closed" {
		registrar = &admin.Registrar{
			Admin: a.Admin, Initial: r.Token, Documents: a.outbound, Count: a.accounts.ClientRegistered,
			Policy: auth.RegistrationPolicy{Scopes: r.Scopes, Resources: r.Resources, PKCE: auth.PKCEPolicy(r.PKCE)},
		}
	}
	p, err := protocol.New(protocol.Config{
		Issuer: a.config.Issuer, Exchange: a.pipeline, Desk: desk, Keys: a.ring, Origins: a.origins, Now: a.now,
		Authorize: a.authorize, Sessions: pageSessions{a.accounts, a.principals}, Screens: screens{site}, Registrar: registrar, Cookies: a.cookies(), Scopes: a.config.Scopes,
		Languages: site.Languages(),
	})
	if err != nil {
		return err
	}
	p.Mount(mux)
	return nil
}

func (a *App) mountAPI(mux *http.ServeMux, dev bool) error {
	v1, err := api.New(api.Needs{
		Exchange: a.pipeline, Accounts: a.accounts, Principals: a.principals, Cookies: a.cookies(), Now: a.now,
		AllowTokenMode: true, // docs/adr/0003: whoever speaks /v1 is the operator's own application
		ShowVerdict:    dev,
	})
	if err != nil {
		return err
	}
	for _, r := range v1.Routes() {
		mux.Handle(r.Pattern, r.Handler)
	}
	return nil
}

func (a *App) pages(dev bool) (*pages.Pages, error) {
	c := pages.Config{
		Authorizations: a.authorize, Reauthentication: a.accounts, Apps: a.grants, Exits: a.authorize, Scopes: a.config.Scopes,
		LogIn: pageLogIn{a.pipeline}, Sessions: pageSessions{a.accounts, a.principals}, Cookies: a.cookies(),
		Passwords: a.accounts, MinPassword: a.config.Password.MinLength, Landing: "/account", Now: a.now,
	}
	if a.site() != "" {
		c.Addresses = a.accounts
	}
	switch a.accounts.SignUpMode() {
	case accounts.SignUpConfirm:
		c.SignUps = a.accounts
	case accounts.SignUpClosed:
		c.NoSignUp = true
	case accounts.SignUpOpen:
	}
	if dev {
		c.Landing = "/demo"
		c.Demo = &pages.Demo{Email: demoEmail, Password: demoPassword, Window: a.config.Refresh.ReplayWindow}
	}
	return pages.New(c)
}

func (a *App) mountPages(mux *http.ServeMux, p *pages.Pages) {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(p.CrossOrigin))
	for _, r := range p.Routes() {
		mux.Handle(r.Pattern, guard.Handler(r.Handler))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		// A page that is there for GET says 405 to another method; what is nowhere is 404.
		if allowed := methodsAt(mux, r); allowed != "" {
			w.Header().Set("Allow", allowed)
			httpkit.WriteProblem(w, r, httpkit.Problem{Code: httpkit.CodeMethodNotAllowed})
			return
		}
		p.NotFound(w, r)
	})
}

// methodsAt lists the methods that the path of a request is there for, other than in the catch-all; "" for none.
func methodsAt(mux *http.ServeMux, r *http.Request) string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		asked := r.Clone(r.Context())
		asked.Method = method
		if _, pattern := mux.Handler(asked); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	return strings.Join(allowed, ", ")
}

// mountDemo serves the demo's own endpoints and, behind the middleware that users of Daypass import, the
// protected API.
func (a *App) mountDemo(mux *http.ServeMux, d *demo.Demo) error {
	guard := http.NewCrossOriginProtection()
	for _, r := range d.Routes() {
		mux.Handle(r.Pattern, guard.Handler(r.Handler))
	}
	protector, err := resource.New(a.config.Issuer, resource.Config{
		Audience: a.config.Issuer + demoAPIPath, Keys: ringKeys{a.ring}, AccessCookie: a.cookies().AccessName(), Now: a.now,
		Check: alive(a.db),
	})
	if err != nil {
		return err
	}
	mux.Handle("GET "+demoAPIPath+"/hello", protector.Require()(demo.API()))
	return nil
}
