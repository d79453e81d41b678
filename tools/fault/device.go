//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// device is one owner: one store of tokens and the tabs that share it.
type device struct {
	w    *world
	kind kind
	rng  *rand.Rand
	// The log-in was asked for, and answered.
	asked, born time.Time

	mu      sync.Mutex
	store   holder
	ledger  ledger
	history []string  // the last messages, for a failure
	over    bool      // logged out
	landed  bool      // the last reply reached the store
	group   time.Time // when the ledger's group began, on this machine's clock
	fell    int       // how many times the database fell back, as the ledger knows
	flying  sync.WaitGroup
	sharers chan *sharer // the processes of a device that has some, those that are idle
}

// kind is how a device got its tokens and where it keeps them.
type kind string

const (
	kindTokens  kind = "token mode"
	kindCookies kind = "cookie mode"
	kindCode    kind = "by authorization code"
)

func (w *world) newDevice(store holder, asked time.Time) *device {
	switch {
	case store.cookies:
		return w.newDeviceOf(kindCookies, store, asked)
	case store.client == application:
		return w.newDeviceOf(kindCode, store, asked)
	}
	return w.newDeviceOf(kindTokens, store, asked)
}

func (w *world) newDeviceOf(k kind, store holder, asked time.Time) *device {
	w.tally.device(k)
	return &device{
		w: w, kind: k, rng: w.rng(w.serial.Add(1)), asked: asked, born: time.Now(), store: store, ledger: ledger{window: w.opt.window},
	}
}

// live refreshes until the run is over: bursts of several tabs and steps of one, with pauses in which the window closes.
func (d *device) live(ctx context.Context) {
	for ctx.Err() == nil && !d.gone() {
		if d.rng.IntN(3) == 0 {
			d.alone(ctx)
			d.flying.Wait()
		}
		if d.rest(ctx) {
			d.crowd(ctx)
		} else {
			d.alone(ctx)
		}
		d.flying.Wait()
	}
}

// rest waits until the window of the last burst has surely closed; false when the run is over, or when it stays open
// because the clock was set back.
func (d *device) rest(ctx context.Context) bool {
	for until := time.Now().Add(2 * d.w.opt.window); time.Now().Before(until); {
		d.mu.Lock()
		quiet := d.ledger.quiet(d.w.now())
		d.mu.Unlock()
		if quiet {
			return true
		}
		if !sleep(ctx, 50*time.Millisecond+time.Duration(d.rng.Int64N(int64(200*time.Millisecond)))) {
			return false
		}
	}
	return false
}

// alone refreshes one by one, with retries at once and after seconds, also across the end of the window.
func (d *device) alone(ctx context.Context) {
	for range 1 + d.rng.IntN(4) {
		p := drawLone(d.rng)
		if landed := d.pass(p); !landed {
			d.w.tally.fault("retried within the window")
		}
		d.flying.Wait()
		if !sleep(ctx, time.Duration(d.rng.Int64N(int64(d.w.opt.window/2)))) || d.gone() {
			return
		}
	}
}

// crowd lets one to three tabs refresh at once, beginning with the same token, until the room in the window is used.
func (d *device) crowd(ctx context.Context) {
	tabs := 1 + d.rng.IntN(3)
	switch {
	case d.sharers != nil:
		tabs = sharersPerDevice
		d.w.tally.fault("processes at once")
	case tabs > 1:
		d.w.tally.fault("tabs at once")
	}
	var all sync.WaitGroup
	for range tabs {
		rng := rand.New(rand.NewPCG(d.rng.Uint64(), d.rng.Uint64()))
		all.Go(func() { d.tab(ctx, rng) })
	}
	all.Wait()
	if d.mu.Lock(); !d.landed {
		d.w.tally.fault("retried after the window")
	}
	d.mu.Unlock()
}

func (d *device) tab(ctx context.Context, rng *rand.Rand) {
	for range 1 + rng.IntN(4) {
		d.mu.Lock()
		room := d.ledger.room(d.w.now()) - slow
		d.mu.Unlock()
		if room <= 0 || ctx.Err() != nil || d.gone() {
			return
		}
		d.pass(drawCrowd(rng, room))
		if rng.IntN(2) == 0 && !sleep(ctx, time.Duration(rng.Int64N(int64(50*time.Millisecond)))) {
			return
		}
	}
}

// pass takes one refresh through the network and tells whether its reply reached the device. What the plan leaves behind
// (a duplicate, a request after a hang-up) is waited for with d.flying.
func (d *device) pass(p plan) (landed bool) {
	if d.sharers != nil {
		p = p.ofProcess()
	}
	d.w.tally.fault(p.faults()...)
	held, group := d.depart(p.twin)
	answers := make(chan reply, 2)
	if p.twin {
		twin := p
		twin.hold, twin.fate = p.twinHold, arrives
		if !p.twinLands {
			twin.fate = lostAfter
		}
		d.flying.Go(func() { answers <- d.fly(held, twin) })
	}
	r := d.fly(held, p)
	if p.twin {
		d.flying.Go(func() { d.compare(group, r, <-answers) })
	}
	return r.class == granted && p.fate == arrives
}

// depart reads the store and notes that messages with it leave, in which group.
func (d *device) depart(twice bool) (held holder, group int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notice()
	before := time.Now()
	now := d.w.now()
	d.landed = false
	if d.ledger.depart(now) {
		d.group = before
	}
	if twice {
		d.ledger.depart(now)
	}
	return d.store, d.ledger.groups
}

// notice tells the ledger that the database fell back since it was told last. The caller holds the lock.
func (d *device) notice() {
	if n := d.w.falls.number(); n > d.fell {
		d.fell = n
		d.ledger.fell()
	}
}

// fly carries one delivery of a request and its reply.
func (d *device) fly(held holder, p plan) reply {
	pause(p.hold) // not cut short by the end of the run: a message under way stays so
	if p.fate == neverSent {
		d.arrive()
		return reply{class: unsent}
	}
	began := time.Now()
	r := d.carry(held, p)
	d.answered(held.token, p, r, began)
	if r.class == dropped {
		d.flying.Go(func() { // under way until the server is done with it, which its log tells
			r.ended()
			d.arrive()
		})
		return r
	}
	if d.sharers == nil {
		pause(p.late) // a process has done that before it wrote its file
	}
	if r.class == granted && p.fate == arrives {
		d.take(r)
	}
	d.arrive()
	return r
}

// carry sends a refresh with what the store holds.
func (d *device) carry(held holder, p plan) reply {
	if d.sharers != nil {
		return d.shared(p)
	}
	return d.w.refresh(held, p)
}

// take writes what arrived into the store, whatever is there.
func (d *device) take(r reply) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sharers != nil { // the process has written its file
		d.landed = true
		d.ledger.granted()
		return
	}
	_, had := generation(d.store.token)
	_, got := generation(r.token)
	if got < had {
		d.w.tally.fault("reply reordered: an older token overwrote a newer one")
	}
	d.store.token, d.store.access, d.landed = r.token, r.access, true
	d.ledger.granted()
}

// broken is what happened since the group of messages began that only a lone one stands. The caller holds the lock.
func (d *device) broken() rule {
	switch {
	case d.w.falls.since(d.group):
		return astride
	case d.w.steps.since(d.group):
		return stepped
	}
	return none
}

func (d *device) arrive() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notice()
	d.ledger.arrive(d.w.clock.seen(d.group), d.broken())
}

// answered judges what the server said, whether or not it reaches the device.
func (d *device) answered(token string, p plan, r reply, began time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	_, was := generation(token)
	_, is := generation(r.token)
	if d.sharers != nil {
		was, is = r.was, r.is
	}
	d.history = append(d.history, fmt.Sprintf("%s +%dms %d -> %d %s (%s, held %v, late %v, twin %v)",
		began.UTC().Format("15:04:05.000"), now.Sub(began).Milliseconds(), was, is, r, p.fate, p.hold, p.late, p.twin))
	if len(d.history) > 40 {
		d.history = d.history[1:]
	}
	d.notice()
	if r.class == granted {
		d.w.tally.refreshed(d.kind)
	}
	if r.class == granted && !d.w.falls.since(d.group) {
		d.ledger.answered(d.w.clock.seen(d.group))
	}
	if r.class != refused || d.over {
		return
	}
	d.over = true
	excuse := d.ledger.refused(d.w.now(), d.broken())
	if excuse == none && d.w.falls.lost(d.asked, d.born) {
		excuse = younger
	}
	if excuse != none {
		d.w.tally.rule(string(excuse), 1, 1)
		return
	}
	d.w.tally.logOut(d.story())
}

// story tells the last messages of the device and what the server logged about its grant.
func (d *device) story() string {
	return fmt.Sprintf("%s, grant %s\n    %s\n    %s", d.kind, grantOf(d.store.token), strings.Join(d.history, "\n    "), d.w.explain(d.store.token))
}

// compare holds the replies to the two deliveries of one request against each other.
func (d *device) compare(group int, one, other reply) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if group != d.ledger.groups || one.token == "" || other.token == "" || one.token == other.token || !d.ledger.pair(d.w.now(), d.broken()) {
		return
	}
	d.w.tally.branch(d.story())
}

func (d *device) gone() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.over
}

// sleep waits and tells whether the run goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func pause(d time.Duration) {
	if d > 0 {
		time.Sleep(d)
	}
}
