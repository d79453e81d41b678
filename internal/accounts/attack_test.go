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
