package grants_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/daypass/daypass/internal/auth"
)

// TestAnOwnerAloneIsNeverLoggedOut plays an owner with one store of tokens against lost, duplicated and
// reordered messages, crashes and databases that fall back. No message is under way when the replay
// window of a burst closes, and none when the database falls back; whatever else happens, every refresh
// yields tokens.
func TestAnOwnerAloneIsNeverLoggedOut(t *testing.T) {
	t.Parallel()
	onBackends(t, func(t *testing.T, b backend) {
		rapid.Check(t, func(rt *rapid.T) {
			m := newMachine(t, b, public(), true)
			flights := rapid.IntRange(1, 4).Draw(rt, "under way at most")
			quiet := func() bool { return len(m.asked)+len(m.answered) == 0 }
			all := m.actions(t)
			rt.Repeat(map[string]func(*rapid.T){
				"": func(rt *rapid.T) {
					m.check(t, rt)
					if m.model.Dead {
						rt.Fatal("the owner is logged out")
					}
				},
				"ask": func(rt *rapid.T) {
					if len(m.asked)+len(m.answered) >= flights {
						rt.Skip("enough under way")
					}
					all["ask"](rt)
				},
				"execute": func(rt *rapid.T) {
					all["execute"](rt)
					if len(m.asked)+len(m.answered) > flights { // a duplicate too many: one of them got lost
						m.asked = m.asked[1:]
					}
				},
				"deliver": all["deliver"],
				"lose":    all["lose"],
				"refresh": func(rt *rapid.T) {
					if got := m.present(t, rt, m.owner, 0); got.IsZero() {
						rt.Fatal("the owner is refused")
					} else {
						m.owner = got
					}
				},
				"wait": func(rt *rapid.T) {
					d := rapid.SampledFrom([]time.Duration{time.Second, window - time.Second, window, time.Hour, day}).Draw(rt, "for")
					if !quiet() && m.late(m.clock.now().Add(d)) {
						rt.Skip("a message would outlive the window")
					}
					m.clock.advance(d)
				},
				"fault": func(rt *rapid.T) {
					if !quiet() || rapid.IntRange(0, 3).Draw(rt, "seldom") > 0 {
						rt.Skip("none now")
					}
					if m.copied == nil || rapid.Bool().Draw(rt, "backup") {
						m.backup(t)
					} else {
						m.fallback(t)
					}
				},
			})
		})
	})
}

// TestAThiefIsFoundWithinTwoRounds lets an owner and a thief go on refreshing outside the window after
// any history of theirs: within two rounds one of them is refused and the grant is dead.
func TestAThiefIsFoundWithinTwoRounds(t *testing.T) {
	t.Parallel()
	onBackends(t, func(t *testing.T, b backend) {
		rapid.Check(t, func(rt *rapid.T) {
			m := newMachine(t, b, public(), true)
			all := m.actions(t)
			for range rapid.IntRange(0, 8).Draw(rt, "history") {
				step := rapid.SampledFrom([]string{"refresh", "retry", "thief", "copy the owner's token", "wait"}).Draw(rt, "step")
				if step == "thief" && len(m.stolen) == 0 || step == "wait" && m.clock.now().Sub(m.model.used) > 10*day {
					continue
				}
				all[step](rt)
			}
			all["copy the owner's token"](rt)
			if m.model.Dead {
				return // found already
			}
			for round := 1; !m.model.Dead; round++ {
				if round > 2 {
					rt.Fatalf("the thief is not found after two rounds: %+v", m.model.Grant)
				}
				m.clock.advance(window)
				all["thief"](rt)
				m.clock.advance(window)
				all["refresh"](rt)
			}
			m.expect(t, m.owner, auth.Revoked)
			if row := m.row(t); row.RevokedReason != auth.ReasonReuse {
				rt.Fatalf("ended because of %q", row.RevokedReason)
			}
		})
	})
}
