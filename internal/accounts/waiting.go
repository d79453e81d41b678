package accounts

import "slices"

// waiting is one line: requests by who sent them, each in the order of arrival, and the order in which they take turns.
type waiting struct {
	n     int
	turns []string // first: next
	by    map[string][]*waiter
}

func (l *waiting) add(who string, w *waiter) {
	if l.by == nil {
		l.by = map[string][]*waiter{}
	}
	if len(l.by[who]) == 0 {
		l.turns = append(l.turns, who)
	}
	l.by[who] = append(l.by[who], w)
	l.n++
}

// pop takes the first request of whoever is next, who then waits behind all others for the next turn. The line must not
// be empty.
func (l *waiting) pop() *waiter {
	who := l.turns[0]
	w := l.by[who][0]
	l.remove(who, w)
	if len(l.by[who]) > 0 {
		l.turns = append(l.turns[1:], who)
	}
	return w
}

func (l *waiting) remove(who string, w *waiter) {
	i := slices.Index(l.by[who], w)
	if i < 0 {
		return
	}
	l.by[who] = slices.Delete(l.by[who], i, i+1)
	l.n--
	if len(l.by[who]) > 0 {
		return
	}
	delete(l.by, who)
	if i := slices.Index(l.turns, who); i >= 0 {
		l.turns = slices.Delete(l.turns, i, i+1)
	}
}

// largest is who has the most requests waiting; "" for an empty line.
func (l *waiting) largest() (who string) {
	for _, one := range l.turns {
		if len(l.by[one]) > len(l.by[who]) {
			who = one
		}
	}
	return who
}
