package accounts

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// hold fills every place of the queue and returns how to free one.
func hold(t *testing.T, q *queue) func() {
	t.Helper()
	for range q.free {
		if _, err := q.enter(t.Context(), strangers); err != nil {
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
			_, err := q.enter(t.Context(), strangers)
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
		_, err := q.enter(t.Context(), strangers)
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
				_, err := q.enter(t.Context(), strangers)
				outcomes <- err
			}()
		}
		synctest.Wait()
		if n := len(outcomes); n != 0 {
			t.Fatalf("%d of the hundred did not wait", n)
		}
		start := time.Now()
		if _, err := q.enter(t.Context(), strangers); !errors.Is(err, auth.ErrBusy) || time.Since(start) != 0 {
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
				if _, err := q.enter(t.Context(), strangers); err == nil {
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
		if _, err := q.enter(ctx, strangers); !errors.Is(err, auth.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want busy because of the deadline", err)
		}
		leave()
		if _, err := q.enter(t.Context(), strangers); err != nil {
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
			_, err := q.enter(t.Context(), strangers)
			impatient <- err
		}()
		synctest.Wait()
		if waiting, refused := s.HashQueue(); waiting != 1 || refused != 0 {
			t.Errorf("one waits: got %d waiting, %d refused", waiting, refused)
		}
		if _, err := q.enter(t.Context(), strangers); !errors.Is(err, auth.ErrBusy) {
			t.Errorf("got %v, want busy", err)
		}
		if err := <-impatient; !errors.Is(err, auth.ErrBusy) {
			t.Errorf("got %v, want busy", err)
		}
		leave()
		if _, err := q.enter(t.Context(), strangers); err != nil {
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
					if _, err := q.enter(t.Context(), l); err == nil {
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
			go func() { _, _ = q.enter(t.Context(), strangers) }()
		}
		synctest.Wait()
		if _, err := q.enter(t.Context(), strangers); !errors.Is(err, auth.ErrBusy) {
			t.Errorf("third stranger: got %v, want busy", err)
		}
		entered := make(chan error, 1)
		go func() {
			_, err := q.enter(t.Context(), familiar)
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
