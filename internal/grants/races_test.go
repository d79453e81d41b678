package grants_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

const callers = 100

// stampede presents one token by many callers at once, spread over the services, and fails unless
// exactly one gets the winner's verdict, everybody the same token, and nobody an error.
func stampede(t *testing.T, w *world, token secret.Token, winner auth.Verdict, services ...*grants.Service) {
	t.Helper()
	type answer struct {
		r   grants.Refreshed
		err error
	}
	answers := make(chan answer, callers)
	start := make(chan struct{})
	for i := range callers {
		go func() {
			<-start
			r, err := services[i%len(services)].Refresh(t.Context(), w.client, auth.Ask{Refresh: token, Arrived: w.clock.now()})
			answers <- answer{r, err}
		}()
	}
	before := w.row(t).Current
	close(start)
	var first secret.Token
	won := 0
	for range callers {
		a := <-answers
		switch {
		case a.err != nil:
			t.Errorf("a caller got %v", a.err)
			continue
		case a.r.Verdict == winner:
			won++
		case a.r.Verdict != auth.Replay:
			t.Errorf("a caller got %s", a.r.Verdict)
		}
		if first.IsZero() {
			first = a.r.Token
		}
		if !a.r.Token.Equal(first) {
			t.Error("two callers got two successors")
		}
	}
	if won != 1 {
		t.Errorf("%s was said %d times, want once", winner, won)
	}
	got := parse(t, first, newKeys(1))
	if row := w.row(t); row.Current != got.Generation || row.Current == before {
		t.Errorf("the row knows generation %d (%d before), the callers %d", row.Current, before, got.Generation)
	}
}

// stampedes plays the three ways in which a generation moves.
func stampedes(t *testing.T, w *world, services ...*grants.Service) {
	t.Helper()
	stampede(t, w, w.first, auth.Current, services...)
	w.clock.advance(window)
	stampede(t, w, w.first, auth.Recover, services...)
	w.clock.advance(window)
	stampede(t, w, w.forge(t, 1, 50, w.secret(t)), auth.Ahead, services...)
}

func TestManyCallersWithOneTokenGetOneSuccessor(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) { stampedes(t, w, w.svc) })
}

func TestManyCallersAtTwoNodesGetOneSuccessor(t *testing.T) {
	t.Parallel()
	dsn := storetest.Postgres(t)
	one, _ := storetest.OpenPostgres(t, dsn)
	two, _ := storetest.OpenPostgres(t, dsn)
	c := newClock()
	w := login(t, one, c, service(t, one, c, newKeys(1)), public())
	stampedes(t, w, w.svc, service(t, two, c, newKeys(1)))
}

func TestManyCallersMayShareAFixedToken(t *testing.T) {
	t.Parallel()
	onEngines(t, confidential(auth.RefreshFixed), func(t *testing.T, w *world) {
		w.clock.advance(day) // everybody finds the idle clock stale
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				r, err := w.refresh(t, w.first)
				if err != nil || r.Verdict != auth.Current || !r.Token.Equal(w.first) {
					t.Errorf("%s, %v", r.Verdict, err)
				}
			})
		}
		all.Wait()
		if row := w.row(t); row.Current != 0 || !row.LastUsedAt.Equal(w.clock.now()) {
			t.Errorf("row %+v", row.Chain)
		}
	})
}

// rounds of each race between a refresh and whatever takes the right away.
func rounds() int {
	if testing.Short() {
		return 20
	}
	return 200
}

func TestNoTokenLivesAfterTheRightWasTakenAway(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(t *testing.T, w *world, tx *store.Tx) error{
		"grant revoked": func(t *testing.T, w *world, tx *store.Tx) error {
			_, err := tx.Grants.Revoke(t.Context(), store.Selector{Grant: w.grant.ID}, auth.ReasonAdmin, w.clock.now(), day)
			return err
		},
		"session ended": func(t *testing.T, w *world, tx *store.Tx) error {
			if _, err := tx.Sessions.End(t.Context(), w.session.ID, auth.ReasonLogout, w.clock.now()); err != nil {
				return err
			}
			_, err := tx.Grants.Revoke(t.Context(), store.Selector{Session: w.session.ID}, auth.ReasonLogout, w.clock.now(), day)
			return err
		},
		"user disabled": func(t *testing.T, w *world, tx *store.Tx) error {
			if _, err := tx.Users.SetDisabled(t.Context(), w.user.ID, w.clock.now()); err != nil {
				return err
			}
			_, err := tx.Grants.Revoke(t.Context(), store.Selector{User: w.user.ID}, auth.ReasonUserDisabled, w.clock.now(), day)
			return err
		},
		"password changed": func(t *testing.T, w *world, tx *store.Tx) error {
			if _, err := tx.Users.SetPassword(t.Context(), w.user.ID, 1, secret.FromString("new")); err != nil {
				return err
			}
			if _, err := tx.Sessions.EndByUser(t.Context(), w.user.ID, auth.ID{}, auth.ReasonPasswordChange, w.clock.now()); err != nil {
				return err
			}
			_, err := tx.Grants.Revoke(t.Context(), store.Selector{User: w.user.ID}, auth.ReasonPasswordChange, w.clock.now(), day)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raceEngines(t, func(t *testing.T, w *world) {
				if err := w.db.Update(t.Context(), func(tx *store.Tx) error { return take(t, w, tx) }); err != nil {
					t.Errorf("taking away: %v", err)
				}
			})
		})
	}
}

func TestNoTokenLivesAfterItsClientRevokedIt(t *testing.T) {
	t.Parallel()
	raceEngines(t, func(t *testing.T, w *world) {
		if ok, err := w.svc.Revoke(t.Context(), w.client.ID, w.first, auth.Caller{}); err != nil || !ok {
			t.Errorf("revoke: %v, %v", ok, err)
		}
	})
}

func TestNoTokenLivesAfterAReuseWasFound(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		for range rounds() / 4 {
			w := login(t, w.db, w.clock, w.svc, public())
			token := w.expect(t, w.first, auth.Current)
			w.clock.advance(window)
			token = w.expect(t, token, auth.Current)
			race(t, w, token, func() {
				if r, err := w.refresh(t, w.first); verdictOf(t, r, err) != auth.Reuse {
					t.Errorf("%s, %v", r.Verdict, err)
				}
			})
		}
	})
}

func raceEngines(t *testing.T, take func(t *testing.T, w *world)) {
	t.Helper()
	onEngines(t, public(), func(t *testing.T, w *world) {
		for range rounds() {
			w := login(t, w.db, w.clock, w.svc, public())
			race(t, w, w.first, func() { take(t, w) })
		}
	})
}

// race lets a caller refresh on and on while take takes its right away. No refresh that begins after
// take's answer may yield tokens, and no token that was ever handed out may be good afterwards.
func race(t *testing.T, w *world, token secret.Token, take func()) {
	t.Helper()
	held := []secret.Token{w.first, token}
	var answered atomic.Bool
	var both sync.WaitGroup
	both.Go(func() {
		for {
			after := answered.Load()
			r, err := w.refresh(t, held[len(held)-1])
			if err != nil {
				if got := verdictOf(t, r, err); got != auth.Revoked {
					t.Errorf("refused by %s, want Revoked", got)
				}
				return
			}
			if after {
				t.Errorf("a refresh that began after the answer yields tokens: %s", r.Verdict)
				return
			}
			held = append(held, r.Token)
		}
	})
	both.Go(func() {
		take()
		answered.Store(true)
	})
	both.Wait()
	for i, token := range held {
		if r, err := w.refresh(t, token); verdictOf(t, r, err) != auth.Revoked {
			t.Fatalf("token %d of %d lives: %s", i, len(held), r.Verdict)
		}
	}
}
