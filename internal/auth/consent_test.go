package auth

import (
	"slices"
	"testing"
	"time"
)

// Whatever was allowed before, a consent never covers a scope at a resource that nobody allowed together (CO-02).
func TestConsentsNeverAddUpToWhatNobodyAllowed(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	sets := [][]string{nil, {"a"}, {"b"}, {"a", "b"}}
	type ask struct{ scopes, resources []string }
	var asks []ask
	for _, s := range sets {
		for _, r := range sets {
			asks = append(asks, ask{s, r})
		}
	}
	subset := func(a, b []string) bool {
		return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
	}
	for _, first := range asks {
		for _, second := range asks {
			c := Consent{}.With(first.scopes, first.resources, at).With(second.scopes, second.resources, at.Add(time.Hour))
			if !c.Covers(second.scopes, second.resources) {
				t.Errorf("%v, then %v: what was allowed last is not covered", first, second)
			}
			if !c.CreatedAt.Equal(at) || !c.UpdatedAt.Equal(at.Add(time.Hour)) {
				t.Errorf("%v, then %v: since %s, changed %s", first, second, c.CreatedAt, c.UpdatedAt)
			}
			for _, s := range []string{"a", "b"} {
				for _, r := range []string{"a", "b"} {
					one, two := subset([]string{s}, first.scopes) && subset([]string{r}, first.resources), subset([]string{s}, second.scopes) && subset([]string{r}, second.resources)
					if c.Covers([]string{s}, []string{r}) && !one && !two {
						t.Errorf("%v, then %v: %s at %s is covered, and nobody allowed it", first, second, s, r)
					}
				}
			}
		}
	}
	c := Consent{}.With([]string{"a"}, []string{"x"}, at).With([]string{"b"}, []string{"x"}, at)
	if !c.Covers([]string{"a", "b"}, []string{"x"}) {
		t.Error("what was allowed for the same resource does not add up")
	}
}
