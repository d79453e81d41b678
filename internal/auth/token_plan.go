package auth

import (
	"cmp"
	"slices"
	"time"

	"github.com/daypass/daypass/oauth"
)

// TokenStyle is what an access token looks like. The zero value is the installation's default: a signed JWT.
type TokenStyle struct {
	Opaque    bool
	Algorithm string // empty: the default
}

// TokenPlan is what one access token is to be, before it is made.
type TokenPlan struct {
	Audience []string
	Scopes   []string
	Lifetime time.Duration
	Style    TokenStyle
}

// Resources finds a registered resource.
type Resources interface {
	Find(id string) (Resource, bool)
}

// PlanToken fits what was granted to the resources it is for: only scopes that belong to them, the shortest lifetime among
// them (lifetime is the default), and one format and signature. Where several resources were granted, those that want
// another kind of token than the first are left out, and so are scopes that several of them call their own, since each
// would take them for its own (RFC 9068 §3). ok is false when every resource is disabled.
func PlanToken(known Resources, resources, scopes []string, lifetime time.Duration) (plan TokenPlan, ok bool) {
	if !slices.ContainsFunc(resources, func(id string) bool { _, registered := known.Find(id); return registered }) {
		return TokenPlan{Audience: resources, Scopes: scopes, Lifetime: lifetime}, true // the hot path: nothing is copied
	}
	all := make([]Resource, len(resources))
	for i, id := range resources {
		all[i] = findOr(known, id)
	}
	return planFor(all, scopes, lifetime)
}

func planFor(all []Resource, scopes []string, lifetime time.Duration) (plan TokenPlan, ok bool) {
	var kept []Resource
	for _, r := range all {
		life := cmp.Or(r.Lifetime, lifetime)
		switch {
		case r.Disabled() || len(kept) > 0 && r.style() != plan.Style:
			continue
		case len(kept) == 0:
			plan.Lifetime, plan.Style = life, r.style()
		}
		plan.Lifetime = min(plan.Lifetime, life)
		plan.Audience = append(plan.Audience, r.ID)
		kept = append(kept, r)
	}
	plan.Scopes = slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return owners(kept, s) != 1 })
	return plan, len(kept) > 0
}

// TargetFault refuses a request for resources that cannot be had together, before anything is done for it; nil when nothing
// is wrong. scopes are those asked for, or all that the client may ask for.
func TargetFault(known Resources, resources, scopes []string, asked bool) *oauth.Error {
	all := make([]Resource, len(resources))
	for i, id := range resources {
		all[i] = findOr(known, id)
		if all[i].Disabled() {
			return oauth.NewError(oauth.InvalidTarget, "no tokens are given for this resource: it is disabled")
		}
		if all[i].style() != all[0].style() {
			return oauth.NewError(oauth.InvalidTarget, "these resources take different kinds of tokens: ask for one at a time")
		}
	}
	if len(all) == 0 {
		return nil
	}
	left := 0
	for _, s := range scopes {
		switch n := owners(all, s); {
		case n > 1 && asked: // AT-02
			return oauth.NewError(oauth.InvalidRequest, "several of these resources have a scope of that name: ask for one resource at a time")
		case n == 1:
			left++
		}
	}
	if asked && len(scopes) > 0 && left == 0 {
		return oauth.NewError(oauth.InvalidScope, "the scope belongs to none of these resources")
	}
	return nil
}

// owners counts the resources that would take a scope for their own: those that list it or, when none does, one that lists no
// scopes at all. The standard scopes concern this server itself and are never anybody else's.
func owners(all []Resource, scope string) int {
	if slices.Contains([]string{"openid", "profile", "email", "address", "phone", "offline_access"}, scope) {
		return 1
	}
	listed, open := 0, 0
	for _, r := range all {
		switch {
		case len(r.Scopes) == 0:
			open = 1
		case slices.Contains(r.Scopes, scope):
			listed++
		}
	}
	return cmp.Or(listed, open)
}

func findOr(known Resources, id string) Resource {
	if r, registered := known.Find(id); registered {
		return r
	}
	return Resource{ID: id}
}

func (r Resource) style() TokenStyle { return TokenStyle{Opaque: r.Opaque(), Algorithm: r.Algorithm} }
