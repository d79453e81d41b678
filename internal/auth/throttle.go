package auth

import (
	"fmt"
	"time"
)

// Throttle is one counter of tries: what it counts (the failures at one account, the sign-ups from one
// network) is its owner's business. The zero value has seen nothing.
type Throttle struct {
	Count int64
	At    time.Time // when Count was right; it falls with time
	Until time.Time // no try before that; zero: none is waited for
}

// ThrottleRule says how a counter delays: some tries are free, then each one doubles the delay, up to a
// most. Nothing is ever locked for good: after the longest delay there is always one more try.
type ThrottleRule struct {
	Free   int64
	First  time.Duration // delay after the first try that is not free
	Most   time.Duration
	Forget time.Duration // in which one try is forgotten
}

// ThrottleRules are the rules of every kind of counter.
type ThrottleRules struct {
	Account       ThrottleRule // log-ins to one account from devices that it has not seen
	Device        ThrottleRule // log-ins to one account from one device that has logged in to it before
	Address       ThrottleRule // log-ins from one address
	Network       ThrottleRule // log-ins from one network
	Session       ThrottleRule // passwords asked again within one session
	SignUpAddress ThrottleRule
	SignUpNetwork ThrottleRule
	Client        ThrottleRule // wrong secrets of one client, from wherever
	ClientAddress ThrottleRule // wrong secrets of whatever client from one address
	ClientNetwork ThrottleRule
	CodeMail      ThrottleRule // codes mailed for one user, and to one address from one network
	// CodeMailAddress is for codes mailed to one address from wherever: looser, so that few networks cannot keep it from
	// its own.
	CodeMailAddress ThrottleRule
}

// DefaultThrottleRules slow a guesser down to one try an hour at an account, so that the hundred tries of
// NIST SP 800-63B-4 §3.2.2 take more than three days, and leave room for a school or an office behind one
// address.
func DefaultThrottleRules() ThrottleRules {
	const second, minute, hour = time.Second, time.Minute, time.Hour
	return ThrottleRules{
		Account:       ThrottleRule{Free: 10, First: second, Most: hour, Forget: hour},
		Device:        ThrottleRule{Free: 10, First: second, Most: 15 * minute, Forget: 15 * minute},
		Address:       ThrottleRule{Free: 50, First: second, Most: 15 * minute, Forget: 5 * minute},
		Network:       ThrottleRule{Free: 200, First: second, Most: 15 * minute, Forget: minute},
		Session:       ThrottleRule{Free: 10, First: second, Most: 15 * minute, Forget: 15 * minute},
		SignUpAddress: ThrottleRule{Free: 20, First: 30 * second, Most: hour, Forget: 30 * minute},
		SignUpNetwork: ThrottleRule{Free: 100, First: 30 * second, Most: hour, Forget: 5 * minute},
		Client:        ThrottleRule{Free: 100, First: second, Most: 15 * minute, Forget: minute},
		ClientAddress: ThrottleRule{Free: 50, First: second, Most: 15 * minute, Forget: minute},
		ClientNetwork: ThrottleRule{Free: 200, First: second, Most: 15 * minute, Forget: minute},
		CodeMail:      ThrottleRule{Free: 5, First: minute, Most: hour, Forget: 30 * minute},

		CodeMailAddress: ThrottleRule{Free: 30, First: minute, Most: 15 * minute, Forget: 10 * minute},
	}
}

// Wait returns how long a try has to wait; zero: it may go on. It is never more than the rule's longest
// delay, whatever a clock that was turned back makes of the row.
func (r ThrottleRule) Wait(t Throttle, now time.Time) time.Duration {
	return min(max(t.Until.Sub(now), 0), r.Most)
}

// Add counts a try.
func (r ThrottleRule) Add(t Throttle, now time.Time) Throttle {
	next := r.left(t, now)
	next.Count++
	next.Until = time.Time{}
	if over := next.Count - r.Free; over > 0 {
		delay := r.First
		for ; over > 1 && delay < r.Most; over-- {
			delay *= 2
		}
		// Beyond the longest delay nothing is added, or a flood would be remembered for years.
		next.Count -= over - 1
		next.Until = now.Add(min(delay, r.Most))
	}
	return next
}

// Undo takes back the try that made mine of a counter, which others may have moved since.
func (r ThrottleRule) Undo(t, mine Throttle, now time.Time) Throttle {
	next := r.left(t, now)
	next.Count = max(next.Count-1, 0)
	if next.Until.Equal(mine.Until) {
		next.Until = time.Time{}
	}
	return next
}

// Forgotten returns when nothing is left of the counter.
func (r ThrottleRule) Forgotten(t Throttle) time.Time {
	end := t.At.Add(time.Duration(t.Count) * r.Forget)
	if t.Until.After(end) {
		return t.Until
	}
	return end
}

// left is the counter after what time has forgotten; the time that was not enough for one more stays to its
// credit. A clock that was turned back forgets nothing.
func (r ThrottleRule) left(t Throttle, now time.Time) Throttle {
	gone := int64(max(now.Sub(t.At), 0) / r.Forget)
	if gone >= t.Count {
		return Throttle{At: now, Until: t.Until}
	}
	return Throttle{Count: t.Count - gone, At: t.At.Add(time.Duration(gone) * r.Forget), Until: t.Until}
}

// Throttled tells that a try was not looked at, right or wrong. It never tells whether there is such an
// account: the counters of unknown addresses count alike.
type Throttled struct{ Wait time.Duration }

// Error says how long to wait.
func (t *Throttled) Error() string {
	return fmt.Sprintf("too many tries; wait %s", t.Wait.Round(time.Second))
}

// Seconds is the whole number of seconds to wait, at least one: the value of Retry-After (RFC 9110 §10.2.3).
func (t *Throttled) Seconds() int64 {
	return max(int64((t.Wait+time.Second-1)/time.Second), 1)
}
