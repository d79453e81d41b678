package auth

import (
	"slices"
	"time"
)

// Consent is what a user has allowed a client, for all the requests to come.
type Consent struct {
	UserID    ID
	ClientID  string
	Scopes    []string
	Resources []string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Covers tells whether nothing is asked beyond the consent. The zero Consent covers nothing, not even a request that
// asks for no scope.
func (c Consent) Covers(scopes, resources []string) bool {
	return !c.CreatedAt.IsZero() && within(scopes, c.Scopes) && within(resources, c.Resources)
}

// With returns the consent widened by what was allowed now. A consent is of all its scopes at all its resources, so that one
// for other scopes at other resources takes its place: the two together would cover what nobody allowed.
func (c Consent) With(scopes, resources []string, now time.Time) Consent {
	narrower := within(scopes, c.Scopes) && within(resources, c.Resources)
	wider := within(c.Scopes, scopes) && within(c.Resources, resources)
	if narrower || wider || alike(c.Scopes, scopes) || alike(c.Resources, resources) {
		scopes, resources = union(c.Scopes, scopes), union(c.Resources, resources)
	}
	if c.CreatedAt.IsZero() {
		c.CreatedAt = now
	}
	c.UpdatedAt, c.Scopes, c.Resources = now, union(scopes, nil), union(resources, nil)
	return c
}

func within(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

func alike(a, b []string) bool { return within(a, b) && within(b, a) }

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// Holder is a client that holds living grants of a user.
type Holder struct {
	ClientID string
	Grants   int64
	LastUse  time.Time // of the newest of them
	Offline  bool      // one of them outlives its session
}

// App is a client as its user sees it: what it was allowed, what it holds.
type App struct {
	Client  Client
	Consent Consent // zero: it needed none
	Holder  Holder  // zero: it holds nothing
}
