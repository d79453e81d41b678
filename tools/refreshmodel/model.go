package refreshmodel

// Verdict is what the model says of a presented generation; the names are those of docs/refresh.md.
type Verdict string

// The verdicts that the model knows. What needs keys, clients or clocks is not its business.
const (
	Revoked Verdict = "Revoked"
	Reuse   Verdict = "Reuse"
	Current Verdict = "Current"
	Replay  Verdict = "Replay"
	Recover Verdict = "Recover"
	Ahead   Verdict = "Ahead"
)

// Grant is the state of one grant. First..Last may still be presented instead of Current (-1: none
// yet); Late tells that the replay window, counted from the first rotation of a burst, has closed.
type Grant struct {
	Current, First, Last int64
	Late, Dead           bool
}

// New is a grant that has just been made.
func New() Grant { return Grant{First: -1, Last: -1, Late: true} }

// Later is the grant after the window has closed.
func (g Grant) Later() Grant {
	g.Late = true
	return g
}

// None is the answer that holds no token.
const None int64 = -1

// Judge returns the verdict on generation m, the grant afterwards and the generation that the answer
// holds (None: it is refused).
func Judge(g Grant, m int64) (Verdict, Grant, int64) {
	if g.Dead {
		return Revoked, g, None
	}
	replayable := g.First <= m && m <= g.Last
	switch {
	case m == g.Current:
		first := g.First
		if g.Late {
			first = m
		}
		return Current, Grant{Current: m + 1, First: first, Last: m}, m + 1
	case replayable && !g.Late:
		return Replay, g, g.Current
	case replayable:
		return Recover, Grant{Current: g.Current + 1, First: g.First, Last: m}, g.Current + 1
	case m > g.Current:
		first := g.First
		if g.Late {
			first = g.Current
		}
		return Ahead, Grant{Current: m + 1, First: first, Last: m}, m + 1
	default:
		g.Dead = true
		return Reuse, g, None
	}
}
