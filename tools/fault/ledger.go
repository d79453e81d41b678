//go:build linux

package main

import "time"

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
	// younger: the grant was made after the copy that the database fell back to.
	younger rule = "grant newer than the copy"
)

// ledger is the model of one owner with one store of tokens. It knows when each message of the device was under way, and
// from that whether the promise covers the device: it does whenever no two messages of one burst stood on both sides of
// the end of its replay window, and no two were under way while the database fell back or the clock was set. A message
// that is alone is always covered. The zero value with a window is a device that has just logged in.
//
// It is pure: the caller tells the server's time, which may be set back, and holds the lock.
type ledger struct {
	window time.Duration

	flights int    // messages under way
	groups  int    // so far; a group is the messages without a moment between them at which none was under way
	sent    int    // messages of this group
	most    int    // most that were under way at once
	bursts  []span // when the running burst may have begun; more than one after the clock was set back
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
			l.bursts = nil
		}
		l.groups++
		l.sent, l.most = 0, 0
	}
	l.touch(now)
	l.flights++
	l.sent++
	l.most = max(l.most, l.flights)
	return begins
}

// touch notes that a burst may have begun now.
func (l *ledger) touch(now time.Time) {
	if n := len(l.bursts); n > 0 && !now.Before(l.bursts[n-1].to) {
		l.bursts[n-1].to = now
		return
	}
	l.bursts = append(l.bursts, span{now, now})
}

// quiet tells that nothing is under way and that the window of the last burst has surely closed.
func (l *ledger) quiet(now time.Time) bool {
	for _, b := range l.bursts {
		if now.Sub(b.to) < l.window+windowMargin && now.Sub(b.from) >= -clockSlack-windowMargin {
			return false
		}
	}
	return l.flights == 0
}

// room is how long messages may be under way at once without outliving the window; zero or less: none but a lone one.
func (l *ledger) room(now time.Time) time.Duration {
	room := l.window
	if l.quiet(now) {
		return room
	}
	for _, b := range l.bursts {
		room = min(room, b.from.Add(l.window).Sub(now))
		if now.Sub(b.to) < -clockSlack {
			return 0
		}
	}
	return room
}

// arrive notes that a message is over: answered and read, or lost. broken is what happened since the group began that
// only a lone message stands.
func (l *ledger) arrive(now time.Time, broken rule) {
	l.weigh(now, broken)
	l.touch(now)
	l.flights--
}

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
