package protocol

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// paramInteraction carries a sealed request through log-in and consent.
const paramInteraction = "interaction"

// authorize is the authorization endpoint (RFC 6749 §3.1). Nothing is decided on a POST: it may come from another site,
// and then without the session cookie. It is sealed and sent back as a GET, with which the cookie comes (AZ-01).
func (p *Protocol) authorize(w http.ResponseWriter, r *http.Request) {
	httpkit.NoStore(w.Header())
	visit, err := p.visit(r)
	if err != nil {
		p.refuseVisit(w, r, err)
		return
	}
	httpkit.Annotate(r.Context(), "client_id", visit.Client.ID)
	if r.Method == http.MethodPost {
		p.lead(w, r, visit, "/oauth/authorize")
		return
	}
	if err := p.identify(r, &visit); err != nil {
		p.failVisit(w, r, visit, err)
		return
	}
	step, answer, err := p.c.Authorize.Decide(r.Context(), visit)
	if err != nil {
		p.failVisit(w, r, visit, err)
		return
	}
	httpkit.Annotate(r.Context(), "step", string(step.Kind))
	switch step.Kind {
	case authorize.Login:
		p.lead(w, r, visit, "/login")
	case authorize.Consent:
		p.lead(w, r, visit, "/consent")
	case authorize.Choose:
		p.lead(w, r, visit, "/choose")
	case authorize.Issue, authorize.Refuse:
		p.answer(w, r, answer)
	}
}

// visit reads what came: a request, or one of ours that comes back from a page.
func (p *Protocol) visit(r *http.Request) (authorize.Visit, error) {
	params, err := httpkit.ReadParams(r, oauth.ParamResource)
	if err != nil {
		return authorize.Visit{}, err
	}
	if sealed := params.Get(paramInteraction); sealed != "" && r.Method == http.MethodGet {
		return p.c.Authorize.Resume(r.Context(), sealed)
	}
	if uri := params.Get(oauth.ParamRequestURI); strings.HasPrefix(uri, auth.PushedPrefix) && len(params.Repeated()) == 0 {
		return p.c.Authorize.Pushed(r.Context(), params.Get(oauth.ParamClientID), uri)
	}
	asked, err := p.c.Authorize.Read(r.Context(), params)
	if err != nil {
		return authorize.Visit{}, err
	}
	return p.c.Authorize.Begin(asked), nil
}

// identify finds who is signed in in this browser.
func (p *Protocol) identify(r *http.Request, v *authorize.Visit) error {
	cookie, present, err := p.c.Cookies.Session(r)
	if err != nil || !present {
		return err
	}
	user, session, err := p.c.Sessions.Current(r.Context(), cookie)
	if errors.Is(err, auth.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	v.Session, v.Subject = &session, user.ID.String()
	return nil
}

// lead sends the browser on with the request sealed. 303, so that no form is ever posted again (RFC 9700 §4.12).
func (p *Protocol) lead(w http.ResponseWriter, r *http.Request, v authorize.Visit, path string) {
	sealed, err := p.c.Authorize.Sealed(v)
	if err != nil {
		p.failVisit(w, r, v, err)
		return
	}
	http.Redirect(w, r, path+"?"+url.Values{paramInteraction: {sealed}}.Encode(), http.StatusSeeOther)
}

// answer sends the browser back to the client.
func (p *Protocol) answer(w http.ResponseWriter, r *http.Request, a *authorize.Answer) {
	if code := a.Values.Get(oauth.ParamError); code != "" {
		httpkit.Annotate(r.Context(), "oauth_error", code)
	}
	if a.Mode == oauth.ModeFormPost {
		p.c.Screens.FormPost(w, r, *a)
		return
	}
	w.Header().Set("Location", a.Location()) // not http.Redirect, which would also write the code into a body
	w.WriteHeader(http.StatusSeeOther)
}

// refuseVisit answers a request that was not found good.
func (p *Protocol) refuseVisit(w http.ResponseWriter, r *http.Request, err error) {
	var fault *authorize.Fault
	var twice httpkit.ErrDuplicate
	shown := Fault{Status: http.StatusBadRequest, Code: oauth.InvalidRequest}
	switch {
	case errors.As(err, &fault) && fault.Answer != nil:
		p.answer(w, r, fault.Answer)
		return
	case errors.As(err, &fault):
		shown.Code, shown.Parameter = fault.Err.Code, fault.Parameter
		shown.Reason, shown.Detail = Mistake, fault.Err.Description
	case errors.Is(err, authorize.ErrOver):
		shown.Reason = Over
	case errors.Is(err, httpkit.ErrContentType):
		shown.Status = http.StatusUnsupportedMediaType
	case errors.Is(err, httpkit.ErrTooLarge):
		shown.Status = http.StatusRequestEntityTooLarge
	case errors.Is(err, httpkit.ErrMalformed), errors.As(err, &twice):
	case errors.Is(err, store.ErrUnavailable):
		w.Header().Set("Retry-After", "1")
		shown.Status, shown.Code = http.StatusServiceUnavailable, oauth.TemporarilyUnavailable
	default:
		shown.Status, shown.Code = http.StatusInternalServerError, oauth.ServerError
		httpkit.Annotate(r.Context(), "cause", err.Error())
	}
	p.c.Screens.Fault(w, r, shown)
}

// failVisit answers what goes wrong after the request was found good: to the client, which can be told (RFC 6749 §4.1.2.1),
// unless it was told something before.
func (p *Protocol) failVisit(w http.ResponseWriter, r *http.Request, v authorize.Visit, err error) {
	var fault *authorize.Fault
	switch {
	case errors.Is(err, authorize.ErrOver), errors.As(err, &fault):
		p.refuseVisit(w, r, err)
		return
	case errors.Is(err, httpkit.ErrDuplicateCookie):
		p.c.Screens.Fault(w, r, Fault{Status: http.StatusBadRequest, Code: oauth.InvalidRequest, Reason: TwoCookies})
		return
	}
	busy := errors.Is(err, store.ErrUnavailable) || errors.Is(err, auth.ErrKeyUnknown)
	httpkit.Annotate(r.Context(), "cause", err.Error())
	p.answer(w, r, p.c.Authorize.Failed(v, busy))
}

func (p *Protocol) describeAuthorize(m *oauth.Metadata) {
	never := false
	m.AuthorizationEndpoint = p.c.Issuer + "/oauth/authorize"
	m.ResponseTypesSupported = []string{oauth.ResponseTypeCode}
	m.ResponseModesSupported = []string{string(oauth.ModeQuery), string(oauth.ModeFormPost)}
	m.CodeChallengeMethodsSupported = []string{oauth.CodeChallengeS256}
	m.AuthorizationResponseIssSupported = true
	m.ScopesSupported = []string{
		oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeEmail, oauth.ScopeAddress, oauth.ScopePhone, oauth.ScopeOfflineAccess,
	}
	for _, s := range p.c.Scopes {
		if !slices.Contains(m.ScopesSupported, s.Name) {
			m.ScopesSupported = append(m.ScopesSupported, s.Name)
		}
	}
	m.PromptValuesSupported = []string{string(oauth.PromptNone), string(oauth.PromptLogin), string(oauth.PromptConsent), string(oauth.PromptSelectAccount)}
	m.UILocalesSupported = p.c.Languages
	m.ClaimsParameterSupported, m.RequestParameterSupported, m.RequestURIParameterSupported = true, true, &never
	m.RequestObjectSigningAlgValuesSupported = algorithmNames(jose.Algorithms())
	m.SubjectTypesSupported = []string{string(auth.SubjectPublic), string(auth.SubjectPairwise)}
	m.IDTokenSigningAlgValuesSupported = algorithmNames(p.c.Keys.Algorithms())
}
