package accounts

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

// device logs a user in and returns the cookie by which the browser is known from then on.
func (f *fixture) device(t *testing.T, u auth.User, a auth.LoginAsk) secret.Token {
	t.Helper()
	e, err := f.Verify(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	session, _ := f.NewSession(u, a.Caller)
	if err := f.LogIn(t.Context(), e, session, nothing); err != nil {
		t.Fatal(err)
	}
	cookie, err := f.DeviceCookie(e)
	if err != nil {
		t.Fatal(err)
	}
	return cookie
}

// Ten thousand wrong passwords from as many networks, over three hours, while the owner comes and goes.
func TestNoStrangerLocksTheOwnerOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.user(t, "ann@example.com")
	home := from("192.0.2.7", ann.Email, goodPassword)
	home.Device = f.device(t, ann, home)

	var looked, refused, visits atomic.Int64
	guesses := make(chan int)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range guesses {
				switch got := f.outcome(t, from(fmt.Sprintf("10.%d.%d.1", i>>8, i&255), ann.Email, fmt.Sprintf("guess %d", i))); got {
				case "wrong":
					looked.Add(1)
				case "in":
					t.Errorf("guess %d got in", i)
				case "busy":
					t.Errorf("guess %d: %s, want it turned away by the counter", i, got)
				default:
					refused.Add(1)
				}
			}
		})
	}
	for i := range 10_000 {
		guesses <- i
		f.clock.advance(time.Second)
		if i%250 == 0 {
			all.Go(func() {
				if got := f.outcome(t, home); got != "in" {
					t.Errorf("during guess %d the owner heard %q", i, got)
				}
				visits.Add(1)
			})
		}
	}
	close(guesses)
	all.Wait()
	if visits.Load() != 40 || looked.Load()+refused.Load() != 10_000 {
		t.Errorf("%d visits, %d guesses", visits.Load(), looked.Load()+refused.Load())
	}
	if n := looked.Load(); n < 11 || n > 30 {
		t.Errorf("%d of 10000 guesses were looked at, want a few", n)
	}
	t.Logf("%d of 10000 guesses were looked at; the owner logged in %d times", looked.Load(), visits.Load())
}

func TestDeviceHasCountersOfItsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann, bob := f.user(t, "ann@example.com"), f.user(t, "bob@example.com")
	at := func(d secret.Token, email, password string) auth.LoginAsk {
		a := ask(email, password)
		a.Device = d
		return a
	}
	annsDevice, bobsDevice := f.device(t, ann, ask(ann.Email, goodPassword)), f.device(t, bob, ask(bob.Email, goodPassword))
	for range 11 {
		f.outcome(t, at(annsDevice, ann.Email, "wrong"))
	}
	for name, c := range map[string]struct {
		ask  auth.LoginAsk
		want string
	}{
		"a stolen cookie is no way to guess on":          {at(annsDevice, ann.Email, goodPassword), "wait 1s"},
		"another device":                                 {at(f.device(t, ann, ask(ann.Email, goodPassword)), ann.Email, goodPassword), "in"},
		"a device of another account is a stranger":      {at(bobsDevice, ann.Email, goodPassword), "in"},
		"what the device did at one account stays there": {at(annsDevice, bob.Email, goodPassword), "in"},
	} {
		if got := f.outcome(t, c.ask); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	for range 11 { // now the strangers' counter of the account
		f.outcome(t, at(bobsDevice, ann.Email, "wrong"))
	}
	if got := f.outcome(t, at(bobsDevice, ann.Email, goodPassword)); got != "wait 1s" {
		t.Errorf("a device of another account after eleven guesses: %q, want it to wait like a stranger", got)
	}
	if got := f.outcome(t, ask(ann.Email, goodPassword)); got != "wait 1s" {
		t.Errorf("a stranger after those guesses: %q, want it to wait: whoever has many accounts has no counters for as many guesses", got)
	}
	f.clock.advance(time.Second)
	if got := f.outcome(t, at(annsDevice, ann.Email, goodPassword)); got != "in" {
		t.Errorf("the owner's device after its own delay: %q", got)
	}
}

func TestWhoKnewAnOlderPasswordIsAStrangerAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.user(t, "ann@example.com")
	l := f.logIn(t, ann)
	var farmed []secret.Token // by somebody who knew the password, in thirty browsers
	for range 30 {
		farmed = append(farmed, f.device(t, ann, ask(ann.Email, goodPassword)))
	}
	own, err := f.ChangePassword(t.Context(), PasswordChange{
		User: ann.ID, Session: l.session.ID, Current: secret.FromString(goodPassword), New: secret.FromString("another long password"),
		Device: farmed[0], Caller: somebody(),
	})
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, d := range farmed {
		for range 10 {
			a := ask(ann.Email, "guess")
			a.Device = d
			if f.outcome(t, a) == "wrong" {
				looked++
			}
		}
	}
	if looked != 11 {
		t.Errorf("%d of 300 guesses were looked at, want the 11 of one stranger", looked)
	}
	a := ask(ann.Email, "another long password")
	a.Device = own.Device
	if got := f.outcome(t, a); got != "in" {
		t.Errorf("the browser that changed the password: %q", got)
	}
}

// Right passwords are never counted: only the turns of the queue keep a flood of them from everybody else.
func TestFloodOfRightPasswordsKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(n *Needs) { n.Hashing.AtOnce, n.Hashing.Waiting, n.Hashing.Patience = 1, 10, time.Minute })
	ann, mallory := f.user(t, "ann@example.com"), f.user(t, "mallory@example.com")
	home, flood := ask(ann.Email, goodPassword), ask(mallory.Email, goodPassword)
	home.Device, flood.Device = f.device(t, ann, home), f.device(t, mallory, flood)
	elsewhere, storm := from("203.0.113.5", ann.Email, goodPassword), from("198.51.100.9", mallory.Email, goodPassword)
	for name, c := range map[string]struct{ owner, flood auth.LoginAsk }{
		"in the line of devices":   {home, flood},
		"in the line of strangers": {elsewhere, storm},
	} {
		leave := hold(t, f.hasher.queue)
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() { _, _ = f.Verify(t.Context(), c.flood) })
		}
		for f.hasher.queue.count.Load() < 10 {
			time.Sleep(time.Millisecond)
		}
		owner := make(chan string, 1)
		all.Go(func() { owner <- f.outcome(t, c.owner) })
		for f.hasher.queue.refused.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		leave()
		if got := <-owner; got != "in" {
			t.Errorf("%s: the owner heard %q", name, got)
		}
		all.Wait()
	}
}

func TestKnownDeviceWaitsInALineOfItsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(n *Needs) { n.Hashing.AtOnce, n.Hashing.Waiting, n.Hashing.Patience = 1, 1, time.Minute })
	ann := f.user(t, "ann@example.com")
	home := ask(ann.Email, goodPassword)
	home.Device = f.device(t, ann, home)
	leave := hold(t, f.hasher.queue)
	var all sync.WaitGroup
	all.Go(func() { _, _ = f.Verify(t.Context(), from("203.0.113.5", "bob@example.com", "guess")) })
	for f.hasher.queue.count.Load() < 1 {
		time.Sleep(time.Millisecond)
	}
	if got := f.outcome(t, from("203.0.113.6", ann.Email, goodPassword)); got != "busy" {
		t.Errorf("a second stranger: %q, want busy", got)
	}
	all.Go(func() {
		if got := f.outcome(t, home); got != "in" {
			t.Errorf("the known device: %q, want in", got)
		}
	})
	for f.hasher.queue.count.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	leave()
	all.Wait()
}
