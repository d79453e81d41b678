package accounts

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

// refusedAfter guesses at secrets until one has to wait, and returns how many were looked at.
func (f *fixture) refusedAfter(t *testing.T, most int, guess func(i int) (client, ip string)) int {
	t.Helper()
	for i := range most {
		client, ip := guess(i)
		err := f.ClientFailed(t.Context(), client, auth.Caller{IP: ip})
		var throttled *auth.Throttled
		if errors.As(err, &throttled) {
			return i
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return most
}

func TestClientSecretsAreGuessedSlowlyFromWherever(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		for _, c := range []struct {
			name  string
			guess func(i int) (client, ip string)
			want  int
		}{
			{"one client from everywhere", func(i int) (string, string) { return "one", fmt.Sprintf("198.51.%d.1", i) }, 101},
			{"every client from one address", func(i int) (string, string) { return fmt.Sprint("c", i), "203.0.113.7" }, 51},
			{"every client from one IPv6 host", func(i int) (string, string) { return fmt.Sprint("d", i), fmt.Sprintf("2001:db8::%x", i) }, 51},
			{"every client from one network", func(i int) (string, string) { return fmt.Sprint("e", i), fmt.Sprintf("192.0.2.%d", i%250) }, 201},
		} {
			if got := f.refusedAfter(t, 300, c.guess); got != c.want {
				t.Errorf("%s: %d guesses were looked at, want %d", c.name, got, c.want)
			}
		}
		f.clock.advance(24 * time.Hour)
		if err := f.ClientFailed(t.Context(), "one", somebody()); err != nil {
			t.Errorf("a day later: %v", err)
		}
	})
}
