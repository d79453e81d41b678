package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// anybody is one stranger.
var anybody = seat{line: strangers}

// hold fills every place of the queue and returns how to free one.
func hold(t *testing.T, q *queue) func() {
	t.Helper()
	for range q.free {
		if _, err := q.enter(t.Context(), anybody); err != nil {
			t.Fatalf("enter a free queue: %v", err)
		}
	}
	return q.leave
}

func TestQueueLetsTheWaiterInWhenAPlaceIsFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2, 100, 5*time.Second)
		leave := hold(t, q)
		entered := make(chan error, 1)
		go func() {
			_, err := q.enter(t.Context(), anybody)
			entered <- err
		}()
		synctest.Wait()
		select {
		case err := <-entered:
			t.Fatalf("entered a full queue: %v", err)
		default:
		}
		time.Sleep(4 * time.Second)
		leave()
		if err := <-entered; err != nil {
			t.Errorf("got %v, want a place", err)
		}
	})
}

func TestQueueGivesUpWhenPatienceIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 100, 5*time.Second)
		hold(t, q)
		start := time.Now()
		_, err := q.enter(t.Context(), anybody)
		if waited := time.Since(start); !errors.Is(err, auth.ErrBusy) || waited != 5*time.Second {
			t.Errorf("got %v after %v, want busy after 5s", err, waited)
		}
		if n := q.count.Load(); n != 0 {
			t.Errorf("%d still counted as waiting, want 0", n)
		}
	})
}

func TestQueueRefusesAtOnceWhenAHundredWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 100, 5*time.Second)
		hold(t, q)
		outcomes := make(chan error, 100)
		for range 100 {
			go func() {
				_, err := q.enter(t.Context(), anybody)
				outcomes <- err
			}()
		}
		synctest.Wait()
		if n := len(outcomes); n != 0 {
			t.Fatalf("%d of the hundred did not wait", n)
		}
		start := time.Now()
		if _, err := q.enter(t.Context(), anybody); !errors.Is(err, auth.ErrBusy) || time.Since(start) != 0 {
			t.Errorf("waiter 101: got %v after %v, want busy at once", err, time.Since(start))
		}
		for range 100 {
			if err := <-outcomes; !errors.Is(err, auth.ErrBusy) {
				t.Errorf("got %v, want busy", err)
			}
		}
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("the hundred waited %v, want 5s", waited)
		}
	})
}

func TestQueueServesInTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 100, 5*time.Second)
		leave := hold(t, q)
		served := make(chan int, 10)
		for i := range 10 {
			go func() {
				if _, err := q.enter(t.Context(), anybody); err == nil {
					served <- i
				}
			}()
			synctest.Wait()
		}
		var order []int
		for range 10 {
			leave()
			order = append(order, <-served)
		}
		if !slices.IsSorted(order) {
			t.Errorf("served in the order %v", order)
		}
	})
}

func TestQueueLetsGoOfACallerWhoHangsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 100, 5*time.Second)
		leave := hold(t, q)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := q.enter(ctx, anybody); !errors.Is(err, auth.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want busy because of the deadline", err)
		}
		leave()
		if _, err := q.enter(t.Context(), anybody); err != nil {
			t.Errorf("the place was lost: %v", err)
		}
	})
}

func TestQueueCountsWhomItTurnsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 1, 5*time.Second)
		leave := hold(t, q)
		s := &Service{hasher: &hasher{queue: q}}
		impatient := make(chan error)
		go func() {
			_, err := q.enter(t.Context(), anybody)
			impatient <- err
		}()
		synctest.Wait()
		if waiting, refused := s.HashQueue(); waiting != 1 || refused != 0 {
			t.Errorf("one waits: got %d waiting, %d refused", waiting, refused)
		}
		if _, err := q.enter(t.Context(), anybody); !errors.Is(err, auth.ErrBusy) {
			t.Errorf("got %v, want busy", err)
		}
		if err := <-impatient; !errors.Is(err, auth.ErrBusy) {
			t.Errorf("got %v, want busy", err)
		}
		leave()
		if _, err := q.enter(t.Context(), anybody); err != nil {
			t.Errorf("a free queue: %v", err)
		}
		if waiting, refused := s.HashQueue(); waiting != 0 || refused != 2 {
			t.Errorf("at the end: got %d waiting, %d refused, want 0 and 2", waiting, refused)
		}
	})
}

func TestLinesOfTheQueueTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 100, 5*time.Second)
		leave := hold(t, q)
		served := make(chan line, 30)
		wait := func(l line, n int) {
			for range n {
				go func() {
					if _, err := q.enter(t.Context(), seat{line: l}); err == nil {
						served <- l
					}
				}()
				synctest.Wait()
			}
		}
		wait(strangers, 20)
		wait(familiar, 3)
		var order []line
		for range 23 {
			leave()
			order = append(order, <-served)
		}
		if want := []line{familiar, strangers, familiar, strangers, familiar, strangers}; !slices.Equal(order[:6], want) {
			t.Errorf("served in the order %v, want to begin with %v", order, want)
		}
	})
}

func TestFullLineOfStrangersLeavesTheOtherOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 2, 5*time.Second)
		leave := hold(t, q)
		for range 2 {
			go func() { _, _ = q.enter(t.Context(), anybody) }()
		}
		synctest.Wait()
		if _, err := q.enter(t.Context(), anybody); !errors.Is(err, auth.ErrBusy) {
			t.Errorf("third stranger: got %v, want busy", err)
		}
		entered := make(chan error, 1)
		go func() {
			_, err := q.enter(t.Context(), seat{line: familiar})
			entered <- err
		}()
		synctest.Wait()
		leave() // the first place of both lines goes to who was here before
		synctest.Wait()
		select {
		case err := <-entered:
			if err != nil {
				t.Errorf("got %v, want a place", err)
			}
		default:
			t.Error("a known device waits behind strangers")
		}
		leave()
		leave()
	})
}

// crowd makes n requests wait in a seat and returns where their outcomes come.
func crowd(t *testing.T, q *queue, s seat, n int) chan error {
	t.Helper()
	outcomes := make(chan error, n)
	for range n {
		go func() {
			_, err := q.enter(t.Context(), s)
			outcomes <- err
		}()
		synctest.Wait()
	}
	return outcomes
}

func TestFloodOfOneKeepsNobodyElseOutOfALine(t *testing.T) {
	t.Parallel()
	for _, l := range []line{strangers, familiar} {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(1, 100, 5*time.Second)
			leave := hold(t, q)
			flood := crowd(t, q, seat{l, "198.51.100.0/24", "mallory"}, 150)
			if n := len(flood); n != 50 {
				t.Errorf("%d of the flood were sent away at once, want 50", n)
			}
			owner := crowd(t, q, seat{l, "203.0.113.0/24", "owner"}, 2)
			if n := len(flood); n != 52 || len(owner) != 0 {
				t.Errorf("%d of the flood were sent away, %d of the owner's, want two more for the owner's two", n, len(owner))
			}
			for range 4 { // the owner's two are served among the first four
				leave()
				synctest.Wait()
			}
			if len(owner) != 2 || <-owner != nil || <-owner != nil {
				t.Error("the owner waits behind the flood")
			}
			if n := q.count.Load(); n != 96 {
				t.Errorf("%d wait, want 96", n)
			}
		})
	}
}

func TestFullLineOfManyStaysFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 3, 5*time.Second)
		leave := hold(t, q)
		var waits []chan error
		for _, who := range []string{"a", "b", "c"} {
			waits = append(waits, crowd(t, q, seat{strangers, who, who}, 1))
		}
		late := crowd(t, q, seat{strangers, "d", "d"}, 1)
		if len(late) != 1 || !errors.Is(<-late, auth.ErrBusy) {
			t.Error("a fourth pushes out one of three who have one request each")
		}
		for _, w := range waits {
			leave()
			synctest.Wait()
			if len(w) != 1 || <-w != nil {
				t.Error("not served in turn")
			}
		}
		leave()
		if q.free != 1 {
			t.Errorf("%d places are free, want 1", q.free)
		}
	})
}

// Many accounts or addresses of one network are one party, and a coworker in it still has a turn.
func TestFloodOfOneNetworkKeepsNobodyElseOut(t *testing.T) {
	t.Parallel()
	for _, l := range []line{strangers, familiar} {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(1, 100, 5*time.Second)
			leave := hold(t, q)
			for i := range 100 {
				crowd(t, q, seat{l, "net", fmt.Sprint("account ", i%20)}, 1)
			}
			owner := crowd(t, q, seat{l, "elsewhere", "owner"}, 1)
			coworker := crowd(t, q, seat{l, "net", "coworker"}, 1)
			if len(owner)+len(coworker) != 0 {
				t.Fatal("no seat for who has none yet")
			}
			for range 2 {
				leave()
				synctest.Wait()
			}
			if len(owner) != 1 || <-owner != nil {
				t.Error("the owner waits behind a network")
			}
			for range 21 {
				leave()
				synctest.Wait()
			}
			if len(coworker) != 1 || <-coworker != nil {
				t.Error("the coworker waits behind the flood of the network")
			}
		})
	}
}

func TestWhoIsKnownMayStillWaitWithTheStrangers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 2, 5*time.Second)
		leave := hold(t, q)
		for _, who := range []string{"a", "b"} {
			crowd(t, q, seat{familiar, who, who}, 1)
		}
		late := crowd(t, q, seat{familiar, "c", "c"}, 1)
		if len(late) != 0 {
			t.Fatal("sent away although there is room among the strangers")
		}
		for range 3 {
			leave()
			synctest.Wait()
		}
		if len(late) != 1 || <-late != nil {
			t.Error("not served")
		}
	})
}
