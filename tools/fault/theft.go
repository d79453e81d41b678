//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// promisedRounds is within how many rounds, each a refresh by both outside the window, a theft is found out (docs/refresh.md).
const promisedRounds = 2

// roundsPerFall is how many rounds each fallback of the database may cost; tools/refreshmodel finds 2 for one generation
// lost, and a copy may lack several.
const roundsPerFall = 8

// mostWaived is after how many rounds that do not count the kit gives a theft up.
const mostWaived = 10

// holder is somebody with a token of the grant.
type holder struct {
	token, access string
	client        string // empty: the first-party one
	cookies       bool   // it is a browser, and these are its cookies
}

// theft is one grant that two hold.
type theft struct {
	w            *world
	rng          *rand.Rand
	asked, born  time.Time // the log-in was asked for, and answered
	owner, thief holder
	kept         string    // the owner's first token, as an old backup's log may hold it
	ending       time.Time // when the last refresh or log-out was sent
	rounds       int       // in a row
	waived       int       // that did not count, because the clock was set meanwhile

	mu     sync.Mutex
	ledger ledger // of what both send, to know when the window is closed
	fell   int    // fallbacks that the ledger knows of
	group  time.Time
}

// plot is one class of thefts: what happens before both go on refreshing outside the window, and whether they do.
type plot struct {
	name string
	play func(*theft, context.Context) theftEnd
}

// theftEnd is what became of a theft.
type theftEnd struct {
	caught bool
	why    string // when something else than the rules promise happened
	excuse rule   // why nothing is promised
}

func plots() []plot {
	return []plot{
		{"copy used before the owner", (*theft).before},
		{"copy used after the owner", (*theft).after},
		{"at the same time", (*theft).sameTime},
		{"lock-step inside the window", (*theft).lockStep},
		{"from an old backup", (*theft).oldBackup},
		{"wrong client", (*theft).wrongClient},
		{"after log-out", (*theft).afterLogOut},
	}
}

// steal plants thefts of one class until lives ends, and finishes the last.
func (w *world) steal(ctx, lives context.Context, p plot) {
	for lives.Err() == nil {
		asked := time.Now()
		r, err := w.enter(ctx, w.newAccount("victim"), true)
		if err != nil {
			w.tally.fail("log-in of a victim: " + err.Error())
			return
		}
		t := &theft{
			w: w, rng: w.rng(w.serial.Add(1)), asked: asked, born: time.Now(), owner: holder{token: r.token, access: r.access}, kept: r.token,
			ledger: ledger{window: w.opt.window},
		}
		end := p.play(t, ctx)
		if ctx.Err() != nil {
			return
		}
		w.tally.theft(p.name, t, end)
		sleep(lives, w.opt.calm)
	}
}

// theft counts one that is over.
func (t *tally) theft(name string, x *theft, end theftEnd) {
	if !end.caught && x.w.falls.lost(x.asked, x.born) {
		t.rule(string(younger), 1, 1) // the grant itself is gone
		return
	}
	if end.excuse != none {
		t.rule(string(end.excuse), 1, 0)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.thefts[name]
	if c == nil {
		c = &theftCount{}
		t.thefts[name] = c
	}
	c.Planted++
	switch {
	case end.why != "" || !end.caught:
		c.Missed++
		t.note(fmt.Sprintf("theft, %s: %s after %d rounds; grant %s\n    %s", name, end.why, x.rounds, grantOf(x.kept), x.w.explain(x.kept)))
	case x.rounds > promisedRounds:
		c.Later++
	default:
		c.Caught++
	}
}

// present refreshes with the holder's token until the server answers for good.
func (t *theft) present(ctx context.Context, h *holder) class {
	t.ending = time.Now()
	return t.through(ctx, h)
}

// through is present for two at once.
func (t *theft) through(ctx context.Context, h *holder) class {
	t.mu.Lock()
	t.notice()
	began := time.Now()
	if t.ledger.depart(t.w.now()) {
		t.group = began
	}
	t.mu.Unlock()
	got := t.w.insistInto(ctx, h)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notice()
	seen := t.w.clock.seen(t.group)
	if got == granted && !t.w.falls.since(t.group) {
		t.ledger.answered(seen)
	}
	t.ledger.arrive(seen, none)
	return got
}

// notice tells the ledger that the database fell back. The caller holds the lock.
func (t *theft) notice() {
	if n := t.w.falls.number(); n > t.fell {
		t.fell = n
		t.ledger.fell()
	}
}

// apart waits until the window is closed, and a little more. It is false when the clock was set back, so that this would
// take minutes.
func (t *theft) apart(ctx context.Context) bool {
	sleep(ctx, time.Duration(t.rng.Int64N(int64(100*time.Millisecond))))
	for until := time.Now().Add(2 * t.w.opt.window); time.Now().Before(until); {
		t.mu.Lock()
		t.notice()
		quiet := t.ledger.quiet(t.w.now())
		t.mu.Unlock()
		if quiet || !sleep(ctx, 10*time.Millisecond) {
			return true
		}
	}
	return false
}

// steps are refreshes outside the window; false when one is refused.
func (t *theft) steps(ctx context.Context, who ...*holder) bool {
	for _, h := range who {
		t.apart(ctx)
		if t.present(ctx, h) == refused {
			return false
		}
	}
	return true
}

// hunt lets both go on outside the window, the first named first, until somebody is refused.
// A round during which the clock was set is none, and the count begins anew.
func (t *theft) hunt(ctx context.Context, first, second *holder) theftEnd {
	for ctx.Err() == nil {
		t.rounds++
		began := time.Now()
		for _, h := range []*holder{first, second} {
			if !t.apart(ctx) || t.waived > mostWaived {
				return theftEnd{excuse: heldOpen}
			}
			if t.present(ctx, h) == refused {
				return t.dead(ctx)
			}
		}
		if t.w.steps.since(began) {
			t.rounds = 0
			t.waived++
		}
		if t.rounds >= promisedRounds+roundsPerFall*t.w.falls.count(t.born) {
			return theftEnd{why: "not found out"}
		}
	}
	return theftEnd{}
}

// dead looks whether what was found out is over: no token of it is good any more, of either kind.
func (t *theft) dead(ctx context.Context) theftEnd {
	ending, ended := t.ending, time.Now()
	for _, h := range []holder{t.owner, t.thief, {token: t.kept}} {
		good := t.w.good(ctx, h)
		if good && !t.w.falls.lost(ending, ended) {
			return theftEnd{why: "found out, and yet a token is still good"}
		}
	}
	return theftEnd{caught: true}
}

// good tells whether a token of the holder is good, of either kind.
func (w *world) good(ctx context.Context, h holder) bool {
	return h.token != "" && w.insist(ctx, h, w.serial.Add(1)).class == granted || w.alive(ctx, h)
}

// alive tells whether a holder's access token is good where it may be used.
func (w *world) alive(ctx context.Context, h holder) bool {
	path := "/v1/me"
	if h.client != "" && h.client != firstParty {
		path = "/oauth/userinfo"
	}
	for h.access != "" {
		r := w.wire.call(ctx, http.MethodGet, w.node(w.serial.Add(1)).url+path, h.access, nil)
		switch {
		case r.class == granted:
			return true
		case r.status == http.StatusUnauthorized || !sleep(ctx, 50*time.Millisecond):
			return false
		}
	}
	return false
}

func (t *theft) copies() { t.thief = t.owner }

func (t *theft) before(ctx context.Context) theftEnd {
	t.copies()
	if t.present(ctx, &t.thief) == refused {
		return theftEnd{why: "the first to use a token was refused"}
	}
	return t.hunt(ctx, &t.owner, &t.thief)
}

func (t *theft) after(ctx context.Context) theftEnd {
	t.copies()
	if t.present(ctx, &t.owner) == refused {
		return theftEnd{why: "the first to use a token was refused"}
	}
	return t.hunt(ctx, &t.thief, &t.owner)
}

func (t *theft) sameTime(ctx context.Context) theftEnd {
	t.copies()
	var both sync.WaitGroup
	both.Go(func() { t.through(ctx, &t.owner) })
	both.Go(func() { t.through(ctx, &t.thief) })
	both.Wait()
	return t.hunt(ctx, &t.owner, &t.thief)
}

// insistInto refreshes for a holder that no other goroutine looks at.
func (w *world) insistInto(ctx context.Context, h *holder) class {
	r := w.insist(ctx, *h, w.serial.Add(1))
	if r.class == granted {
		h.token, h.access = r.token, r.access
	}
	return r.class
}

// lockStep follows the owner inside the window for some time, which nobody can tell from a race, before both go on
// outside it.
func (t *theft) lockStep(ctx context.Context) theftEnd {
	t.copies()
	for range 3 {
		if t.present(ctx, &t.owner) == refused || t.present(ctx, &t.thief) == refused {
			return t.dead(ctx) // something slowed one of them down beyond the window
		}
		t.apart(ctx)
	}
	return t.hunt(ctx, &t.owner, &t.thief)
}

func (t *theft) oldBackup(ctx context.Context) theftEnd {
	if !t.steps(ctx, &t.owner, &t.owner, &t.owner) {
		return theftEnd{why: "an owner alone was refused"}
	}
	t.thief = holder{token: t.kept}
	return t.hunt(ctx, &t.thief, &t.owner)
}

// wrongClient must be refused without harm to the owner.
func (t *theft) wrongClient(ctx context.Context) theftEnd {
	if t.w.insist(ctx, holder{token: t.owner.token, client: stranger}, t.rng.Uint64()).class != refused {
		return theftEnd{why: "another client was served"}
	}
	if !t.steps(ctx, &t.owner, &t.owner) {
		return theftEnd{why: "the owner was refused because of a stranger"}
	}
	return theftEnd{caught: true}
}

func (t *theft) afterLogOut(ctx context.Context) theftEnd {
	t.copies()
	out := &revocation{w: t.w, victims: []holder{t.owner}}
	err := out.logOut(ctx)
	t.ending = out.asked
	if err != nil {
		return theftEnd{why: err.Error()}
	}
	return t.dead(ctx)
}
