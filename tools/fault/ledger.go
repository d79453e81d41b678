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
	// younger: the grant was made after the copy that the database fell back to.
	younger rule = "grant newer than the copy"
)

// ledger is the model of one owner with one store of tokens. It knows when each message of the device was under way, and
// from that whether the promise covers the device: it does whenever no two messages of one burst stood on both sides of
// the end of its replay window, and no two were under way while the database fell back. A message that is alone is always
// covered. The zero value with a window is a device that has just logged in.
//
// It is pure: the caller tells the time and holds the lock.
type ledger struct {
	window time.Duration

	flights int       // messages under way
	groups  int       // so far; a group is the messages without a moment between them at which none was under way
	sent    int       // messages of this group
	most    int       // most that were under way at once
	group   time.Time // when the group began
	burst   time.Time // no rotation of the running burst is older
	last    time.Time // when the last message ended
	excuse  rule      // holds until a lone message is answered
}

// windowMargin is added before a window counts as surely closed: an answer may have ended before its server's clock says.
const windowMargin = 100 * time.Millisecond

// depart notes a message that leaves the device.
func (l *ledger) depart(now time.Time) {
	if l.flights == 0 {
		l.group, l.sent, l.most = now, 0, 0
		l.groups++
		if l.quiet(now) {
			l.burst = now
		}
	}
	l.flights++
	l.sent++
	l.most = max(l.most, l.flights)
}

// quiet tells that nothing is under way and that the window of the last burst has surely closed.
func (l *ledger) quiet(now time.Time) bool {
	return l.flights == 0 && now.Sub(l.last) >= l.window+windowMargin
}

// room is how long messages may be under way at once without outliving the window; zero or less: none but a lone one.
func (l *ledger) room(now time.Time) time.Duration {
	if l.quiet(now) {
		return l.window
	}
	return l.burst.Add(l.window).Sub(now)
}

// arrive notes that a message is over: answered and read, or lost. fell tells that the database fell back since the group
// began.
func (l *ledger) arrive(now time.Time, fell bool) {
	l.weigh(now, fell)
	l.flights--
	l.last = now
}

// granted notes an answer with tokens that reaches the store. Alone it proves that the store holds what is current, so
// whatever went before is over.
func (l *ledger) granted() {
	if l.flights == 1 && l.most == 1 {
		l.excuse = none
	}
}

// refused tells what excuses a refusal at this moment.
func (l *ledger) refused(now time.Time, fell bool) rule {
	l.weigh(now, fell)
	return l.excuse
}

// weigh looks at whether the promise still covers what is under way.
func (l *ledger) weigh(now time.Time, fell bool) {
	switch {
	case l.most < 2:
	case fell:
		l.excuse = astride
	case now.Sub(l.burst) >= l.window:
		l.excuse = late
	}
}

// pair tells that the group consists of two messages and nothing stood between them and the window: both answers must
// hold the same successor.
func (l *ledger) pair(now time.Time, fell bool) bool {
	return l.sent == 2 && !fell && now.Sub(l.burst) < l.window
}
