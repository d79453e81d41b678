package pages

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/i18n"
	"github.com/daypass/daypass/internal/secret"
)

//go:embed templates/*.html messages/*.yaml styles/*.css modules/*.js images/*.svg
var embedded embed.FS

// LogIn makes sessions, and the user first when the ask says New. It returns the tokens and the SSO cookie's value of a
// session of its own, or auth.ErrCredentials, auth.ErrEmail, auth.ErrEmailTaken, auth.ErrWeakPassword (a
// *auth.WeakPassword whose text is shown), *auth.Throttled or auth.ErrBusy. Any other error is a fault of ours.
type LogIn interface {
	LogIn(ctx context.Context, ask auth.LoginAsk) (auth.Tokens, error)
}

// Sessions reads and ends sessions. A cookie or an id that names no live session of the user is auth.ErrNotFound.
type Sessions interface {
	// Current returns whose session the SSO cookie's value names.
	Current(ctx context.Context, cookie secret.Token) (auth.User, auth.Session, error)
	// List returns the user's live sessions, newest use first; Current marks the one given.
	List(ctx context.Context, user, current auth.ID) ([]auth.SessionView, error)
	// End ends one session of the user, with its grants.
	End(ctx context.Context, user, session auth.ID, caller auth.Caller) error
	// EndAll ends all sessions of the user but the one kept (zero: all), with their grants.
	EndAll(ctx context.Context, user, keep auth.ID, caller auth.Caller) error
	// LogOut ends the sessions of the SSO cookie and of the access cookie, with their grants. Either may be empty,
	// and what is over already is no error.
	LogOut(ctx context.Context, cookie, access secret.Token, caller auth.Caller) error
}

// Passwords changes passwords. It returns the cookies that the browser has from then on, or
// auth.ErrCredentials when the current password is not right, auth.ErrWeakPassword, *auth.Throttled or auth.ErrBusy.
type Passwords interface {
	ChangePassword(ctx context.Context, c accounts.PasswordChange) (accounts.Renewed, error)
}

var _ Passwords = (*accounts.Service)(nil)

// Config is what the pages need. LogIn, Sessions, Passwords, Landing and Now are required.
type Config struct {
	LogIn     LogIn
	Sessions  Sessions
	Passwords Passwords
	SignUps   SignUps   // nil where a sign-up needs no code
	NoSignUp  bool      // nobody can sign up: the pages for it are not there
	Addresses Addresses // nil where no mail is sent: nobody can change an address then
	// Authorizations, Reauthentication and Apps serve the authorization endpoint; nil without one.
	Authorizations   Authorizations
	Reauthentication Reauthentication
	Apps             Apps
	Exits            Exits // nil: no client begins a log-out
	// Scopes are those that the configuration describes; their words take precedence of the built-in ones.
	Scopes  []auth.Scope
	Cookies httpkit.Cookies
	// MinPassword is the least number of characters of a new password, for the words beside the field; zero: 15.
	MinPassword int
	// Landing is the path on this server shown after a log-in: "/account", or "/demo" under `daypass dev`.
	Landing string
	// Demo mounts GET /demo; nil outside `daypass dev`.
	Demo *Demo
	Now  func() time.Time
}

// Demo is what the demo page tells everybody who asks: the account of `daypass dev` is public by intention.
type Demo struct {
	Email, Password string
	Window          time.Duration // replay window, for the words on the page
}

// Pages renders and serves. It is safe for concurrent use.
type Pages struct {
	cfg        Config
	assets     *assets
	catalogues *i18n.Catalogues
	editions   map[string]func() *edition // by language
}

// Route is one entry for the server's mux: Pattern as http.ServeMux reads it.
type Route struct {
	Pattern string
	Handler http.Handler
}

// New reads every catalogue, fingerprints every asset and parses every template in English. A missing or broken one is an error
// here, not a surprise for the first visitor. Another language is parsed when somebody first reads it, so that languages nobody
// reads cost the start nothing.
func New(cfg Config) (*Pages, error) { return newFrom(cfg, embedded) }

func newFrom(cfg Config, files fs.FS) (*Pages, error) {
	if cfg.LogIn == nil || cfg.Sessions == nil || cfg.Passwords == nil || cfg.Now == nil {
		return nil, errors.New("pages: LogIn, Sessions, Passwords and Now are required")
	}
	if cfg.MinPassword == 0 {
		cfg.MinPassword = accounts.DefaultMinPassword
	}
	if !strings.HasPrefix(cfg.Landing, "/") || strings.HasPrefix(cfg.Landing, "//") {
		return nil, fmt.Errorf("pages: landing %q is not a path of this server", cfg.Landing)
	}
	loaded, err := loadAssets(files)
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	catalogues, err := i18n.Load(files, "messages", baseLanguage)
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	p := &Pages{cfg: cfg, assets: loaded, catalogues: catalogues, editions: map[string]func() *edition{}}
	for _, c := range catalogues.All() {
		p.editions[c.Language()] = sync.OnceValue(func() *edition {
			e, wrong := newEdition(c, files, loaded)
			if wrong != nil { // the same templates with other words have been parsed: a test reads every language
				return p.editions[baseLanguage]()
			}
			return e
		})
	}
	base, err := newEdition(catalogues.Base(), files, loaded)
	if err == nil {
		err = base.try()
	}
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	p.editions[baseLanguage] = func() *edition { return base }
	return p, nil
}

// Routes lists what the pages serve. Whoever mounts them puts http.CrossOriginProtection around, which is what
// keeps other sites from posting these forms; see [Pages.CrossOrigin] for its answer.
func (p *Pages) Routes() []Route {
	routes := []Route{
		{"GET /{$}", http.HandlerFunc(p.landing)},
		{"GET /login", http.HandlerFunc(p.askLogin)},
		{"POST /login", http.HandlerFunc(p.logIn)},
		{"GET /logout", http.HandlerFunc(p.askLogOut)},
		{"POST /logout", http.HandlerFunc(p.logOut)},
		{"GET /account", p.owner(p.account)},
		{"POST /account/sessions/end", p.owner(p.endSession)},
		{"POST /account/sessions/end-others", p.owner(p.endOthers)},
		{"POST /account/sessions/end-all", p.owner(p.endAll)},
		{"GET /account/password", p.owner(p.askPassword)},
		{"POST /account/password", p.owner(p.changePassword)},
		{"GET " + assetPrefix + "{name}", http.HandlerFunc(p.serveAsset)},
	}
	if !p.cfg.NoSignUp {
		routes = append(routes,
			Route{"GET /signup", http.HandlerFunc(p.askSignUp)},
			Route{"POST /signup", http.HandlerFunc(p.signUp)},
		)
	}
	if p.cfg.SignUps != nil {
		routes = append(routes,
			Route{"GET /signup/code", http.HandlerFunc(p.askSignUpCode)},
			Route{"POST /signup/code", http.HandlerFunc(p.confirmSignUp)},
		)
	}
	if p.cfg.Addresses != nil {
		routes = append(routes,
			Route{"GET /account/email", p.owner(p.askEmail)},
			Route{"POST /account/email", p.owner(p.changeEmail)},
			Route{"GET /account/email/code", p.owner(p.askCode)},
			Route{"POST /account/email/code", p.owner(p.confirmEmail)},
		)
	}
	if p.cfg.Authorizations != nil {
		routes = append(routes,
			Route{"GET /consent", p.ask("consent", authorize.Consent)},
			Route{"POST /consent", http.HandlerFunc(p.consent)},
			Route{"GET /choose", p.ask("choose", authorize.Choose)},
			Route{"POST /choose", http.HandlerFunc(p.choose)},
			Route{"GET /continue", http.HandlerFunc(p.goOn)},
			Route{"GET /account/apps", p.owner(p.apps)},
			Route{"POST /account/apps/take-back", p.owner(p.takeBack)},
		)
	}
	if p.cfg.Demo != nil {
		routes = append(routes, Route{"GET /demo", http.HandlerFunc(p.demo)})
	}
	for i, route := range routes {
		routes[i].Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { route.Handler.ServeHTTP(w, listening(r)) })
	}
	return routes
}

// view is what a template sees: the page's name and standing, and its own data.
type view struct {
	Name     string
	SignedIn bool
	Demo     bool
	NoSignUp bool
	Data     any
}

// policy is the content security policy of every page: our own files only, no inline script or style, no frame
// around us, forms to ourselves. data: is for the images of a stylesheet (HH-01).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// postPolicy is the policy without form-action, for the one page whose form goes elsewhere.
const postPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"

// render writes a page under the policy of all pages.
func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, name string, signedIn bool, data any) {
	p.renderUnder(w, r, status, name, policy, view{SignedIn: signedIn, Data: data})
}

// renderUnder writes a page. The whole page is made before the first byte is sent, so that a fault in a template is a
// 500 and never half a page.
func (p *Pages) renderUnder(w http.ResponseWriter, r *http.Request, status int, name, csp string, v view) {
	var page bytes.Buffer
	v.Name, v.Demo, v.NoSignUp = name, p.cfg.Demo != nil, p.cfg.NoSignUp
	e := p.edition(r, name)
	if err := e.templates[name].ExecuteTemplate(&page, "layout", v); err != nil {
		httpkit.Annotate(r.Context(), "cause", "render "+name+": "+err.Error())
		http.Error(w, "Something went wrong on our side. Error id: "+httpkit.RequestID(r.Context()), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(page.Len()))
	h["Content-Language"] = e.header
	h.Add("Vary", "Accept-Language") // also for a cache that stores what it should not
	h.Set("Content-Security-Policy", csp)
	httpkit.NoStore(h) // a page may say who is signed in (HH-03)
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the reader is gone when this fails
}

// who is the signed-in user of a request; ok is false for a stranger and for a session that is over.
type who struct {
	user    auth.User
	session auth.Session
	ok      bool
}

// visitor looks at the SSO cookie. An error is a fault of ours, or httpkit.ErrDuplicateCookie.
func (p *Pages) visitor(r *http.Request) (who, error) {
	cookie, present, err := p.cfg.Cookies.Session(r)
	if err != nil || !present {
		return who{}, err
	}
	user, session, err := p.cfg.Sessions.Current(r.Context(), cookie)
	if errors.Is(err, auth.ErrNotFound) {
		return who{}, nil
	}
	if err != nil {
		return who{}, fmt.Errorf("read the session: %w", err)
	}
	if user.Profile.Locale != "" {
		wish(r).own = []string{user.Profile.Locale}
	}
	return who{user: user, session: session, ok: true}, nil
}
