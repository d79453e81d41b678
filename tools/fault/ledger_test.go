//go:build linux

package main

import (
	"testing"
	"time"
)

const testWindow = 2 * time.Second

// moment is a time of day in the tests below.
func moment(ms int) time.Time {
	return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
}

// until is what a clock that nobody sets shows up to a moment.
func until(at time.Time) []span { return []span{{at, at}} }

func TestALoneMessageIsAlwaysCovered(t *testing.T) {
	t.Parallel()
	l := ledger{window: testWindow}
	for i := range 50 { // across the ends of many windows and through fallbacks
		l.depart(moment(900 * i))
		if got := l.refused(moment(900*i+800), astride); got != none {
			t.Fatalf("message %d: excused by %q, want a promise", i, got)
		}
		l.arrive(until(moment(900*i+800)), astride)
	}
}

func TestARaceInsideTheWindowIsCovered(t *testing.T) {
	t.Parallel()
	l := ledger{window: testWindow}
	l.depart(moment(0))
	l.depart(moment(0))
	l.arrive(until(moment(10)), none)
	l.arrive(until(moment(1999)), none)
	l.depart(moment(30_000))
	if got := l.refused(moment(30_010), none); got != none {
		t.Errorf("after a race: excused by %q, want a promise", got)
	}
}

func TestWhatOutlivesTheWindowIsExcusedUntilALoneAnswer(t *testing.T) {
	t.Parallel()
	l := ledger{window: testWindow}
	l.depart(moment(0))
	l.depart(moment(0))
	l.arrive(until(moment(10)), none)
	if got := l.refused(moment(2000), none); got != late {
		t.Errorf("a straggler: excused by %q, want %q", got, late)
	}
	l.arrive(until(moment(2000)), none)
	l.depart(moment(5000))
	if got := l.refused(moment(5010), none); got != late {
		t.Errorf("the next message: excused by %q, want %q", got, late)
	}
	l.granted()
	l.arrive(until(moment(5010)), none)
	l.depart(moment(9000))
	if got := l.refused(moment(9010), none); got != none {
		t.Errorf("after a lone answer: excused by %q, want a promise", got)
	}
}

func TestTheWindowCountsFromTheFirstRotationOfTheBurst(t *testing.T) {
	t.Parallel()
	l := ledger{window: testWindow}
	l.depart(moment(0))
	l.arrive(until(moment(10)), none)
	l.depart(moment(1500)) // the same burst
	l.depart(moment(1500))
	l.arrive(until(moment(1510)), none)
	if got := l.refused(moment(2100), none); got != late {
		t.Errorf("600 ms under way, but 2100 ms after the first rotation: excused by %q, want %q", got, late)
	}
}

func TestTwoMessagesAcrossAFallbackAreExcusedAndOneIsNot(t *testing.T) {
	t.Parallel()
	for messages, want := range map[int]rule{1: none, 2: astride, 3: astride} {
		l := ledger{window: testWindow}
		for range messages {
			l.depart(moment(0))
		}
		if got := l.refused(moment(10), astride); got != want {
			t.Errorf("%d under way: excused by %q, want %q", messages, got, want)
		}
	}
}

func TestRoomEndsWithTheWindow(t *testing.T) {
	t.Parallel()
	l := ledger{window: testWindow}
	if got := l.room(moment(0)); got != testWindow {
		t.Errorf("quiet: room %v, want the whole window", got)
	}
	l.depart(moment(0))
	l.arrive(until(moment(10)), none)
	for ms, want := range map[int]time.Duration{500: 1500 * time.Millisecond, 2050: -50 * time.Millisecond, 2200: testWindow} {
		if got := l.room(moment(ms)); got != want {
			t.Errorf("after %d ms: room %v, want %v", ms, got, want)
		}
	}
}

func TestOnlyAPairAloneMustAgree(t *testing.T) {
	t.Parallel()
	for sent, want := range map[int]bool{1: false, 2: true, 3: false} {
		l := ledger{window: testWindow}
		for range sent {
			l.depart(moment(0))
		}
		if got := l.pair(moment(10), none); got != want {
			t.Errorf("%d messages: pair %v, want %v", sent, got, want)
		}
		if l.pair(moment(10), astride) || l.pair(moment(2500), none) {
			t.Errorf("%d messages: a pair across a fallback or past the window", sent)
		}
	}
}

func TestAClockSetBackLeavesTheWindowOpenOrShutsIt(t *testing.T) {
	t.Parallel()
	minutes := func(n int) time.Time { return moment(0).Add(time.Duration(n) * time.Minute) }
	for _, back := range []int{1, 3} {
		l := ledger{window: testWindow}
		l.depart(moment(0))
		l.arrive(until(moment(10)), none)
		if got := l.quiet(minutes(-back)); got != (back > 2) {
			t.Errorf("%d minutes back: quiet %v; within two minutes the window stays open, beyond it is shut", back, got)
		}
		if got := l.room(minutes(-back)); got != testWindow {
			t.Errorf("%d minutes back: room %v, want the whole window", back, got)
		}
	}
	l := ledger{window: testWindow}
	l.depart(moment(0))
	l.depart(moment(0))
	if got := l.refused(minutes(1), stepped); got != stepped {
		t.Errorf("two racers and a step between them: excused by %q, want %q", got, stepped)
	}
}

// A message may have been judged under a clock that was right neither when it left nor when its answer came.
func TestABurstMayHaveBegunUnderAClockThatWasSetForthAndBack(t *testing.T) {
	t.Parallel()
	l := ledger{window: testWindow}
	l.depart(moment(0))
	l.arrive([]span{{moment(0), moment(400)}, {moment(60_300), moment(61_000)}, {moment(900), moment(1000)}}, none)
	for ms, want := range map[int]bool{1500: false, 30_000: false, 62_000: false, 64_000: true} {
		if got := l.quiet(moment(ms)); got != want {
			t.Errorf("after %d ms: quiet %v, want %v", ms, got, want)
		}
	}
	if got := l.room(moment(61_500)); got > 800*time.Millisecond {
		t.Errorf("the window of a burst that began from 60.3 s on: room %v at 61.5 s", got)
	}
}

func TestAClosedWindowOpensAgainUnlessTheServerHasBegunAnotherBurst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after func(*ledger)
		want  time.Duration
	}{
		"the next message is lost":      {func(*ledger) {}, time.Second},
		"it is answered":                {func(l *ledger) { l.answered(until(moment(10_010))) }, testWindow},
		"perhaps under the older clock": {func(l *ledger) { l.answered([]span{{moment(500), moment(600)}, {moment(10_000), moment(10_010)}}) }, time.Second},
		"and then the database falls back": {func(l *ledger) {
			l.answered(until(moment(10_010)))
			l.fell()
		}, time.Second},
	} {
		l := ledger{window: testWindow}
		l.depart(moment(0))
		l.arrive(until(moment(0)), none)
		l.depart(moment(10_000))
		c.after(&l)
		l.arrive(until(moment(10_010)), none)
		if got := l.room(moment(1000)); got != c.want {
			t.Errorf("%s: room %v after the clock was set back to the first burst, want %v", name, got, c.want)
		}
	}
}

func TestAFallLosesWhatIsNewerThanTheCopy(t *testing.T) {
	t.Parallel()
	whole, rotations := &falls{}, &falls{}
	whole.note(fall{copied: moment(2000), at: moment(5000)})
	rotations.note(fall{copied: moment(2000), at: moment(5000), rotations: true})
	for _, c := range []struct {
		asked, answered int
		want            bool
	}{
		{1000, 1500, false}, // in the copy
		{1500, 2500, true},  // perhaps not
		{3000, 3500, true},
		{4900, 5100, true},
		{6000, 6500, false}, // after it
	} {
		if got := whole.lost(moment(c.asked), moment(c.answered)); got != c.want {
			t.Errorf("asked at %d ms, answered at %d: lost %v, want %v", c.asked, c.answered, got, c.want)
		}
		if rotations.lost(moment(c.asked), moment(c.answered)) {
			t.Errorf("asked at %d ms: lost by a fall that concerns rotations alone", c.asked)
		}
	}
}
