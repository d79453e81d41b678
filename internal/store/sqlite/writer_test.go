package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/store"
)

func TestOneFailingFunctionHarmsNoOther(t *testing.T) {
	t.Parallel()
	e := fresh(t)
	domain := errors.New("no")
	release := held(t, e)
	s := &submitted{e: e}
	then := func(first func(store.Querier) error, next func() error) func(store.Querier) error {
		return func(q store.Querier) error {
			if err := first(q); err != nil {
				return err
			}
			return next()
		}
	}
	for id := range 10 {
		s.addInsert(id%3 == 0, id)
		switch id {
		case 2:
			s.add(then(insert(102), func() error { return domain }))
		case 4:
			s.add(then(insert(104), func() error { panic("a bug") }))
		case 6:
			s.add(insert(2)) // a row that is there
		case 7:
			s.addInsert(true, 2)
		case 8:
			s.add(then(insert(108), func() error { return insert(109)(nil) })) // panics, too
		}
	}
	release()
	failed := 0
	for i, answer := range s.answers {
		switch err := <-answer; {
		case err == nil:
		case errors.Is(err, store.ErrUnavailable):
			t.Errorf("job %d: %v, a failure of another job", i, err)
		default:
			failed++
		}
	}
	if failed != 5 {
		t.Errorf("%d jobs failed, want the five that must", failed)
	}
	got := ids(t, e)
	for id := range 10 {
		if !got[id] {
			t.Errorf("row %d was answered and is not there", id)
		}
	}
	if len(got) != 10 {
		t.Errorf("rows %v: a failed function left something", got)
	}
}

func TestWhatIsCancelledInTheQueueIsNeverExecuted(t *testing.T) {
	t.Parallel()
	e := fresh(t)
	for _, swap := range []bool{false, true} {
		release := held(t, e)
		s := &submitted{e: e}
		s.addInsert(swap, 1)
		s.addInsert(swap, 2)
		s.cancels[0]()
		if err := <-s.answers[0]; !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v, want ErrUnavailable at once", err)
		}
		release()
		if err := <-s.answers[1]; err != nil && !swap {
			t.Error(err)
		}
		if got := ids(t, e); got[1] || !got[2] {
			t.Errorf("rows %v, want 2 alone", got)
		}
	}
}

func TestNothingIsExecutedAfterItsDeadline(t *testing.T) {
	t.Parallel()
	e := fresh(t)
	past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for range 200 { // whichever branch of a select is taken
		for _, err := range []error{e.Update(past, insert(1)), swapIn(past, e, 1)} {
			if !errors.Is(err, store.ErrUnavailable) {
				t.Fatalf("%v, want ErrUnavailable", err)
			}
		}
	}
	if got := ids(t, e); len(got) != 0 {
		t.Errorf("rows %v", got)
	}
}

// Another process may hold the file for seconds; who gave up meanwhile must not be executed when it is free.
func TestNothingIsExecutedAfterItsDeadlineWhenAnotherProcessHeldTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "things.db")
	e, other := opened(t, path), opened(t, path)
	running(t, e)
	running(t, other)
	release := held(t, other)
	defer release()
	s := &submitted{e: e}
	answer := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	go func() { answer <- swapIn(ctx, e, 1) }()
	if err := <-answer; !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
	release()
	s.add(insert(2))
	if err := <-s.answers[0]; err != nil {
		t.Fatal(err)
	}
	if got := ids(t, e); got[1] || !got[2] {
		t.Errorf("rows %v, want 2 alone", got)
	}
}

func TestWhatHasBegunRunsToItsEnd(t *testing.T) {
	t.Parallel()
	e := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := e.Update(ctx, func(q store.Querier) error {
		cancel()
		for id := range 3 {
			if _, err := q.ExecContext(ctx, "INSERT INTO things (id, v) VALUES ($1, $2)", id, []byte("x")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("%v, want the answer of what was done", err)
	}
	if got := ids(t, e); len(got) != 3 {
		t.Errorf("rows %v", got)
	}
}

func TestWhatWaitsWhenTheWriterEndsIsUnavailableAndNotExecuted(t *testing.T) {
	t.Parallel()
	e := opened(t, filepath.Join(t.TempDir(), "things.db"))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	release := held(t, e)
	cancel()
	s := &submitted{e: e}
	for id := range 50 {
		s.addInsert(id%2 == 0, id)
	}
	release()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	got := map[int]bool{}
	for id, answer := range s.answers {
		switch err := <-answer; {
		case err == nil:
			got[id] = true // taken before the end
		case !errors.Is(err, store.ErrUnavailable):
			t.Errorf("job %d: %v", id, err)
		}
	}
	stored := ids(t, e)
	for id := range 50 {
		if stored[id] != got[id] {
			t.Errorf("row %d: stored %v, answered %v", id, stored[id], got[id])
		}
	}
}

// A full disk, played by SQLite's own limit: nobody is told that something is stored which is not, what
// was acknowledged stays, and the engine goes on when there is room again.
func TestAFullDiskIsUnavailableAndLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	for _, swap := range []bool{false, true} {
		e := fresh(t)
		limit := func(pages string) {
			err := e.Update(t.Context(), func(q store.Querier) error {
				pragma(t, q, "max_page_count="+pages)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Update(t.Context(), insert(1000)); err != nil {
			t.Fatal(err)
		}
		limit("40")
		release := held(t, e)
		s := &submitted{e: e}
		for id := range 20 {
			if id == 10 {
				s.addInsert(swap, id) // small, would fit
				continue
			}
			s.addPut(swap, id, make([]byte, 30_000))
		}
		release()
		acknowledged, refused := map[int]bool{1000: true}, 0
		for id, answer := range s.answers {
			switch err := <-answer; {
			case err == nil:
				acknowledged[id] = true
			case errors.Is(err, store.ErrUnavailable):
				refused++
			default:
				t.Errorf("job %d: %v, want ErrUnavailable", id, err)
			}
		}
		got := ids(t, e)
		for id := range acknowledged {
			if !got[id] {
				t.Errorf("swap=%v: row %d was acknowledged and is not there", swap, id)
			}
		}
		for id := range got {
			if !acknowledged[id] {
				t.Errorf("swap=%v: row %d was refused and is there", swap, id)
			}
		}
		if refused == 0 {
			t.Errorf("swap=%v: the disk was never full", swap)
		}
		limit("100000")
		if err := e.Update(t.Context(), put(2000, make([]byte, 30_000))); err != nil {
			t.Errorf("with room again: %v", err)
		}
	}
}
