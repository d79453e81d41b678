package accounts

import "slices"

// waiting is one line: requests by the network that they come from, and there by who sent them. Networks take turns, and
// within a network those who wait there; each one's requests are served in the order of arrival.
type waiting struct {
	n     int
	turns []string // networks; first: next
	by    map[string]*party
}

// party is what waits of one network.
type party struct {
	n     int
	turns []string
	by    map[string][]*waiter
}

func (l *waiting) add(at seat, w *waiter) {
	if l.by == nil {
		l.by = map[string]*party{}
	}
	p := l.by[at.network]
	if p == nil {
		p = &party{by: map[string][]*waiter{}}
		l.by[at.network] = p
		l.turns = append(l.turns, at.network)
	}
	if len(p.by[at.who]) == 0 {
		p.turns = append(p.turns, at.who)
	}
	p.by[at.who] = append(p.by[at.who], w)
	p.n++
	l.n++
}

// pop takes the first request of whoever is next, who then waits behind the others for the next turn. The line must not
// be empty.
func (l *waiting) pop() *waiter {
	network := l.turns[0]
	p := l.by[network]
	who := p.turns[0]
	w := p.by[who][0]
	l.remove(seat{network: network, who: who}, w)
	if len(p.by[who]) > 0 {
		p.turns = append(slices.Delete(p.turns, 0, 1), who)
	}
	if p.n > 0 {
		l.turns = append(slices.Delete(l.turns, 0, 1), network)
	}
	return w
}

func (l *waiting) remove(at seat, w *waiter) {
	p := l.by[at.network]
	if p == nil {
		return
	}
	i := slices.Index(p.by[at.who], w)
	if i < 0 {
		return
	}
	p.by[at.who] = slices.Delete(p.by[at.who], i, i+1)
	p.n--
	l.n--
	if len(p.by[at.who]) == 0 {
		delete(p.by, at.who)
		p.turns = without(p.turns, at.who)
	}
	if p.n == 0 {
		delete(l.by, at.network)
		l.turns = without(l.turns, at.network)
	}
}

// has tells whether any request of a seat waits.
func (l *waiting) has(at seat) bool {
	p := l.by[at.network]
	return p != nil && len(p.by[at.who]) > 0
}

// crowded returns the last request of whoever has the most in the network that has the most, if a newcomer who took its
// place would have less than that; nil when the line is shared as evenly as it can be.
func (l *waiting) crowded(newcomer seat) (at seat, last *waiter) {
	for _, network := range l.turns {
		if p := l.by[at.network]; p == nil || l.by[network].n > p.n {
			at.network = network
		}
	}
	most := l.by[at.network]
	if most == nil {
		return at, nil
	}
	own := l.by[newcomer.network]
	if own == nil {
		own = &party{}
	}
	if most.n <= own.n+1 && own.n > 0 { // the newcomer's network has its share: who else is there has to make room
		at.network, most = newcomer.network, own
	} else if most.n <= 1 {
		return at, nil
	}
	for _, who := range most.turns {
		if len(most.by[who]) > len(most.by[at.who]) {
			at.who = who
		}
	}
	if most == own && len(own.by[at.who]) <= len(own.by[newcomer.who])+1 {
		return at, nil
	}
	return at, most.by[at.who][len(most.by[at.who])-1]
}

func without(list []string, one string) []string {
	if i := slices.Index(list, one); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
