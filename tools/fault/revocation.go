//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// revocation is one act that takes rights away, planted on a user of its own.
type revocation struct {
	w        *world
	class    string
	account  account
	actor    holder   // who acts and stays; empty: nobody does
	victims  []holder // whose tokens must be worth nothing once the act is answered
	born     time.Time
	asked    time.Time // when the request was sent that was answered
	answered time.Time
}

// act is one class of revocations. It acts until the server has answered.
type act struct {
	name     string
	sessions int
	actor    bool // the first session stays
	do       func(*revocation, context.Context) error
}

func acts() []act {
	return []act{
		{"log-out", 1, false, (*revocation).logOut},
		{"sign out everywhere", 3, true, (*revocation).endOthers},
		{"password change", 2, true, (*revocation).changePassword},
		{"user disabled", 2, false, (*revocation).disable},
	}
}

// ledgerOfEnds are the revocations that were answered and must hold.
type ledgerOfEnds struct {
	mu  sync.Mutex
	all []*revocation
}

func (l *ledgerOfEnds) add(r *revocation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r)
}

func (l *ledgerOfEnds) list() []*revocation {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*revocation(nil), l.all...)
}

func (l *ledgerOfEnds) drop(r *revocation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, x := range l.all {
		if x == r {
			l.all = append(l.all[:i], l.all[i+1:]...)
			return
		}
	}
}

// revoke plants revocations of one class until lives ends.
func (w *world) revoke(ctx, lives context.Context, a act, rng *rand.Rand) {
	for lives.Err() == nil {
		r := &revocation{w: w, class: a.name, account: w.newAccount("leaver"), born: time.Now()}
		err := r.prepare(ctx, a)
		if err == nil {
			err = a.do(r, ctx)
		}
		if w.falls.lost(r.born, time.Now()) || ctx.Err() != nil {
			continue // the user itself is gone
		}
		if err != nil {
			w.tally.fail(fmt.Sprintf("%s: %v", a.name, err))
			return
		}
		r.answered = time.Now()
		if rng.IntN(3) == 0 {
			select {
			case w.kills <- struct{}{}: // what was answered must hold whatever is killed next
			default:
			}
		}
		w.tally.revocation(a.name, func(c *revocationCount) { c.Planted++ })
		if w.check(ctx, r) {
			w.ends.add(r)
		}
		sleep(lives, w.opt.calm+time.Duration(rng.Int64N(int64(w.opt.calm))))
	}
}

// prepare logs the user in as often as the act needs and refreshes once, so that an old and a current token are there.
func (r *revocation) prepare(ctx context.Context, a act) error {
	for i := range a.sessions {
		in, err := r.w.enter(ctx, r.account, i == 0)
		if err != nil {
			return err
		}
		old := holder{token: in.token, access: in.access}
		now := old
		r.w.insistInto(ctx, &now)
		if a.actor && i == 0 {
			r.actor = now
			continue
		}
		r.victims = append(r.victims, now, old)
	}
	return nil
}

// until repeats a request until it is answered. An access token that a clock which was set back holds for one of the
// future is replaced by a refresh.
func (r *revocation) until(ctx context.Context, send func(base string) reply) error {
	for {
		r.asked = time.Now()
		got := send(r.w.node(r.w.serial.Add(1)).url)
		switch {
		case got.status == http.StatusNoContent:
			return nil
		case got.status == http.StatusUnauthorized && r.w.opt.clock && r.actor.token != "" && got.code != "invalid_credentials":
			if r.w.insistInto(ctx, &r.actor) == refused {
				return errors.New("who acts was refused")
			}
		case got.status != 0 && got.class != unavail:
			return fmt.Errorf("%d %s", got.status, got.code)
		}
		if !sleep(ctx, 20*time.Millisecond) {
			return ctx.Err()
		}
	}
}

func (r *revocation) logOut(ctx context.Context) error {
	return r.until(ctx, func(base string) reply {
		return r.w.wire.call(ctx, http.MethodPost, base+"/v1/logout", "", map[string]string{"refresh_token": r.victims[0].token, "mode": "token"})
	})
}

func (r *revocation) endOthers(ctx context.Context) error {
	return r.until(ctx, func(base string) reply {
		return r.w.wire.call(ctx, http.MethodDelete, base+"/v1/sessions", r.actor.access, map[string]string{"password": r.account.password})
	})
}

// changePassword may be told that the old password is wrong: then an earlier try was done and its answer lost.
func (r *revocation) changePassword(ctx context.Context) error {
	body := map[string]string{"current_password": r.account.password, "new_password": newMasterKey()}
	tries := 0
	return r.until(ctx, func(base string) reply {
		got := r.w.wire.call(ctx, http.MethodPost, base+"/v1/password", r.actor.access, body)
		if tries++; tries > 1 && got.code == "invalid_credentials" {
			got.status = http.StatusNoContent
		}
		return got
	})
}

func (r *revocation) disable(ctx context.Context) error {
	for {
		r.w.files.RLock()
		r.asked = time.Now()
		_, err := verb(ctx, r.w.binary, "", "user", "disable", r.account.email, "--config", r.w.config, "--yes")
		r.w.files.RUnlock()
		if err == nil || r.w.falls.lost(r.born, time.Now()) || !sleep(ctx, 100*time.Millisecond) {
			return err
		}
	}
}

// check presents what was revoked and tells whether it is worth looking again.
func (w *world) check(ctx context.Context, r *revocation) bool {
	for _, h := range r.victims {
		if !w.good(ctx, h) || ctx.Err() != nil {
			continue
		}
		if w.falls.lost(r.asked, r.answered) {
			w.tally.revocation(r.class, func(c *revocationCount) { c.Newer++ })
			return false
		}
		w.tally.revocation(r.class, func(c *revocationCount) { c.Lost++ })
		w.tally.fail(fmt.Sprintf("revocation lost: %s of %s asked at %s\n    %s", r.class, grantOf(h.token),
			r.asked.UTC().Format("15:04:05.000"), w.explain(h.token)))
		return false
	}
	if r.actor.token == "" || ctx.Err() != nil {
		return true
	}
	if w.insistInto(ctx, &r.actor) == refused && !w.falls.lost(r.asked, r.answered) {
		w.tally.logOut(fmt.Sprintf("who acted (%s) was logged out\n    %s", r.class, w.explain(r.actor.token)))
		return false
	}
	return true
}

// recheck looks again and again at what was revoked, until lives ends.
func (w *world) recheck(ctx, lives context.Context, rng *rand.Rand) {
	for sleep(lives, 100*time.Millisecond) {
		if all := w.ends.list(); len(all) > 0 {
			if r := all[rng.IntN(len(all))]; !w.check(ctx, r) {
				w.ends.drop(r)
			}
		}
	}
}

// settle looks at everything that was revoked a last time.
func (w *world) settle(ctx context.Context) {
	for _, r := range w.ends.list() {
		if w.check(ctx, r) {
			w.tally.revocation(r.class, func(c *revocationCount) { c.Held++ })
		}
	}
}

func (t *tally) revocation(name string, change func(*revocationCount)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.revoked[name]
	if c == nil {
		c = &revocationCount{}
		t.revoked[name] = c
	}
	change(c)
}
