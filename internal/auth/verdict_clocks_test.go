package auth

import (
	"math"
	"testing"
	"time"
)

// TestReplayWindowEdges judges generation 4 (replayable) and 5 (current) at every edge of the window.
func TestReplayWindowEdges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		window time.Duration
		age    time.Duration
		open   bool
	}{
		{"at once", window, 0, true},
		{"1 ms before its end", window, window - ms, true},
		{"at its end", window, window, false},
		{"1 ms after its end", window, window + ms, false},
		{"a year later", window, 365 * day, false},
		{"other clock 1 ms ahead", window, -ms, true},
		{"other clock 120 s ahead", window, -120 * time.Second, true},
		{"other clock more than 120 s ahead", window, -120*time.Second - ms, false},
		{"other clock a year ahead", window, -365 * day, false},
		{"strict, at once", 0, 0, false},
		{"strict, other clock ahead", 0, -ms, false},
		{"window of 1 ms, at once", ms, 0, true},
		{"window of 1 ms, 1 ms later", ms, ms, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			replay := burst().with(burstAge(c.age), func(s *scene) { s.rules.Window = c.window }, presents(4))
			want, first, since := Recover, int64(5), noon
			if c.open {
				want, first, since = Replay, 3, replay.facts.Grant.Since
			}
			if got := replay.judge().Verdict; got != want {
				t.Errorf("generation 4: %s, want %s", got, want)
			}
			for _, m := range []int64{5, 8} {
				got := replay.with(presents(m)).judge().Change.Grant
				if m == 8 {
					since = noon
				}
				if got.First != first || !got.Since.Equal(since) {
					t.Errorf("generation %d: first %d since %v, want %d since %v", m, got.First, got.Since, first, since)
				}
			}
		})
	}
}

func TestReplayByAProvingClientNeverCloses(t *testing.T) {
	t.Parallel()
	for name, proving := range map[string]func(*scene){"confidential": confidential, "sender-constrained": bound("k", "k"), "fixed": fixed} {
		for _, age := range []time.Duration{-365 * day, -121 * time.Second, 0, window, 6 * day, 300 * day} {
			for _, w := range []time.Duration{0, window} {
				s := burst().with(proving, burstAge(age), presents(3), func(s *scene) { s.rules.Window = w })
				if got := s.judge().Verdict; got != Replay {
					t.Errorf("%s, age %v, window %v: %s, want Replay", name, age, w, got)
				}
			}
		}
	}
}

func TestNoWindowIsOpenBeforeTheFirstRotation(t *testing.T) {
	t.Parallel()
	for _, proves := range []bool{false, true} {
		if burst().rules.WindowOpen(NewChain(1, noon), proves, noon) {
			t.Errorf("proves=%v: open", proves)
		}
	}
}

func TestLifetimeEdges(t *testing.T) {
	t.Parallel()
	type does = []func(*scene)
	for _, c := range []struct {
		name string
		does does
		want Verdict
	}{
		{"idle 1 ms short", does{offline, idleFor(30*day - ms)}, Current},
		{"idle exactly", does{offline, idleFor(30 * day)}, Expired},
		{"idle 1 ms over", does{offline, idleFor(30*day + ms)}, Expired},
		{"never used", does{offline, func(s *scene) { s.facts.Grant.LastUsedAt = time.Time{} }}, Expired},
		{"used in the future of this clock", does{idleFor(-time.Minute), sessionIdleFor(-time.Minute)}, Current},
		{"absolute end in 1 ms", does{endsIn(ms)}, Current},
		{"absolute end now", does{endsIn(0)}, Expired},
		{"absolute end 1 ms ago", does{endsIn(-ms)}, Expired},
		{"offline, absolute end now", does{offline, endsIn(0)}, Expired},
		{"session idle 1 ms short", does{idleFor(7*day - ms), sessionIdleFor(7*day - ms)}, Current},
		{"session idle exactly", does{idleFor(7 * day), sessionIdleFor(7 * day)}, Expired},
		{"session idle 1 ms over", does{idleFor(7*day + ms), sessionIdleFor(7*day + ms)}, Expired},
		{"idle beyond the session's, but another grant was used", does{idleFor(29 * day), sessionIdleFor(7*day - ms)}, Current},
		{"own idle over, although another grant was used", does{idleFor(30 * day), sessionIdleFor(0)}, Expired},
		{"offline grants do not know the session's idle time", does{offline, idleFor(8 * day), sessionIdleFor(8 * day)}, Current},
		{"session idle does not spare a reuse", does{presents(1), sessionIdleFor(8 * day)}, Reuse},
		{"idle does not spare a reuse", does{presents(1), idleFor(31 * day)}, Reuse},
		{"the absolute end does not spare a reuse", does{presents(1), endsIn(-365 * day)}, Reuse},
		{"an expired replay", does{presents(4), endsIn(0)}, Expired},
		{"an expired recovery", does{presents(4), burstAge(day), endsIn(0)}, Expired},
		{"expired and ahead", does{presents(9), endsIn(0)}, Expired},
		{"expired at a fixed client", does{fixed, endsIn(0)}, Expired},
	} {
		if got := burst().with(c.does...).judge().Verdict; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestForgedLeadEdge(t *testing.T) {
	t.Parallel()
	for m, want := range map[int64]Verdict{5 + 1: Ahead, 5 + 9_999: Ahead, 5 + 10_000: Ahead, 5 + 10_001: Forged, MaxGeneration: Forged} {
		if got := burst().with(presents(m)).judge(); got.Verdict != want {
			t.Errorf("current 5, presented %d: %s, want %s", m, got.Verdict, want)
		}
	}
}

// A generation beyond 32 bits fits no token, so the chain has to end before.
func TestTheLastGenerationEndsTheChain(t *testing.T) {
	t.Parallel()
	last := MaxGeneration
	if last != math.MaxUint32 {
		t.Fatalf("MaxGeneration = %d", last)
	}
	for _, c := range []struct {
		name               string
		current, presented int64
		want               Verdict
	}{
		{"last move", last - 1, last - 1, Current},
		{"no move left", last, last, Expired},
		{"replay at the end", last, last - 1, Expired},
		{"ahead by one at the end", last - 1, last, Expired},
		{"ahead to the last but one", last - 2, last - 1, Ahead},
		{"ahead far, at the end", last - 9_000, last, Expired},
	} {
		s := burst().with(presents(c.presented), func(s *scene) {
			s.facts.Grant.Current, s.facts.Grant.First, s.facts.Grant.Last = c.current, c.current-1, c.current-1
		})
		got := s.judge()
		if got.Verdict != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.Verdict, c.want)
		}
		if got.Change != nil && got.Change.Grant.Current > last {
			t.Errorf("%s: current becomes %d, which fits no token", c.name, got.Change.Grant.Current)
		}
	}
}

// Retries and strangers must not be able to fill the event log.
func TestNotesAreTakenOncePerGrantAndHour(t *testing.T) {
	t.Parallel()
	noted := func(at time.Duration) func(*scene) {
		return func(s *scene) {
			at := s.now.Add(-at)
			s.facts.Grant.ReplayNotedAt, s.facts.Grant.MisboundNotedAt = at, at
		}
	}
	never := func(*scene) {}
	for _, what := range []struct {
		want Verdict
		make func(*scene)
	}{{Replay, presents(4)}, {Misbound, otherClient}} {
		for _, c := range []struct {
			name  string
			last  func(*scene)
			wants bool
		}{
			{"never", never, true},
			{"now", noted(0), false},
			{"1 ms short of an hour ago", noted(time.Hour - ms), false},
			{"an hour ago", noted(time.Hour), true},
			{"a day ago", noted(day), true},
			{"in the future of this clock", noted(-time.Minute), false},
		} {
			got := burst().with(what.make, c.last).judge()
			if got.Verdict != what.want || (got.Change != nil) != c.wants {
				t.Errorf("%s, last noted %s: %s, change %v; want change %v", what.want, c.name, got.Verdict, got.Change != nil, c.wants)
			}
		}
	}
}

func TestFixedTokensWriteOnlyTheIdleClockAndSeldom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		idle   time.Duration
		age    time.Duration
		writes bool
	}{
		{"fresh", 30 * day, 0, false},
		{"1 ms short of an hour", 30 * day, time.Hour - ms, false},
		{"an hour", 30 * day, time.Hour, true},
		{"short idle, 1 ms short of its tenth", time.Hour, 6*time.Minute - ms, false},
		{"short idle, its tenth", time.Hour, 6 * time.Minute, true},
		{"clock of another node ahead", 30 * day, -time.Hour, false},
	} {
		s := burst().with(fixed, idleFor(c.age), func(s *scene) { s.rules.Idle = c.idle })
		got := s.judge()
		if got.Verdict != Current || (got.Change != nil) != c.writes {
			t.Errorf("%s: %s, writes %v; want Current, %v", c.name, got.Verdict, got.Change != nil, c.writes)
			continue
		}
		if c.writes {
			want := s.facts.Grant
			want.LastUsedAt = noon
			expectSame(t, got.Change.Grant, want)
		}
	}
}

func TestRulesDerivedFromLifetimes(t *testing.T) {
	t.Parallel()
	r := RefreshRules{Idle: 30 * day, SessionIdle: 7 * day}
	if got := r.IdleLimit(false); got != 7*day {
		t.Errorf("bound to its session: %v", got)
	}
	if got := r.IdleLimit(true); got != 30*day {
		t.Errorf("offline: %v", got)
	}
	if got := (RefreshRules{Idle: day, SessionIdle: 7 * day}).IdleLimit(false); got != day {
		t.Errorf("shorter than the session's: %v", got)
	}
	for _, c := range []struct{ lifetime, left, want time.Duration }{
		{10 * time.Minute, day, 10 * time.Minute},
		{10 * time.Minute, time.Minute, time.Minute},
		{10 * time.Minute, 0, 0},
		{10 * time.Minute, -day, 0},
	} {
		if got := AccessLife(c.lifetime, noon.Add(c.left), noon); got != c.want {
			t.Errorf("AccessLife(%v, end in %v) = %v, want %v", c.lifetime, c.left, got, c.want)
		}
	}
	if got := AccessLife(time.Minute, time.Time{}, noon); got != time.Minute {
		t.Errorf("no grant: %v", got)
	}
}

func TestSessionEdges(t *testing.T) {
	t.Parallel()
	s := Session{ExpiresAt: noon}
	for _, c := range []struct {
		name    string
		session Session
		now     time.Time
		lastUse time.Time
		want    bool
	}{
		{"1 ms before its end", s, noon.Add(-ms), noon.Add(-ms), true},
		{"at its end", s, noon, noon, false},
		{"idle 1 ms short", s, noon.Add(-ms), noon.Add(-day), true},
		{"idle", s, noon.Add(-ms), noon.Add(-ms - day), false},
		{"ended", Session{ExpiresAt: noon, EndedAt: noon.Add(-day)}, noon.Add(-ms), noon.Add(-ms), false},
	} {
		if got := c.session.Live(c.now, c.lastUse, day); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
