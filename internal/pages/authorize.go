package pages

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/i18n"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// paramInteraction carries a sealed authorization request, in the address and in the forms.
const paramInteraction = "interaction"

// paramUILocales carries the languages that a client asks for, where no request waits.
const paramUILocales = oauth.ParamUILocales

// Authorizations are the authorization requests that wait for their user. ErrOver tells that one does no longer.
type Authorizations interface {
	Resume(ctx context.Context, sealed string) (authorize.Visit, error)
	Next(ctx context.Context, v authorize.Visit) (authorize.Step, error)
	LoggedIn(ctx context.Context, sealed string, session auth.ID) error
	Allow(ctx context.Context, v authorize.Visit, sealed string, caller auth.Caller) error
	Deny(ctx context.Context, v authorize.Visit, caller auth.Caller) (*authorize.Answer, error)
}

// Reauthentication asks a user who is signed in for the password again. It returns the session's new cookie.
type Reauthentication interface {
	Reauthenticate(ctx context.Context, user, session auth.ID, password secret.Token, caller auth.Caller) (secret.Token, error)
}

var (
	_ Authorizations   = (*authorize.Service)(nil)
	_ Reauthentication = (*accounts.Service)(nil)
)

// party is the application that asks, for people.
type party struct {
	Name     string
	Host     string // where the user goes back to
	Home     string // its own page, if it has one
	Verified bool   // an operator vouches for the name
}

func partyOf(v authorize.Visit) *party {
	return &party{
		Name: v.Client.Name, Host: auth.RedirectHost(v.Request.RedirectURI), Home: v.Client.Metadata.ClientURI,
		Verified: v.Client.FirstParty || v.Client.Metadata.Verified,
	}
}

// consentData fills consent.html.
type consentData struct {
	Interaction string
	Session     string // whom the page was shown to
	Party       *party
	Email       string
	Wishes      []*i18n.Message // what it asks for, in words
	Others      []string        // scopes that have none
	Resources   []string
	Offline     bool
	EachTime    bool // no consent is remembered
}

// wish puts a scope into words; nil for what has none. Those of the configuration come first.
func (p *Pages) wish(scope string) *i18n.Message {
	known := standardWish(scope)
	for _, s := range p.cfg.Scopes {
		if s.Name == scope && len(s.Words) > 0 {
			return i18n.InWords(s.Words, known)
		}
	}
	return known
}

// standardWish is for the scopes that OpenID Connect Core 1.0 §5.4 defines.
func standardWish(scope string) *i18n.Message {
	switch scope {
	case oauth.ScopeOpenID:
		return i18n.Say("scope.openid")
	case oauth.ScopeProfile:
		return i18n.Say("scope.profile")
	case oauth.ScopeEmail:
		return i18n.Say("scope.email")
	case oauth.ScopeAddress:
		return i18n.Say("scope.address")
	case oauth.ScopePhone:
		return i18n.Say("scope.phone")
	}
	return nil
}

func (p *Pages) consentOf(v authorize.Visit, who who, sealed string) consentData {
	d := consentData{
		Interaction: sealed, Session: who.session.ID.String(), Party: partyOf(v), Email: who.user.Email, Resources: v.Request.Resources,
		EachTime: v.EachTime(),
	}
	for _, s := range v.Request.ConsentScopes() {
		switch {
		case s == oauth.ScopeOfflineAccess:
			d.Offline = true
		case p.wish(s) != nil:
			d.Wishes = append(d.Wishes, p.wish(s))
		default:
			d.Others = append(d.Others, s)
		}
	}
	return d
}

// resume opens a sealed request. From then on the page is in the language that it asks for.
func (p *Pages) resume(r *http.Request, sealed string) (authorize.Visit, error) {
	v, err := p.cfg.Authorizations.Resume(r.Context(), sealed)
	if err == nil {
		wish(r).asked = v.Request.Locales
	}
	return v, err
}

// asked reads the request that a page is for, and who is there.
func (p *Pages) asked(r *http.Request, sealed string) (authorize.Visit, who, error) {
	v, err := p.resume(r, sealed)
	if err != nil {
		return v, who{}, err
	}
	w, err := p.visitor(r)
	if err == nil && w.ok {
		v.Session, v.Subject = &w.session, w.user.ID.String()
	}
	return v, w, err
}

// step shows a page only when the request waits for just that; else the browser goes back to where it is decided.
func (p *Pages) step(w http.ResponseWriter, r *http.Request, sealed string, want authorize.Kind) (v authorize.Visit, there who, ok bool) {
	v, there, err := p.asked(r, sealed)
	var step authorize.Step
	if err == nil {
		step, err = p.cfg.Authorizations.Next(r.Context(), v)
	}
	if err != nil {
		p.failFlow(w, r, err)
		return v, there, false
	}
	if step.Kind != want {
		p.proceed(w, r, sealed)
		return v, there, false
	}
	return v, there, true
}

// answered is step for a form. Whoever signed in meanwhile in another tab has not seen the page: they are asked anew.
func (p *Pages) answered(w http.ResponseWriter, r *http.Request, form httpkit.Form, want authorize.Kind) (v authorize.Visit, ok bool) {
	sealed := form.Get(paramInteraction)
	v, there, ok := p.step(w, r, sealed, want)
	if ok && form.Get("session") != there.session.ID.String() {
		p.proceed(w, r, sealed)
		return v, false
	}
	return v, ok
}

// ask shows the page of a step.
func (p *Pages) ask(page string, step authorize.Kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sealed := r.URL.Query().Get(paramInteraction)
		if v, there, ok := p.step(w, r, sealed, step); ok {
			p.render(w, r, http.StatusOK, page, true, p.consentOf(v, there, sealed))
		}
	}
}

// consent takes the answer of the user. Whatever is not a yes is a no.
func (p *Pages) consent(w http.ResponseWriter, r *http.Request) {
	form, err := httpkit.ReadForm(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	sealed := form.Get(paramInteraction)
	v, ok := p.answered(w, r, form, authorize.Consent)
	if !ok {
		return
	}
	if form.Get("decision") == "allow" {
		if err := p.cfg.Authorizations.Allow(r.Context(), v, sealed, caller(r)); err != nil {
			p.failFlow(w, r, err)
			return
		}
		p.proceed(w, r, sealed)
		return
	}
	answer, err := p.cfg.Authorizations.Deny(r.Context(), v, caller(r))
	if err != nil {
		p.failFlow(w, r, err)
		return
	}
	if answer.Mode == oauth.ModeFormPost {
		p.FormPost(w, r, *answer)
		return
	}
	p.leave(w, r, answer.Location(), partyOf(v))
}

// choose goes on as the user who is signed in, for this request.
func (p *Pages) choose(w http.ResponseWriter, r *http.Request) {
	form, err := httpkit.ReadForm(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	sealed := form.Get(paramInteraction)
	if v, ok := p.answered(w, r, form, authorize.Choose); ok {
		if err := p.cfg.Authorizations.LoggedIn(r.Context(), sealed, v.Session.ID); err != nil {
			p.failFlow(w, r, err)
			return
		}
		p.proceed(w, r, sealed)
	}
}

// proceed leads back to the authorization endpoint, by way of a page of our own: a browser holds the redirects that
// follow a form to the form-action of its page, and where the client sends people afterwards nobody here knows.
func (p *Pages) proceed(w http.ResponseWriter, r *http.Request, sealed string) {
	httpkit.NoStore(w.Header())
	http.Redirect(w, r, "/continue?"+url.Values{paramInteraction: {sealed}}.Encode(), http.StatusSeeOther)
}

func (p *Pages) goOn(w http.ResponseWriter, r *http.Request) {
	sealed := r.URL.Query().Get(paramInteraction)
	v, err := p.resume(r, sealed)
	if err != nil {
		p.failFlow(w, r, err)
		return
	}
	p.leave(w, r, "/oauth/authorize?"+url.Values{paramInteraction: {sealed}}.Encode(), partyOf(v))
}

// leaveData fills continue.html.
type leaveData struct {
	To    template.URL // ours, or a redirect URI that the client registered: a native application's has a scheme of its own
	Party *party
}

func (p *Pages) leave(w http.ResponseWriter, r *http.Request, to string, party *party) {
	p.render(w, r, http.StatusOK, "continue", true, leaveData{To: template.URL(to), Party: party}) //nolint:gosec // G203: see leaveData
}

// postData fills post.html.
type postData struct {
	To     template.URL // a redirect URI that the client registered
	Values map[string]string
	Host   string
}

// FormPost has the browser post values to a redirect URI, with a button where there is no script. What the client does then
// is its own: no form-action holds it.
func (p *Pages) FormPost(w http.ResponseWriter, r *http.Request, a authorize.Answer) {
	r = listening(r)
	wish(r).asked = a.Locales
	data := postData{To: template.URL(a.RedirectURI), Values: map[string]string{}, Host: auth.RedirectHost(a.RedirectURI)} //nolint:gosec // G203: see postData
	for name := range a.Values {
		data.Values[name] = a.Values.Get(name)
	}
	p.renderUnder(w, r, http.StatusOK, "post", postPolicy, view{Data: data})
}

// failFlow is fail for the pages of a request.
func (p *Pages) failFlow(w http.ResponseWriter, r *http.Request, err error) {
	var fault *authorize.Fault
	if errors.As(err, &fault) {
		p.Error(w, r, Fault{Status: http.StatusBadRequest, Code: string(fault.Err.Code), Parameter: fault.Parameter, Reason: Mistake, Detail: fault.Err.Description})
		return
	}
	if errors.Is(err, authorize.ErrOver) {
		p.Error(w, r, Fault{
			Status: http.StatusBadRequest, Code: string(oauth.InvalidRequest), Reason: Over,
		})
		return
	}
	p.fail(w, r, err)
}
