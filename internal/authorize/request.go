package authorize

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/oauth"
)

// Fault is a request that cannot be granted. With an Answer it goes back to the client; without one nobody knows where
// that would be, and the user is shown it (RFC 6749 §4.1.2.1).
type Fault struct {
	Err       *oauth.Error
	Parameter string  // that is to blame; empty: none
	Answer    *Answer // nil: to be shown
}

// Error returns the OAuth error and the parameter.
func (f *Fault) Error() string { return f.Err.Error() + " (" + f.Parameter + ")" }

// Asked is a good request with the client that sent it.
type Asked struct {
	Request auth.AuthorizationRequest
	Client  auth.Client
}

// EachTime tells whether the user is asked each time, whatever was allowed before. Any program on the user's machine can take
// the answer of such a client, so that its name proves nothing and nobody may get a code without the user noticing
// (RFC 8252 §8.6, OAuth 2.1 §7.3).
func (a Asked) EachTime() bool { return a.Client.Public && !a.Request.ReturnsByHTTPS() }

// reader reads one request. The first fault ends it.
type reader struct {
	s      *Service
	params httpkit.Params
	pushed bool
	signed bool // the parameters come from a request object
	asked  Asked
}

// Read judges the parameters in the order of RFC 6749 §4.1.2.1: the client and where its answer goes, before anything that
// the client is told. The error is a *Fault or the store's.
func (s *Service) Read(ctx context.Context, params httpkit.Params) (Asked, error) {
	return (&reader{s: s, params: params}).read(ctx)
}

func (r *reader) read(ctx context.Context) (Asked, error) {
	if err := r.client(ctx); err != nil {
		return Asked{}, err
	}
	if err := r.object(ctx); err != nil {
		return r.asked, err
	}
	if err := r.redirect(); err != nil {
		return Asked{}, err
	}
	// From here the client can be told. How comes first.
	for _, read := range []func() (string, *oauth.Error){
		r.mode, r.repeated, r.unsupported, r.responseType, r.scope, r.resource, r.proof, r.prompt, r.hints, r.claims,
	} {
		if parameter, err := read(); err != nil {
			return r.asked, r.fault(parameter, err)
		}
	}
	return r.asked, nil
}

func (r *reader) get(name string) string { return r.params.Get(name) }

func shown(parameter, why string) error {
	return &Fault{Err: oauth.NewError(oauth.InvalidRequest, why), Parameter: parameter}
}

func (r *reader) client(ctx context.Context) error {
	for _, name := range []string{oauth.ParamClientID, oauth.ParamRedirectURI} {
		if slices.Contains(r.params.Repeated(), name) {
			return shown(name, "the parameter is repeated")
		}
	}
	id := r.get(oauth.ParamClientID)
	if id == "" {
		return shown(oauth.ParamClientID, "the parameter is missing")
	}
	client, err := r.s.needs.Clients.Find(ctx, id)
	if errors.Is(err, auth.ErrNotFound) || err == nil && client.Disabled() {
		return &Fault{Err: oauth.NewError(oauth.InvalidClient, "this application is not registered here, or is switched off"), Parameter: oauth.ParamClientID}
	}
	if err != nil {
		return fmt.Errorf("authorize: %w", err)
	}
	r.asked.Client, r.asked.Request.ClientID = client, client.ID
	return nil
}

// redirect finds where the answer goes. It may be left out where only one is registered, and never in a request of OpenID
// Connect (Core 1.0 §3.1.2.1).
func (r *reader) redirect() error {
	uri, client := r.get(oauth.ParamRedirectURI), r.asked.Client
	switch {
	case uri == "" && len(client.RedirectURIs) == 1 && !slices.Contains(strings.Fields(r.get(oauth.ParamScope)), oauth.ScopeOpenID):
		r.asked.Request.RedirectURI = client.RedirectURIs[0]
		return nil
	case uri == "":
		return shown(oauth.ParamRedirectURI, "the parameter is missing")
	case !client.MatchesRedirect(uri):
		return shown(oauth.ParamRedirectURI, "the address to go back to is not registered for it")
	}
	r.asked.Request.RedirectURI, r.asked.Request.RedirectGiven = uri, true
	return nil
}

// mode reads also state, so that whatever is wrong afterwards is answered as the client asked.
func (r *reader) mode() (string, *oauth.Error) {
	q := &r.asked.Request
	q.Mode = oauth.ModeQuery
	repeated := r.params.Repeated()
	if state := r.get(oauth.ParamState); len(state) <= auth.MaxState && !slices.Contains(repeated, oauth.ParamState) {
		q.State = state
	}
	switch mode := oauth.ResponseMode(r.get(oauth.ParamResponseMode)); {
	case slices.Contains(repeated, oauth.ParamResponseMode), mode == "", mode == oauth.ModeQuery:
	case mode == oauth.ModeFormPost:
		q.Mode = mode
	default:
		return oauth.ParamResponseMode, oauth.NewError(oauth.InvalidRequest, "response_mode is query or form_post")
	}
	return "", nil
}

func (r *reader) repeated() (string, *oauth.Error) {
	for _, name := range r.params.Repeated() {
		return name, oauth.NewError(oauth.InvalidRequest, "a parameter is repeated: "+name)
	}
	for _, limit := range []struct {
		name string
		most int
	}{{oauth.ParamState, auth.MaxState}, {oauth.ParamNonce, auth.MaxNonce}, {oauth.ParamLoginHint, auth.MaxLoginHint}, {oauth.ParamClaims, auth.MaxClaims}} {
		if len(r.get(limit.name)) > limit.most {
			return limit.name, oauth.NewError(oauth.InvalidRequest, fmt.Sprintf("%s is longer than %d bytes", limit.name, limit.most))
		}
	}
	return "", nil
}

func (r *reader) unsupported() (string, *oauth.Error) {
	if !r.pushed && (r.s.needs.RequirePushed || r.asked.Client.Metadata.RequirePAR) {
		return oauth.ParamRequestURI, oauth.NewError(oauth.InvalidRequest, "the request has to be pushed first (RFC 9126)")
	}
	if r.asked.Client.Metadata.RequireSignedRequest && !r.signed { // RFC 9101 §10.5
		return oauth.ParamRequest, oauth.NewError(oauth.InvalidRequest, "the request has to be signed (RFC 9101)")
	}
	for _, not := range []struct {
		name string
		code oauth.ErrorCode
	}{{oauth.ParamRequestURI, oauth.RequestURINotSupported}, {oauth.ParamRegistration, oauth.RegistrationNotSupported}} {
		if r.get(not.name) != "" {
			return not.name, oauth.NewError(not.code, "the parameter is not supported")
		}
	}
	return "", nil
}

func (r *reader) responseType() (string, *oauth.Error) {
	switch r.get(oauth.ParamResponseType) {
	case "":
		return oauth.ParamResponseType, oauth.NewError(oauth.InvalidRequest, "response_type is missing")
	case oauth.ResponseTypeCode:
	default:
		return oauth.ParamResponseType, oauth.NewError(oauth.UnsupportedResponseType, "response_type is code")
	}
	if !r.asked.Client.MayUse(oauth.GrantAuthorizationCode) {
		return oauth.ParamResponseType, oauth.NewError(oauth.UnauthorizedClient, "the client is not registered for authorization codes")
	}
	return "", nil
}

// scope reduces what was asked to what the client may have (RFC 6749 §3.3). Who asks for nothing gets all of it but what
// makes the request another one.
func (r *reader) scope() (string, *oauth.Error) {
	asked, err := oauth.ParseScope(r.get(oauth.ParamScope))
	if err != nil {
		return oauth.ParamScope, oauth.NewError(oauth.InvalidScope, "the scope cannot be read")
	}
	allowed := r.asked.Client.AllowedScopes()
	if asked == nil {
		r.asked.Request.Scopes = slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == oauth.ScopeOpenID || s == oauth.ScopeOfflineAccess })
		return "", nil
	}
	got := slices.DeleteFunc(asked, func(s string) bool { return !slices.Contains(allowed, s) })
	if len(got) == 0 {
		return oauth.ParamScope, oauth.NewError(oauth.InvalidScope, "the client may have nothing of this scope")
	}
	if !r.asked.Client.MayUse(oauth.GrantRefreshToken) { // OpenID Connect Core 1.0 §11: ignored
		got = slices.DeleteFunc(got, func(s string) bool { return s == oauth.ScopeOfflineAccess })
	}
	r.asked.Request.Scopes = got
	return "", nil
}

// resource is RFC 8707 §2.
func (r *reader) resource() (string, *oauth.Error) {
	var asked []string
	for _, a := range r.params.All(oauth.ParamResource) {
		if !slices.Contains(asked, a) {
			asked = append(asked, a)
		}
	}
	allowed := r.asked.Client.Resources
	if len(asked) == 0 {
		r.asked.Request.Resources = allowed
		return "", nil
	}
	for _, a := range asked {
		if !slices.Contains(allowed, a) {
			return oauth.ParamResource, oauth.NewError(oauth.InvalidTarget, "the client may not ask for this resource")
		}
	}
	if known := r.s.needs.Resources; known != nil { // AT-02: before anybody is asked to allow it
		if err := auth.TargetFault(known, asked, r.asked.Request.Scopes, r.params.Get(oauth.ParamScope) != ""); err != nil {
			return oauth.ParamResource, err
		}
	}
	r.asked.Request.Resources = asked
	return "", nil
}

// proof reads PKCE (RFC 7636 §4.3) and the nonce.
func (r *reader) proof() (string, *oauth.Error) {
	q := &r.asked.Request
	challenge, method := r.get(oauth.ParamCodeChallenge), r.get(oauth.ParamCodeChallengeMethod)
	q.Nonce = r.get(oauth.ParamNonce)
	lenient := r.asked.Client.Metadata.PKCE == auth.PKCEWhenSent && !r.asked.Client.Public && q.OpenID() && q.Nonce != ""
	switch {
	case challenge == "" && method == "" && lenient:
		return "", nil
	case challenge == "":
		return oauth.ParamCodeChallenge, oauth.NewError(oauth.InvalidRequest, "PKCE is required: code_challenge is missing")
	case method != oauth.CodeChallengeS256:
		return oauth.ParamCodeChallengeMethod, oauth.NewError(oauth.InvalidRequest, "code_challenge_method is S256")
	case !auth.ValidChallenge(challenge):
		return oauth.ParamCodeChallenge, oauth.NewError(oauth.InvalidRequest, "code_challenge is 43 characters of base64url")
	}
	q.Challenge = challenge
	return "", nil
}

func (r *reader) prompt() (string, *oauth.Error) {
	q := &r.asked.Request
	known := []oauth.Prompt{oauth.PromptNone, oauth.PromptLogin, oauth.PromptConsent, oauth.PromptSelectAccount}
	for _, word := range strings.Fields(r.get(oauth.ParamPrompt)) {
		p := oauth.Prompt(word)
		if !slices.Contains(known, p) {
			return oauth.ParamPrompt, oauth.NewError(oauth.InvalidRequest, "prompt is none, login, consent or select_account")
		}
		if !q.Asks(p) {
			q.Prompts = append(q.Prompts, p)
		}
	}
	if q.Asks(oauth.PromptNone) && len(q.Prompts) > 1 {
		return oauth.ParamPrompt, oauth.NewError(oauth.InvalidRequest, "prompt=none stands alone")
	}
	age := r.get(oauth.ParamMaxAge)
	if age == "" {
		return "", nil
	}
	seconds, err := strconv.ParseInt(age, 10, 32)
	if err != nil || seconds < 0 || strings.ContainsAny(age, "+-") {
		return oauth.ParamMaxAge, oauth.NewError(oauth.InvalidRequest, "max_age is a number of seconds")
	}
	q.MaxAge = &seconds
	return "", nil
}

// hints reads whom the client thinks of. display is accepted and changes nothing.
func (r *reader) hints() (string, *oauth.Error) {
	q := &r.asked.Request
	q.LoginHint = r.get(oauth.ParamLoginHint)
	q.Locales = locales(r.get(oauth.ParamUILocales))
	hint := r.params.Secret(oauth.ParamIDTokenHint)
	if hint.IsZero() {
		return "", nil
	}
	claims, err := r.s.needs.Keys.VerifyIDToken(hint)
	if err != nil || !slices.Contains(claims.Audience, q.ClientID) {
		return oauth.ParamIDTokenHint, oauth.NewError(oauth.InvalidRequest, "id_token_hint is no ID token that this server gave this client")
	}
	q.HintSubject = claims.Subject
	return "", nil
}

const (
	maxLocales = 16 // more than anybody reads
	maxLocale  = 35 // RFC 5646 §4.4.1
)

// locales keeps what can be language tags (RFC 5646 §2.1); ui_locales is a wish, and no error (OpenID Connect Core 1.0 §3.1.2.1).
func locales(list string) []string {
	all := slices.DeleteFunc(strings.Fields(list), func(tag string) bool {
		return len(tag) > maxLocale || strings.ContainsFunc(tag, func(c rune) bool {
			return c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
		})
	})
	return all[:min(len(all), maxLocales)]
}
