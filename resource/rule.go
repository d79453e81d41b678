package resource

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/daypass/daypass/oauth"
)

// Rule is a demand on a good access token: for RequireThat, Handle and Permit. The functions of this file make rules,
// and panic on demands that no token could meet.
type Rule struct {
	all    []string
	any    []string
	acr    []string
	maxAge time.Duration
}

// AllScopes demands every one of the scopes; without any it demands nothing. Scopes are compared whole.
func AllScopes(scopes ...string) Rule {
	mustBeTokens("scope", scopes)
	return Rule{all: slices.Clone(scopes)}
}

// AnyScope demands at least one of the scopes. Callers without are told to ask for the first, so list the one that
// grants least first.
func AnyScope(scopes ...string) Rule {
	mustNotBeEmpty("scope", scopes)
	mustBeTokens("scope", scopes)
	return Rule{any: slices.Clone(scopes)}
}

// ACR demands that the user logged in at one of these authentication context classes (acr), the preferred first. List
// all that are strong enough: nothing here knows that one is stronger than another. Callers are challenged to step up
// with acr_values, RFC 9470 §3.
func ACR(values ...string) Rule {
	mustNotBeEmpty("authentication context class", values)
	mustBeTokens("authentication context class", values)
	return Rule{acr: slices.Clone(values)}
}

// MaxAge demands that the user proved who they are (auth_time) at most d ago, give or take Config.Leeway. Callers are
// challenged to step up with max_age, RFC 9470 §3. d is in whole seconds, at least one.
func MaxAge(d time.Duration) Rule {
	if d < time.Second || d%time.Second != 0 {
		panic(fmt.Sprintf("resource: MaxAge: %v is not a number of seconds", d))
	}
	return Rule{maxAge: d}
}

func mustBeTokens(what string, list []string) {
	for _, s := range list {
		if !oauth.ValidScopeToken(s) {
			panic(fmt.Sprintf("resource: %q is not a %s", s, what))
		}
	}
}

func mustNotBeEmpty(what string, list []string) {
	if len(list) == 0 {
		panic("resource: a rule with no " + what + " lets nobody pass")
	}
}

// demand is several rules, and what a caller must ask for to meet their scopes all at once.
type demand struct {
	rules  []Rule
	scopes []string
}

func newDemand(rules []Rule) demand {
	d := demand{rules: slices.Clone(rules)}
	for _, r := range rules {
		needed := r.all
		if r.any != nil {
			needed = r.any[:1]
		}
		for _, s := range needed {
			if !slices.Contains(d.scopes, s) {
				d.scopes = append(d.scopes, s)
			}
		}
	}
	return d
}

// judge looks at the log-in first: a caller who needs both another log-in and another scope gets both by asking once,
// since that challenge names the scopes too.
func (d demand) judge(t Token, now func() time.Time, leeway time.Duration) *Refusal {
	var weak []string
	var old time.Duration
	for _, r := range d.rules {
		if r.acr != nil && !slices.Contains(r.acr, t.ACR) {
			weak = r.acr
		}
		if r.maxAge > 0 && (t.AuthTime.IsZero() || now().Sub(t.AuthTime) > r.maxAge+leeway) && (old == 0 || r.maxAge < old) {
			old = r.maxAge
		}
	}
	if weak != nil || old > 0 {
		return &Refusal{
			Code: oauth.InsufficientUserAuthentication, ACRValues: weak, MaxAge: old,
			Cause: errors.New("the log-in is too weak or too old"),
		}
	}
	for _, r := range d.rules {
		if !oauth.ScopeSubset(r.all, t.Scopes) || r.any != nil && !slices.ContainsFunc(r.any, t.HasScope) {
			return &Refusal{Code: oauth.InsufficientScope, Scopes: d.scopes}
		}
	}
	return nil
}
