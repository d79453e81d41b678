package authorize

import (
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/oauth"
)

// Facts are all that Next decides on.
type Facts struct {
	Request     auth.AuthorizationRequest
	Client      auth.Client
	Session     *auth.Session // the browser's; nil: nobody is signed in
	Subject     string        // sub of its user, as this client knows them
	Consent     auth.Consent  // zero: none
	Interaction auth.Interaction
	Now         time.Time
}

// Kind is what has to happen next.
type Kind string

// The steps. A factor is asked for within the log-in.
const (
	Choose  Kind = "choose"  // the user says as whom
	Login   Kind = "login"   // the user proves who they are, for this very request
	Consent Kind = "consent" // the user allows it
	Issue   Kind = "issue"   // the client gets a code
	Refuse  Kind = "refuse"  // the client gets an error
)

// Step is what Next decided. Error is set for Refuse alone.
type Step struct {
	Kind  Kind
	Error *oauth.Error
}

// Next says what has to happen before the client is answered (OpenID Connect Core 1.0 §3.1.2.3 to §3.1.2.6). With
// prompt=none nothing may be shown, so that every step but Issue is an error there.
func Next(f Facts) Step {
	step := f.signIn()
	if step.Kind == "" {
		step = f.consent()
	}
	if step.Kind == "" {
		return Step{Kind: Issue}
	}
	if step.Kind != Refuse && f.Request.Asks(oauth.PromptNone) {
		return refuse(silent[step.Kind], "prompt=none, and the user would have to be asked")
	}
	return step
}

// silent is what a client hears instead of a step that may not be shown.
var silent = map[Kind]oauth.ErrorCode{
	Choose: oauth.AccountSelectionRequired, Login: oauth.LoginRequired, Consent: oauth.ConsentRequired,
}

func refuse(code oauth.ErrorCode, why string) Step {
	return Step{Kind: Refuse, Error: oauth.NewError(code, why)}
}

// signIn decides who the user is; the zero Step: somebody who will do.
func (f Facts) signIn() Step {
	s := f.Session
	if s == nil {
		return Step{Kind: Login}
	}
	// Only a log-in that this request asked for counts as one, not that of another tab.
	now := f.Interaction.LoggedIn == s.ID
	switch {
	case now:
	case f.Request.Asks(oauth.PromptLogin), f.tooOld():
		return Step{Kind: Login}
	case f.Request.Asks(oauth.PromptSelectAccount):
		return Step{Kind: Choose}
	}
	if f.another() {
		if now { // they were asked for, and somebody else came
			return refuse(oauth.LoginRequired, "another user signed in than the one that was asked for")
		}
		return Step{Kind: Login}
	}
	if essential := f.Request.Claims.EssentialACR; len(essential) > 0 && !slices.Contains(essential, s.ACR) {
		return refuse(oauth.UnmetAuthenticationRequirements, "the user cannot be authenticated in any of the ways that acr must have")
	}
	return Step{}
}

// tooOld tells whether max_age asks for a log-in of its own. An age below zero counts as zero.
func (f Facts) tooOld() bool {
	limit := f.Request.MaxAge
	if limit == nil {
		limit = f.Client.Metadata.DefaultMaxAge
	}
	if limit == nil {
		return false
	}
	age := max(f.Now.Sub(f.Session.AuthTime), 0)
	return *limit == 0 || age > time.Duration(*limit)*time.Second
}

// another tells whether the request names another user than the session's, by a hint or a claim.
func (f Facts) another() bool {
	for _, wanted := range []string{f.Request.HintSubject, f.Request.Claims.Subject} {
		if wanted != "" && wanted != f.Subject {
			return true
		}
	}
	return false
}

// consent decides whether the user has to be asked; the zero Step: no.
func (f Facts) consent() Step {
	switch {
	case f.Interaction.Allowed == f.Session.ID:
		return Step{}
	case f.Request.Asks(oauth.PromptConsent), Asked{Request: f.Request, Client: f.Client}.EachTime():
		return Step{Kind: Consent}
	case f.Client.FirstParty, f.Consent.Covers(f.Request.ConsentScopes(), f.Request.Resources):
		return Step{}
	}
	return Step{Kind: Consent}
}
