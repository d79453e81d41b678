package authorize

import (
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/oauth"
)

var now = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// walk visits every combination of what Next decides on.
func walk(visit func(Facts)) (n int) {
	session, other := auth.ID{15: 1}, auth.ID{15: 2}
	prompts := [][]oauth.Prompt{
		nil,
		{oauth.PromptNone},
		{oauth.PromptLogin},
		{oauth.PromptConsent},
		{oauth.PromptSelectAccount},
		{oauth.PromptLogin, oauth.PromptConsent},
		{oauth.PromptLogin, oauth.PromptSelectAccount},
		{oauth.PromptConsent, oauth.PromptSelectAccount},
	}
	zero, hour := int64(0), int64(3600)
	consents := []auth.Consent{
		{}, {CreatedAt: now, Scopes: []string{"openid"}}, {CreatedAt: now, Scopes: []string{"openid", "email"}, Resources: []string{"https://api.example"}},
	}
	for _, prompt := range prompts {
		for _, age := range []*int64{nil, &zero, &hour} {
			for _, signedIn := range []time.Duration{-1, 0, time.Minute, 2 * time.Hour} { // ago; -1: nobody
				for _, consent := range consents {
					for _, hint := range []string{"", "ann", "bob"} {
						for _, essential := range [][]string{nil, {"gold"}, {"gold", "silver"}} {
							for bits := range 64 {
								f := Facts{Subject: "ann", Consent: consent, Now: now, Request: auth.AuthorizationRequest{
									Scopes: []string{"openid", "email"}, Resources: []string{"https://api.example"}, Prompts: prompt, MaxAge: age,
									HintSubject: hint, Claims: auth.ClaimsRequest{EssentialACR: essential},
								}}
								f.Client.FirstParty, f.Client.Public = bits&1 != 0, bits&16 != 0
								f.Request.RedirectURI = "https://app.example/cb"
								if bits&32 != 0 {
									f.Request.RedirectURI = "com.example.app:/cb"
								}
								if bits&2 != 0 {
									f.Interaction.LoggedIn = session
								} else if bits&8 != 0 {
									f.Interaction.LoggedIn = other
								}
								if bits&4 != 0 {
									f.Interaction.Allowed = session
								} else if bits&8 != 0 {
									f.Interaction.Allowed = other
								}
								if signedIn >= 0 {
									f.Session = &auth.Session{ID: session, AuthTime: now.Add(-signedIn), ACR: "silver"}
								}
								visit(f)
								n++
							}
						}
					}
				}
			}
		}
	}
	return n
}

// What must hold of every decision, whatever the combination, each line a sentence of OpenID Connect Core 1.0 §3.1.2.
func TestNextKeepsItsPromises(t *testing.T) {
	t.Parallel()
	issued, codes := 0, map[oauth.ErrorCode]int{}
	n := walk(func(f Facts) {
		step := Next(f)
		fail := func(why string) { t.Errorf("%+v: %s: %s", f, step.Kind, why) }
		asks := f.Request.Asks
		if (step.Error != nil) != (step.Kind == Refuse) {
			fail("an error, and only then, is told for a refusal")
		}
		if step.Error != nil {
			codes[step.Error.Code]++
		}
		if asks(oauth.PromptNone) && step.Kind != Issue && step.Kind != Refuse {
			fail("prompt=none shows nothing")
		}
		if f.Session == nil {
			if step.Kind == Issue || step.Kind == Consent || step.Kind == Choose {
				fail("nobody is signed in")
			}
			return
		}
		fresh := f.Interaction.LoggedIn == f.Session.ID
		stale := f.Request.MaxAge != nil && now.Sub(f.Session.AuthTime) >= time.Duration(*f.Request.MaxAge)*time.Second
		anybody := f.Client.Public && !f.Request.ReturnsByHTTPS()
		allowed := f.Interaction.Allowed == f.Session.ID
		covered := allowed || f.Client.FirstParty || f.Consent.Covers(f.Request.Scopes, f.Request.Resources)
		switch {
		case step.Kind == Login && fresh:
			fail("whoever has just signed in for this request is not asked again")
		case step.Kind == Consent && f.Client.FirstParty && !asks(oauth.PromptConsent) && !anybody:
			fail("an application of our own is not asked about")
		}
		if step.Kind != Issue {
			return
		}
		issued++
		switch {
		case asks(oauth.PromptLogin) && !fresh:
			fail("prompt=login was not obeyed, or by the log-in of another tab")
		case stale && !fresh:
			fail("the log-in is older than max_age")
		case asks(oauth.PromptSelectAccount) && !fresh:
			fail("nobody chose")
		case asks(oauth.PromptConsent) && !allowed:
			fail("prompt=consent was not obeyed")
		case anybody && !allowed:
			fail("anybody can take this client's name, and the user was not asked")
		case !covered:
			fail("nobody allowed it")
		case f.Request.HintSubject != "" && f.Request.HintSubject != f.Subject:
			fail("another user than the hint's")
		case len(f.Request.Claims.EssentialACR) == 1:
			fail("an essential acr was not met")
		}
	})
	if n < 10_000 || issued == 0 {
		t.Errorf("%d combinations, %d issued", n, issued)
	}
	for _, code := range []oauth.ErrorCode{oauth.LoginRequired, oauth.ConsentRequired, oauth.UnmetAuthenticationRequirements} {
		if codes[code] == 0 {
			t.Errorf("%s was never told", code)
		}
	}
}

// The other direction: what should go through does.
func TestNextAsksForNothingTwice(t *testing.T) {
	t.Parallel()
	walk(func(f Facts) {
		if f.Session == nil || f.Request.HintSubject == "bob" || len(f.Request.Claims.EssentialACR) == 1 {
			return
		}
		f.Interaction.LoggedIn, f.Interaction.Allowed = f.Session.ID, f.Session.ID
		f.Consent = auth.Consent{CreatedAt: now, Scopes: f.Request.Scopes, Resources: f.Request.Resources}
		if step := Next(f); step.Kind != Issue {
			t.Errorf("%+v: %s %v, want issue", f, step.Kind, step.Error)
		}
	})
}
