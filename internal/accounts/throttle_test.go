package accounts

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

// from is an ask from an address without a device cookie.
func from(ip, email, password string) auth.LoginAsk {
	a := ask(email, password)
	a.Caller.IP = ip
	return a
}

// outcome names what a log-in came to: "in", "wrong", "wait 4s" or "busy".
func (f *fixture) outcome(t *testing.T, a auth.LoginAsk) string {
	t.Helper()
	e, err := f.Verify(t.Context(), a)
	if err == nil {
		session, _ := f.NewSession(e.User, a.Caller)
		err = f.LogIn(t.Context(), e, session, nothing)
	}
	var throttled *auth.Throttled
	switch {
	case err == nil:
		return "in"
	case errors.As(err, &throttled):
		return "wait " + throttled.Wait.String()
	case errors.Is(err, auth.ErrCredentials):
		return "wrong"
	case errors.Is(err, auth.ErrBusy):
		return "busy"
	}
	t.Errorf("log in: %v", err)
	return "fault"
}

func TestGuessesAtAnAccountWaitLongerAndLongerWhetherItExistsOrNot(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		f.user(t, "ann@example.com")
		for try := 1; try <= 26; try++ {
			wrong := map[string]string{}
			for i, email := range []string{"ann@example.com", "unknown@example.com", "no address"} {
				// Each guess comes from a network of its own.
				wrong[email] = f.outcome(t, from(fmt.Sprintf("198.%d.%d.1", i, try), email, "guess"))
			}
			want := "wrong"
			if try > 11 && try%2 == 0 { // each second look comes too early
				want = fmt.Sprintf("wait %v", time.Second<<((try-12)/2))
			}
			for email, got := range wrong {
				if got != want {
					t.Errorf("try %d at %s: got %q, want %q", try, email, got, want)
				}
			}
			if want != "wrong" {
				f.clock.advance(time.Second << ((try - 12) / 2))
			}
		}
		// Not for good: whoever waits gets in, and the counter starts anew.
		f.clock.advance(time.Hour)
		for range 2 {
			if got := f.outcome(t, from("203.0.113.1", "ann@example.com", goodPassword)); got != "in" {
				t.Errorf("the owner after the delay: %q", got)
			}
		}
		for range 10 {
			if got := f.outcome(t, from("203.0.113.2", "ann@example.com", "typo")); got != "wrong" {
				t.Errorf("a typing error after a log-in: %q", got)
			}
		}
	})
}

func TestTriesAtOnceAreCountedBeforeTheyAreLookedAt(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		f.user(t, "ann@example.com")
		var looked atomic.Int64
		var all sync.WaitGroup
		for i := range 60 {
			all.Go(func() {
				if f.outcome(t, from(fmt.Sprintf("198.51.%d.1", i), "ann@example.com", "guess")) == "wrong" {
					looked.Add(1)
				}
			})
		}
		all.Wait()
		if n := looked.Load(); n != 11 {
			t.Errorf("%d of 60 guesses at once were looked at, want 11: ten are free and one earns the delay", n)
		}
	})
}

func TestOneHostOrNetworkCannotGoThroughManyAccounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ip   func(i int) string
		want int // guesses that are looked at, of 260
	}{
		"one address":                  {func(int) string { return "198.51.100.7" }, 51},
		"one address, IPv6 form":       {func(i int) string { return []string{"198.51.100.7", "::ffff:198.51.100.7"}[i%2] }, 51},
		"one host of many IPv6":        {func(i int) string { return fmt.Sprintf("2001:db8:1:1::%x", i) }, 51},
		"one network":                  {func(i int) string { return fmt.Sprintf("198.51.100.%d", i%250) }, 201},
		"one IPv6 network":             {func(i int) string { return fmt.Sprintf("2001:db8:1:%x::1", i) }, 201},
		"many networks":                {func(i int) string { return fmt.Sprintf("198.%d.%d.1", i>>8, i&255) }, 260},
		"this machine: a proxy":        {func(int) string { return "127.0.0.1" }, 260},
		"this machine in IPv6":         {func(int) string { return "::1" }, 260},
		"a command, without a network": {func(int) string { return "" }, 260},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, nil)
			looked := 0
			for i := range 260 {
				if f.outcome(t, from(c.ip(i), fmt.Sprintf("user%d@example.com", i), "Spring2026!")) == "wrong" {
					looked++
				}
			}
			if looked != c.want {
				t.Errorf("%d guesses were looked at, want %d", looked, c.want)
			}
		})
	}
}

func TestSuccessIsNeverCounted(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, func(n *Needs) {
			few := auth.ThrottleRule{Free: 2, First: time.Second, Most: time.Minute, Forget: time.Hour}
			n.Throttles = &auth.ThrottleRules{Account: few, Device: few, Address: few, Network: few, Session: few, SignUpAddress: few, SignUpNetwork: few}
		})
		ann := f.user(t, "ann@example.com")
		known := ask(ann.Email, goodPassword)
		known.Device = f.device(t, ann, known)
		for i := range 8 {
			if got := f.outcome(t, ask(ann.Email, goodPassword)) + " " + f.outcome(t, known); got != "in in" {
				t.Fatalf("log-in %d: %s", i, got)
			}
		}
		if n := f.counters(t); n != 0 {
			t.Errorf("%d counters are left of log-ins, want 0", n)
		}
		// An account of one's own washes nothing clean: the third failure is the last without a delay.
		for i, want := range []string{"wrong", "in", "wrong", "in", "wrong", "wait 1s"} {
			a := ask(ann.Email, goodPassword)
			if i%2 == 0 {
				a = ask(fmt.Sprintf("victim%d@example.com", i), "Spring2026!")
			}
			if got := f.outcome(t, a); got != want {
				t.Errorf("step %d: got %q, want %q", i, got, want)
			}
		}
	})
}

// counters counts the rows.
func (f *fixture) counters(t *testing.T) int64 {
	t.Helper()
	gone := errors.New("not really")
	var n int64
	err := f.db.Update(t.Context(), func(tx *store.Tx) (err error) {
		if n, err = tx.Throttles.Sweep(t.Context(), f.clock.Now().AddDate(99, 0, 0), 1000); err != nil {
			return err
		}
		return gone
	})
	if !errors.Is(err, gone) {
		t.Fatal(err)
	}
	return n
}

func TestCountersSurviveARestartAndHoldAcrossNodes(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		first := fixtureOver(t, db, nil)
		first.user(t, "ann@example.com")
		second := fixtureOver(t, db, nil)
		for i := range 11 {
			node := []*fixture{first, second}[i%2]
			node.outcome(t, from(fmt.Sprintf("198.51.%d.1", i), "ann@example.com", "guess"))
		}
		third := fixtureOver(t, db, nil)
		for i, node := range []*fixture{first, second, third} {
			if got := node.outcome(t, from("203.0.113.9", "ann@example.com", goodPassword)); got != "wait 1s" {
				t.Errorf("node %d: got %q, want to wait 1s", i, got)
			}
		}
	})
}

func TestCountersAreForgottenAndSweptAway(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		for i := range 30 {
			f.outcome(t, from(fmt.Sprintf("198.51.%d.1", i), fmt.Sprintf("user%d@example.com", i%4), "guess"))
		}
		sweep := func() (n int64) {
			f.update(t, func(tx *store.Tx) (err error) {
				n, err = tx.Throttles.Sweep(t.Context(), f.clock.Now(), 1000)
				return err
			})
			return n
		}
		if before, swept := f.counters(t), sweep(); before != 64 || swept != 0 {
			t.Errorf("%d counters, %d swept at once; want 4 accounts, 30 addresses and 30 networks, and none swept", before, swept)
		}
		f.clock.advance(24 * time.Hour)
		if swept := sweep(); swept != 64 {
			t.Errorf("a day later %d are swept, want all 64", swept)
		}
	})
}

func TestWhoIsTurnedAwayByTheQueueHasNotTried(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(n *Needs) { n.Hashing.AtOnce, n.Hashing.Waiting, n.Hashing.Patience = 1, 1, 1 })
	f.user(t, "ann@example.com")
	leave := hold(t, f.hasher.queue)
	for range 20 {
		if got := f.outcome(t, ask("ann@example.com", goodPassword)); got != "busy" {
			t.Fatalf("got %q, want busy", got)
		}
	}
	leave()
	if n, got := f.counters(t), f.outcome(t, ask("ann@example.com", goodPassword)); n != 0 || got != "in" {
		t.Errorf("%d counters, then %q; want 0 and in", n, got)
	}
}

func TestSignUpsAreSlowedDownByWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	made := func(ip string, n int) (count int) {
		for i := range n {
			a := from(ip, fmt.Sprintf("user%d.%d@example.com", i, len(ip)), goodPassword)
			if i%2 == 0 {
				a.Email = "taken@example.com" // a refused one counts too, or it would tell who exists
			}
			e, err := f.SignUp(t.Context(), a)
			var throttled *auth.Throttled
			if errors.As(err, &throttled) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			count++
			session, _ := f.NewSession(e.User, a.Caller)
			_ = f.LogIn(t.Context(), e, session, nothing)
		}
		return count
	}
	f.user(t, "taken@example.com")
	if n := made("198.51.100.7", 40); n != 21 {
		t.Errorf("%d sign-ups from one address, want 21", n)
	}
	if n := made("127.0.0.1", 30); n != 30 {
		t.Errorf("%d sign-ups from this machine, want 30", n)
	}
	if _, err := f.Verify(t.Context(), from("198.51.100.7", "taken@example.com", goodPassword)); err != nil {
		t.Errorf("a log-in from the same address: %v", err)
	}
}

func TestPasswordAskedAgainIsCountedPerSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.user(t, "ann@example.com")
	stolen, own := f.logIn(t, ann), f.logIn(t, ann)
	confirm := func(l login, password string) error {
		return f.Confirm(t.Context(), ann.ID, l.session.ID, secret.FromString(password), somebody())
	}
	for range 30 { // right ones do not count
		if err := confirm(stolen, goodPassword); err != nil {
			t.Fatal(err)
		}
	}
	for range 11 {
		if err := confirm(stolen, "guess"); !errors.Is(err, auth.ErrCredentials) {
			t.Fatalf("got %v, want ErrCredentials", err)
		}
	}
	var throttled *auth.Throttled
	if err := confirm(stolen, goodPassword); !errors.As(err, &throttled) {
		t.Errorf("got %v, want it throttled", err)
	}
	if _, err := f.ChangePassword(t.Context(), PasswordChange{User: ann.ID, Session: stolen.session.ID, Current: secret.FromString(goodPassword), New: secret.FromString("another long password")}); !errors.As(err, &throttled) {
		t.Errorf("change of password: got %v, want it throttled", err)
	}
	if err := confirm(own, goodPassword); err != nil {
		t.Errorf("the owner's session: %v", err)
	}
	if got := f.outcome(t, ask(ann.Email, goodPassword)); got != "in" {
		t.Errorf("log in: %q", got)
	}
}

func TestDelayOfAUserIsTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.user(t, "ann@example.com")
	for i := range 15 {
		f.outcome(t, from(fmt.Sprintf("198.51.%d.1", i), ann.Email, "guess"))
	}
	f.stop(t)
	if failed, throttled := f.events(t, ann.ID, auth.EventUserLoginFailed), f.events(t, ann.ID, auth.EventUserThrottled); failed != 1 || throttled != 1 {
		t.Errorf("%d and %d events, want one of each a minute", failed, throttled)
	}
}

func TestForgivenAccountNeedNotWait(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.user(t, "ann@example.com")
	for i := range 15 {
		f.outcome(t, from(fmt.Sprintf("203.0.%d.5", i), ann.Email, "guess"))
	}
	if got := f.outcome(t, ask(ann.Email, goodPassword)); got != "wait 1s" {
		t.Fatalf("got %q, want it to wait", got)
	}
	f.update(t, func(tx *store.Tx) error { return f.Forgive(t.Context(), tx, ann.Email) })
	if got := f.outcome(t, ask(ann.Email, goodPassword)); got != "in" {
		t.Errorf("got %q, want in", got)
	}
}

// A disabled user and one who is not there cost a hash and a try like anybody else, or time and counters would tell.
func TestEveryAddressCostsAHashAndATry(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.user(t, "ann@example.com")
	f.disable(t, f.user(t, "disabled@example.com"))
	for _, email := range []string{"ann@example.com", "disabled@example.com", "unknown@example.com", "no address"} {
		before := f.hasher.work.Load()
		for try := range 12 {
			want := "wrong"
			if try == 11 {
				want = "wait 1s"
			}
			if got := f.outcome(t, from(fmt.Sprintf("198.51.100.%d", try), email, "guess")); got != want {
				t.Errorf("%s, try %d: got %q, want %q", email, try, got, want)
			}
		}
		if done := f.hasher.work.Load() - before; done != 11 {
			t.Errorf("%s: %d hashes for 11 tries that were looked at", email, done)
		}
	}
}

func TestTryIsCountedBeforeTheHash(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.user(t, "ann@example.com")
	counted := int64(-1)
	f.hasher.before = func() {
		f.view(t, func(tx *store.Tx) error {
			c := f.counter(f.rules.Account, countAccount, ann.Email)
			found, err := tx.Throttles.Find(t.Context(), c.key)
			counted = found[c.key].Count
			return err
		})
	}
	f.outcome(t, ask(ann.Email, "guess"))
	if counted != 1 {
		t.Errorf("while the hash is made %d tries are counted, want 1", counted)
	}
}
