//go:build linux

package main

import (
	"slices"
	"time"
)

// rule names what excuses that a device is refused (docs/refresh.md, "And what does not").
type rule string

const (
	// none: nothing excuses it; a refusal is a spurious log-out.
	none rule = ""
	// late: a request was still under way when the replay window of its burst closed, while another of the same burst
	// had been answered.
	late rule = "under way when the window closed"
	// astride: a request was delayed or repeated across a moment at which the database fell back.
	astride rule = "delayed duplicate meets a fallback"
	// stepped: the clock was set while two messages were under way.
	stepped rule = "clock set between two racers"
	// heldOpen: a thief and an owner inside a window that stays open for up to two minutes because the clock was set back.
	heldOpen rule = "theft while a clock set back holds the window open"
	// younger: the grant was made after the copy that the database fell back to.
	younger rule = "grant newer than the copy"
)

// ledger is the model of one owner with one store of tokens. It knows when each message of the device was under way, and
// from that whether the promise covers the device: it does whenever no two messages of one burst stood on both sides of
// the end of its replay window, and no two were under way while the database fell back or the clock was set. A message
// that is alone is always covered. The zero value with a window is a device that has just logged in.
//
// Where the clock is set, a window that had closed opens again: when the clock goes back behind its end, and when a
// database falls back to a burst that began under a clock which was ahead. So a burst is forgotten only when an answer
// proves that the server has begun another one.
//
// It is pure: the caller tells the server's time, which may be set back, and holds the lock.
type ledger struct {
	window time.Duration

	flights int    // messages under way
	groups  int    // so far; a group is the messages without a moment between them at which none was under way
	sent    int    // messages of this group
	most    int    // most that were under way at once
	bursts  []span // when the running burst may have begun; more than one after the clock was set
	old     []span // the same of bursts whose window had closed, which may open again when the clock is set back
	past    []span // all that were so far, to which a fallback may return
	excuse  rule   // holds until a lone message is answered
}

// span is from the first to the last moment at which something happened.
type span struct{ from, to time.Time }

const (
	// windowMargin is added before a window counts as surely closed: an answer may have ended before its server's clock says.
	windowMargin = 100 * time.Millisecond
	// clockSlack is how far in the future a burst may lie and still count as just begun (docs/refresh.md).
	clockSlack = 120 * time.Second
)

// depart notes a message that leaves the device and tells whether it begins a group.
func (l *ledger) depart(now time.Time) (begins bool) {
	if begins = l.flights == 0; begins {
		if l.quiet(now) {
			l.old, l.past = append(l.old, l.bursts...), append(l.past, l.bursts...)
			l.bursts = nil
		}
		l.groups++
		l.sent, l.most = 0, 0
	}
	l.touch(span{now, now})
	l.flights++
	l.sent++
	l.most = max(l.most, l.flights)
	return begins
}

// touch notes that a burst may have begun at these times.
func (l *ledger) touch(seen ...span) {
	for _, s := range seen {
		merged := false
		for i, b := range l.bursts {
			if !s.from.After(b.to) && !s.to.Before(b.from) {
				l.bursts[i] = span{earlier(b.from, s.from), later(b.to, s.to)}
				merged = true
				break
			}
		}
		if !merged {
			l.bursts = append(l.bursts, s)
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// open tells that the window of a burst may have been open at some moment of a span.
func (l *ledger) open(burst, at span) bool {
	return at.from.Sub(burst.to) < l.window+windowMargin && at.to.Sub(burst.from) >= -clockSlack-windowMargin
}

// quiet tells that nothing is under way and that the window of the last burst has surely closed.
func (l *ledger) quiet(now time.Time) bool {
	return l.flights == 0 && len(l.opened(now)) == 0
}

// opened are the bursts whose window may be open.
func (l *ledger) opened(now time.Time) (open []span) {
	for _, b := range slices.Concat(l.bursts, l.old) {
		if l.open(b, span{now, now}) {
			open = append(open, b)
		}
	}
	return open
}

// room is how long messages may be under way at once without outliving the window; zero or less: none but a lone one.
func (l *ledger) room(now time.Time) time.Duration {
	room := l.window
	if l.quiet(now) {
		return room
	}
	for _, b := range slices.Concat(l.bursts, l.opened(now)) {
		room = min(room, b.from.Add(l.window).Sub(now))
		if now.Sub(b.to) < -clockSlack {
			return 0
		}
	}
	return room
}

// arrive notes that a message is over: answered and read, or lost. seen are the server's times since the group began, of
// which the last is now: more than one when the clock was set. broken is what happened since then that only a lone message
// stands.
func (l *ledger) arrive(seen []span, broken rule) {
	l.weigh(seen[len(seen)-1].to, broken)
	l.touch(seen...)
	l.flights--
}

// answered notes that the server answered a message of this group with tokens, at one of the times seen, whether or not
// the answer reaches anybody. A burst whose window was closed all that time has then given way to one of this group.
func (l *ledger) answered(seen []span) {
	l.old = slices.DeleteFunc(l.old, func(b span) bool {
		return !slices.ContainsFunc(seen, func(s span) bool { return l.open(b, s) })
	})
}

// fell notes that the database fell back: any burst that ever was may be the one that it knows.
func (l *ledger) fell() { l.old = slices.Clone(l.past) }

// granted notes an answer with tokens that reaches the store. Alone it proves that the store holds what is current, so
// whatever went before is over.
func (l *ledger) granted() {
	if l.flights == 1 && l.most == 1 {
		l.excuse = none
	}
}

// refused tells what excuses a refusal at this moment.
func (l *ledger) refused(now time.Time, broken rule) rule {
	l.weigh(now, broken)
	return l.excuse
}

// weigh looks at whether the promise still covers what is under way.
func (l *ledger) weigh(now time.Time, broken rule) {
	switch {
	case l.most < 2 || l.excuse != none:
	case broken != none:
		l.excuse = broken
	case l.room(now) <= 0:
		l.excuse = late
	}
}

// pair tells that the group consists of two messages and nothing stood between them and the window: both answers must
// hold the same successor.
func (l *ledger) pair(now time.Time, broken rule) bool {
	return l.sent == 2 && broken == none && l.excuse == none && l.room(now) > 0
}
