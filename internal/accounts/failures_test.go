package accounts

import (
	"context"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

func TestFailedLogInsOfAUserAreTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann, bob := f.user(t, "ann@example.com"), f.user(t, "bob@example.com")
	fail := func(email string) {
		_, _ = f.Verify(t.Context(), ask(email, "wrong"))
	}
	for range 5 {
		fail("ann@example.com")
	}
	fail("bob@example.com")
	waiting := len(f.failures)
	fail("unknown@example.com")
	if n := len(f.failures); n != waiting {
		t.Errorf("%d events wait after a stranger's failure, want still %d", n, waiting)
	}
	f.clock.advance(time.Minute)
	fail("ann@example.com")
	if n := f.events(t, ann.ID, auth.EventUserLoginFailed); n != 0 {
		t.Errorf("%d events before the answer, want 0: the write would tell that the user exists", n)
	}
	f.stop(t)
	if n := f.events(t, ann.ID, auth.EventUserLoginFailed); n != 2 {
		t.Errorf("%d events, want 2: one a minute", n)
	}
	if n := f.events(t, bob.ID, auth.EventUserLoginFailed); n != 1 {
		t.Errorf("%d events of the other user, want 1", n)
	}
}

func TestFloodOfFailuresDoesNotBlockLogIns(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.user(t, "ann@example.com")
	for range failureQueue + 10 { // nobody runs Run
		f.noteFailure(ann.ID, somebody(), false, nil)
	}
	if _, err := f.Verify(t.Context(), ask(ann.Email, goodPassword)); err != nil {
		t.Error(err)
	}
}

// stop lets Run write what waits.
func (f *fixture) stop(t *testing.T) {
	t.Helper()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := f.Run(stopped); err != nil {
		t.Fatal(err)
	}
}
