//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// codeCount is one class of what is done with authorization codes.
type codeCount struct {
	Planted int `json:"planted"`
	Held    int `json:"held"`
	// Again is how many of them had to be asked for again, because the answer that bought something was lost.
	Again  int `json:"asked_for_again"`
	ByRule int `json:"by_rule"` // the code or what it bought was lost with the database, or the clock was set past its end
	Failed int `json:"failed"`
}

// errand is one use of the code flow.
type errand struct {
	w       *world
	ctx     context.Context
	rng     *rand.Rand
	browser browser
	again   int
	since   time.Time // of the code in hand: whatever befell the database or the clock later may excuse
}

// codePlot is one class of errands. It says what went wrong, if anything.
type codePlot struct {
	name string
	play func(*errand) (wrong string)
}

func codePlots() []codePlot {
	return []codePlot{
		{"redeemed under fire", (*errand).underFire},
		{"redeemed twice at once", (*errand).twiceAtOnce},
		{"replayed by its client", func(e *errand) string { return e.replayed(application) }},
		{"replayed by its client with a secret", func(e *errand) string { return e.replayed(confidential) }},
		{"presented by another client or with another verifier", (*errand).misused},
		{"redeemed after log-out", (*errand).afterLogOut},
	}
}

// redeemCodes plays one class again and again until lives ends.
func (w *world) redeemCodes(ctx, lives context.Context, p codePlot, rng *rand.Rand) {
	for lives.Err() == nil {
		e := &errand{w: w, ctx: ctx, rng: rng, since: time.Now()}
		var err error
		if e.browser, err = w.newBrowser(ctx, "visitor"); err != nil {
			if ctx.Err() == nil {
				w.tally.fail("sign-up of a visitor: " + err.Error())
			}
			return
		}
		wrong := p.play(e)
		if ctx.Err() != nil {
			return
		}
		w.tally.code(p.name, e, wrong)
		sleep(lives, w.opt.calm)
	}
}

// excused tells that what an errand did may have been lost with the database, or that its code died when the clock was
// set.
func (e *errand) excused() bool {
	return e.w.falls.lost(e.browser.asked, time.Now()) || e.w.steps.since(e.since)
}

func (t *tally) code(name string, e *errand, wrong string) {
	excused := wrong != "" && e.excused()
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.codes[name]
	if c == nil {
		c = &codeCount{}
		t.codes[name] = c
	}
	c.Planted++
	c.Again += e.again
	switch {
	case excused:
		c.ByRule++
	case wrong != "":
		c.Failed++
		t.note(fmt.Sprintf("code, %s: %s", name, wrong))
	default:
		c.Held++
	}
}

// take asks for a code.
func (e *errand) take(client string) (code, string) {
	e.since = time.Now()
	c, r := e.w.newCode(e.ctx, e.browser, client)
	if r.class != granted {
		return c, "no code: " + r.String()
	}
	return c, ""
}

// underFire redeems codes through a network that loses messages, as a client that tries again, until it has tokens. What a
// code bought whose answer was lost must be worth nothing once the code was tried again.
func (e *errand) underFire() string {
	for e.ctx.Err() == nil {
		c, wrong := e.take(application)
		if wrong != "" {
			return wrong
		}
		got, lost, spent := e.persist(c)
		switch {
		case got.class == granted && lost != nil:
			return "one code bought twice"
		case got.class == granted:
			return e.newcomer(c, got)
		case got.class != refused:
			return "" // the run is over
		case !spent && time.Since(c.asked) < codeLife:
			return "refused at its first use"
		case lost != nil && e.w.good(e.ctx, c.bought(*lost)):
			return "tried again, and what it bought is still good"
		}
		e.again++
		e.w.tally.fault("code asked for again")
	}
	return ""
}

// persist tries a code until the server answers for good and the answer arrives. lost is an answer with tokens that did
// not; spent tells that the server may have redeemed the code before.
func (e *errand) persist(c code) (got reply, lost *reply, spent bool) {
	for {
		p := drawLone(e.rng)
		if p.fate != arrives {
			e.w.tally.fault("code: " + p.fate.String())
		}
		got = e.w.redeem(c, p.fate)
		switch {
		case p.fate == arrives && got.definite(), got.class == refused:
			return got, lost, spent
		case got.class == granted:
			lost, spent = &got, true
		case got.class != unsent && got.class != noServer:
			spent = true // 503 and resets as well: it may have been done
		}
		if !sleep(e.ctx, time.Duration(e.rng.Int64N(int64(200*time.Millisecond)))) {
			return got, lost, spent
		}
	}
}

// newcomer refreshes with what a code bought, as every device.
func (e *errand) newcomer(c code, got reply) string {
	d := e.w.newDevice(c.bought(got), c.asked)
	d.alone(e.ctx) // a refusal is counted as every other log-out
	d.flying.Wait()
	return ""
}

// twiceAtOnce sends one request two times. One at most gets tokens; the other is a replay, so that they are worth nothing.
func (e *errand) twiceAtOnce() string {
	c, wrong := e.take(application)
	if wrong != "" {
		return wrong
	}
	var answers [2]reply
	var both sync.WaitGroup
	for i := range answers {
		both.Go(func() { answers[i] = e.w.insistRedeem(e.ctx, c) })
	}
	both.Wait()
	if answers[0].class == granted && answers[1].class == granted {
		return "one code bought twice"
	}
	for _, r := range answers {
		if r.class == granted && e.w.good(e.ctx, c.bought(r)) {
			return "sent twice, and what it bought is still good"
		}
	}
	return ""
}

// replayed presents a code again after it was redeemed, with all that the first one proved.
func (e *errand) replayed(client string) string {
	c, got, wrong := e.redeemed(client)
	if wrong != "" || got.class != granted {
		return wrong
	}
	h := c.bought(got)
	if e.rng.IntN(2) == 0 && e.w.insistInto(e.ctx, &h) == refused {
		return "what it bought was refused"
	}
	switch again := e.w.insistRedeem(e.ctx, c); {
	case again.class == granted:
		return "one code bought twice"
	case again.class == refused && e.w.good(e.ctx, h):
		return "replayed, and what it bought is still good"
	}
	return ""
}

// redeemed takes a code and redeems it, once more when the first answer was lost. Not granted without a wrong: the answer
// was lost again and again.
func (e *errand) redeemed(client string) (c code, got reply, wrong string) {
	for range 5 {
		if c, wrong = e.take(client); wrong != "" {
			return c, got, wrong
		}
		if got = e.w.redeem(c, arrives); got.definite() {
			break
		}
		e.again++
		if !sleep(e.ctx, 50*time.Millisecond) {
			break
		}
	}
	if got.class == refused && time.Since(c.asked) < codeLife {
		wrong = "refused at its first use"
	}
	return c, got, wrong
}

// misused presents a code by another client and with another verifier, before and after it is redeemed: neither spends the
// code nor ends what it bought.
func (e *errand) misused() string {
	c, wrong := e.take(application)
	if wrong != "" {
		return wrong
	}
	stolen, guessed := c, c
	stolen.client, guessed.verifier = stranger, c.verifier+"x"
	abuse := func() bool {
		return e.w.insistRedeem(e.ctx, stolen).class == granted || e.w.insistRedeem(e.ctx, guessed).class == granted
	}
	if abuse() {
		return "another one was served"
	}
	got := e.w.redeem(c, arrives)
	switch {
	case got.class == refused && time.Since(c.asked) < codeLife:
		return "refused after another one had presented it"
	case got.class != granted:
		return ""
	case abuse():
		return "another one was served what is spent"
	}
	h := c.bought(got)
	if e.w.twice(e.ctx, &h) {
		return "what it bought died because of another one"
	}
	return ""
}

// afterLogOut takes a code, ends the session and redeems it then.
func (e *errand) afterLogOut() string {
	c, wrong := e.take(application)
	if wrong != "" {
		return wrong
	}
	out := &revocation{w: e.w}
	err := out.until(e.ctx, func(base string) reply {
		r, err := request(e.ctx, "POST", base+"/v1/logout", "", nil)
		if err != nil {
			return reply{class: unknownErr, code: err.Error()}
		}
		browse(r, cookieSession+"="+e.browser.session)
		return e.w.wire.send(r)
	})
	if err != nil {
		return err.Error()
	}
	if e.w.insistRedeem(e.ctx, c).class == granted {
		return "redeemed although the session had ended"
	}
	return ""
}
