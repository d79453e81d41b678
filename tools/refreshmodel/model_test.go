package refreshmodel_test

import (
	"testing"

	"github.com/daypass/daypass/tools/refreshmodel"
)

func nothing(refreshmodel.Grant, int64) {}

// The numbers of states are those of a second model, written in another language before this one: a
// rule that drifts changes them.
func TestAnOwnerAloneIsNeverLoggedOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flights         int
		fallback        bool
		bound           int64
		states, refused int
	}{
		{1, false, 6, 534, 0},
		{2, false, 5, 1280, 0},
		{3, false, 4, 2156, 0},
		{1, true, 6, 9597, 0},
		// A delayed duplicate that meets a fallback is two faults at once; it is told honestly (docs/refresh.md).
		{2, true, 4, 7494, 53},
	} {
		states, refused := refreshmodel.OwnerAlone(c.flights, c.fallback, c.bound, nothing)
		if states != c.states || refused != c.refused {
			t.Errorf("%d under way, fallback %v: %d states, refused in %d; want %d, %d", c.flights, c.fallback, states, refused, c.states, c.refused)
		}
	}
}

func TestAThiefIsFoundWithinTwoRounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fallback       bool
		bound          int64
		states, rounds int
	}{
		{false, 6, 47688, 2},
		{true, 4, 67416, 4}, // after a fallback, more with each generation lost
	} {
		states, rounds := refreshmodel.WithThief(c.fallback, c.bound, nothing)
		if states != c.states || rounds != c.rounds {
			t.Errorf("fallback %v: %d states, caught within %d rounds; want %d, %d", c.fallback, states, rounds, c.states, c.rounds)
		}
	}
}
