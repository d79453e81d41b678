package refreshmodel

import (
	"fmt"
	"slices"
)

// Judged is called for each judgement of a visit, so that another judge can be held against this one.
type Judged func(g Grant, presented int64)

// ownerState is an owner with one store of tokens, and the messages under way. The lists are sorted:
// their order does not matter.
type ownerState struct {
	grant, copied Grant
	own           int64
	asked, answer string // one byte per message: its generation
}

// OwnerAlone visits every state that an owner with one store of tokens can reach, with at most flights
// messages under way, each of which may be lost, duplicated or reordered, but none delayed past the
// window. With fallback the database may return to an earlier copy of the grant at any time. It
// returns how many states there are and how many refuse the owner.
func OwnerAlone(flights int, fallback bool, bound int64, see Judged) (states, refused int) {
	start := ownerState{grant: New(), copied: New()}
	seen := map[ownerState]bool{start: true}
	for queue := []ownerState{start}; len(queue) > 0; queue = queue[1:] {
		s := queue[0]
		if s.grant.Current > bound {
			continue
		}
		steps, refusals := s.next(flights, fallback, see)
		refused += refusals
		for _, n := range steps {
			if len(n.asked)+len(n.answer) <= flights && !seen[n] {
				seen[n] = true
				queue = append(queue, n)
			}
		}
	}
	return len(seen), refused
}

func (s ownerState) next(flights int, fallback bool, see Judged) (steps []ownerState, refused int) {
	to := func(change func(*ownerState)) {
		n := s
		change(&n)
		steps = append(steps, n)
	}
	if len(s.asked)+len(s.answer) < flights {
		to(func(n *ownerState) { n.asked = with(s.asked, s.own) })
	}
	if s.asked == "" && s.answer == "" {
		to(func(n *ownerState) { n.grant = s.grant.Later() })
	}
	if fallback {
		to(func(n *ownerState) { n.copied = s.grant })
		to(func(n *ownerState) { n.grant = s.copied })
	}
	for i := range len(s.asked) {
		m := int64(s.asked[i])
		see(s.grant, m)
		verdict, after, got := Judge(s.grant, m)
		if verdict == Reuse {
			refused++
		}
		if got != None {
			to(func(n *ownerState) { n.grant, n.asked, n.answer = after, without(s.asked, i), with(s.answer, got) })
			to(func(n *ownerState) { n.grant, n.answer = after, with(s.answer, got) }) // a duplicate stays under way
		}
	}
	for i := range len(s.answer) {
		to(func(n *ownerState) { n.own, n.answer = int64(s.answer[i]), without(s.answer, i) }) // arrives
		to(func(n *ownerState) { n.answer = without(s.answer, i) })                            // is lost
	}
	return steps, refused
}

func with(list string, m int64) string {
	b := append([]byte(list), byte(m))
	slices.Sort(b)
	return string(b)
}

func without(list string, i int) string { return list[:i] + list[i+1:] }

// thiefState is an owner and a thief who keeps every token that it copied or was given.
type thiefState struct {
	grant, copied Grant
	own           int64
	stolen        uint64 // one bit per generation
}

// WithThief visits every state that an owner and a thief can reach, and returns how many there are and
// the worst number of rounds, each a refresh by both outside the window, until one of them is refused.
func WithThief(fallback bool, bound int64, see Judged) (states, rounds int) {
	start := thiefState{grant: New(), copied: New()}
	seen := map[thiefState]bool{start: true}
	for queue := []thiefState{start}; len(queue) > 0; queue = queue[1:] {
		s := queue[0]
		if s.grant.Current > bound {
			continue
		}
		for _, n := range s.next(fallback, see) {
			if !seen[n] {
				seen[n] = true
				queue = append(queue, n)
			}
		}
	}
	for s := range seen {
		if s.stolen != 0 && !s.grant.Dead && s.grant.Current < bound {
			rounds = max(rounds, s.roundsUntilCaught())
		}
	}
	return len(seen), rounds
}

func (s thiefState) next(fallback bool, see Judged) (steps []thiefState) {
	to := func(change func(*thiefState)) {
		n := s
		change(&n)
		steps = append(steps, n)
	}
	to(func(n *thiefState) { n.grant = s.grant.Later() })
	to(func(n *thiefState) { n.stolen |= 1 << s.own })
	if fallback {
		to(func(n *thiefState) { n.copied = s.grant })
		if !s.grant.Dead { // a kill is durable
			to(func(n *thiefState) { n.grant = s.copied })
		}
	}
	see(s.grant, s.own)
	_, after, got := Judge(s.grant, s.own)
	to(func(n *thiefState) {
		n.grant = after
		if got != None {
			n.own = got
		}
	})
	to(func(n *thiefState) { n.grant = after }) // the reply is lost
	for m := range int64(64) {
		if s.stolen&(1<<m) == 0 {
			continue
		}
		see(s.grant, m)
		_, after, got := Judge(s.grant, m)
		to(func(n *thiefState) {
			n.grant = after
			if got != None {
				n.stolen |= 1 << got
			}
		})
	}
	return steps
}

// roundsUntilCaught plays rounds by a thief who chooses best among its tokens.
func (s thiefState) roundsUntilCaught() int {
	frontier := map[thiefState]bool{{grant: s.grant, own: s.own, stolen: s.stolen}: true}
	rounds := 0
	for ; len(frontier) > 0; rounds++ {
		if rounds > 30 {
			panic(fmt.Sprintf("refreshmodel: from %+v a thief is never caught", s))
		}
		following := map[thiefState]bool{}
		for f := range frontier {
			for m := range int64(64) {
				if f.stolen&(1<<m) == 0 {
					continue
				}
				_, g, got := Judge(f.grant.Later(), m)
				if got == None {
					continue
				}
				if _, g, own := Judge(g.Later(), f.own); own != None {
					following[thiefState{grant: g, own: own, stolen: f.stolen | 1<<got}] = true
				}
			}
		}
		frontier = following
	}
	return rounds
}
