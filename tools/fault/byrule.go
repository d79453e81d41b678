//go:build linux

package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// byRuleCase is something that the rules do not promise, run on devices of its own and counted apart.
type byRuleCase struct {
	name string
	play func(*world, context.Context, *holder, *rand.Rand) (loggedOut bool)
}

func byRuleCases() []byRuleCase {
	return []byRuleCase{
		{"planted: holders without a shared store", (*world).twoStores},
		{"planted: duplicate delayed past the window", (*world).straggler},
		{"planted: delayed duplicate meets a fallback", (*world).straddler},
	}
}

// byRuleRounds is how long such a device goes on.
const byRuleRounds = 4

// exempt runs one case again and again until lives ends.
func (w *world) exempt(ctx, lives context.Context, c byRuleCase, rng *rand.Rand) {
	for lives.Err() == nil {
		born := time.Now()
		r, err := w.enter(ctx, w.newAccount("exempt"), true)
		if err != nil {
			w.tally.fail(c.name + ": " + err.Error())
			return
		}
		out := c.play(w, lives, &holder{token: r.token, access: r.access}, rng)
		if lives.Err() != nil && !out || w.falls.lost(born, time.Now()) {
			continue // cut short, or the grant itself is gone
		}
		lost := 0
		if out {
			lost = 1
		}
		w.tally.rule(c.name, 1, lost)
		sleep(lives, w.opt.calm)
	}
}

// twoStores is one token in two processes, each of which keeps what it gets for itself. Nobody can tell them from an owner
// and a thief.
func (w *world) twoStores(ctx context.Context, first *holder, rng *rand.Rand) bool {
	second := *first
	for range byRuleRounds {
		for _, h := range []*holder{first, &second} {
			if !sleep(ctx, time.Duration(rng.Int64N(int64(2*w.opt.window)))) {
				return false
			}
			if w.insistInto(ctx, h) == refused {
				return true
			}
		}
	}
	return false
}

// twice refreshes two times in a row and tells whether that was refused.
func (w *world) twice(ctx context.Context, h *holder) bool {
	for range 2 {
		if w.insistInto(ctx, h) == refused {
			return true
		}
	}
	return false
}

// straggler is a duplicate that comes after the window of its burst, while the owner has gone on inside it; its reply is
// lost.
func (w *world) straggler(ctx context.Context, owner *holder, rng *rand.Rand) bool {
	for range byRuleRounds {
		old, began := *owner, time.Now()
		if w.twice(ctx, owner) {
			return true
		}
		beyond := w.opt.window + time.Duration(rng.Int64N(int64(w.opt.window)))
		if !sleep(ctx, time.Until(began.Add(beyond))) {
			return false
		}
		w.tally.fault("duplicate delayed past the window")
		if w.insistInto(ctx, &old) == refused {
			return true
		}
		if !sleep(ctx, w.opt.window+windowMargin) {
			return false
		}
	}
	return w.insistInto(ctx, owner) == refused
}

// straddler is an owner whose request is sent twice, before and after a fallback of the database that comes inside the
// window, while the owner goes on in between; the second reply is lost.
func (w *world) straddler(ctx context.Context, owner *holder, _ *rand.Rand) bool {
	for ctx.Err() == nil {
		old, began := *owner, time.Now()
		if w.twice(ctx, owner) {
			return true
		}
		for time.Since(began) < w.opt.window/2 && w.falls.count(began) == 0 && sleep(ctx, 5*time.Millisecond) {
		}
		if w.falls.count(began) == 0 {
			if !sleep(ctx, w.opt.window+windowMargin) {
				return false
			}
			continue
		}
		w.tally.fault("duplicate delayed across a fallback")
		out := w.insistInto(ctx, &old) == refused
		if out || !sleep(ctx, w.opt.window+windowMargin) {
			return out
		}
		return w.insistInto(ctx, owner) == refused
	}
	return false
}
