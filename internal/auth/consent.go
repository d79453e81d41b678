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
	beyond := func(asked, allowed []string) bool {
		return slices.ContainsFunc(asked, func(a string) bool { return !slices.Contains(allowed, a) })
	}
	return !c.CreatedAt.IsZero() && !beyond(scopes, c.Scopes) && !beyond(resources, c.Resources)
}

// With returns the consent widened by what was allowed now.
func (c Consent) With(scopes, resources []string, now time.Time) Consent {
	if c.CreatedAt.IsZero() {
		c.CreatedAt = now
	}
	c.UpdatedAt = now
	c.Scopes = union(c.Scopes, scopes)
	c.Resources = union(c.Resources, resources)
	return c
}

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
