package auth

import (
	"testing"
	"time"
)

func rule() ThrottleRule {
	return ThrottleRule{Free: 3, First: time.Second, Most: 10 * time.Second, Forget: time.Minute}
}

func TestThrottleDelaysDoubleUpToTheLongest(t *testing.T) {
	t.Parallel()
	var c Throttle
	now := noon
	for i, want := range []time.Duration{0, 0, 0, 1, 2, 4, 8, 10, 10, 10, 10} {
		c = rule().Add(c, now)
		if got := rule().Wait(c, now); got != want*time.Second {
			t.Fatalf("after try %d: wait %v, want %v", i+1, got, want*time.Second)
		}
		now = now.Add(rule().Wait(c, now)) // as soon as it may
		if got := rule().Wait(c, now); got != 0 {
			t.Errorf("after try %d and its delay: wait %v more", i+1, got)
		}
	}
}

func TestThrottleForgetsOneTryAfterAnother(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count int64
		after time.Duration
		want  int64 // tries remembered, with the next one
	}{
		{3, 0, 4}, {3, time.Minute - time.Millisecond, 4}, {3, time.Minute, 3}, {3, 2*time.Minute + time.Second, 2}, {3, time.Hour, 1}, {3, -time.Hour, 4},
	} {
		if got := rule().Add(Throttle{Count: c.count, At: noon}, noon.Add(c.after)); got.Count != c.want {
			t.Errorf("%d tries, %v later: got %d, want %d", c.count, c.after, got.Count, c.want)
		}
	}
	// Time that was not enough for one more is not lost by a try in between.
	c := Throttle{Count: 2, At: noon}
	for i := range 5 {
		c = rule().Add(c, noon.Add(time.Duration(i+1)*time.Minute-time.Second))
	}
	if end := rule().Forgotten(c); c.Count != 3 || !end.Equal(noon.Add(7*time.Minute)) {
		t.Errorf("a try each minute: %d remembered until %v, want 3 until noon+7m", c.Count, end.Sub(noon))
	}
}

func TestFloodIsForgottenAsSoonAsTheLongestDelayIsEarned(t *testing.T) {
	t.Parallel()
	var c Throttle
	for range 10_000 {
		c = rule().Add(c, noon)
	}
	if got := rule().Forgotten(c).Sub(noon); got > 10*time.Minute {
		t.Errorf("remembered for %v", got)
	}
	if got := rule().Wait(c, noon); got != 10*time.Second {
		t.Errorf("wait %v, want the longest, 10s", got)
	}
}

func TestSuccessTakesBackItsOwnTryAlone(t *testing.T) {
	t.Parallel()
	r := rule()
	mine := r.Add(Throttle{Count: 3, At: noon}, noon) // the first that makes the next one wait
	if got := r.Undo(mine, mine, noon); got.Count != 3 || !got.Until.IsZero() {
		t.Errorf("alone: %d, until %v; want 3 and no delay", got.Count, got.Until)
	}
	moved := r.Add(mine, noon.Add(time.Second))
	if got := r.Undo(moved, mine, noon.Add(time.Second)); got.Count != 4 || !got.Until.Equal(moved.Until) {
		t.Errorf("with another's failure since: %d, until %v; want 4 and the other's delay", got.Count, got.Until)
	}
	if got := r.Undo(Throttle{}, mine, noon); got.Count != 0 {
		t.Errorf("swept meanwhile: %d, want 0", got.Count)
	}
}

func TestClockTurnedBackMakesNobodyWaitForever(t *testing.T) {
	t.Parallel()
	c := Throttle{Count: 9, At: noon, Until: noon.Add(10 * time.Second)}
	if got := rule().Wait(c, noon.Add(-24*time.Hour)); got != 10*time.Second {
		t.Errorf("wait %v, want no more than the longest delay", got)
	}
}

func TestHundredGuessesAtAnAccountTakeDays(t *testing.T) {
	t.Parallel()
	r, now := DefaultThrottleRules().Account, noon
	var c Throttle
	for range 100 { // NIST SP 800-63B-4 §3.2.2
		now = now.Add(r.Wait(c, now))
		c = r.Add(c, now)
	}
	if took := now.Sub(noon); took < 72*time.Hour {
		t.Errorf("a hundred guesses take %v, want more than three days", took)
	}
}

func TestThrottledSecondsAreRoundedUp(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]int64{0: 1, time.Millisecond: 1, time.Second: 1, 1001 * time.Millisecond: 2, time.Hour: 3600} {
		if got := (&Throttled{Wait: wait}).Seconds(); got != want {
			t.Errorf("%v: got %d, want %d", wait, got, want)
		}
	}
}
