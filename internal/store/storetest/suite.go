package storetest

import (
	"testing"

	"github.com/daypass/daypass/internal/store"
)

// testCase is one rule of the store. It gets a database of its own.
type testCase struct {
	name string
	test func(t *testing.T, db *store.DB)
}

// Run executes the contract of internal/store: every statement, how losers lose, and that the hot
// statement is auth.Judge in SQL. There are no opt-outs: an engine passes all of it. open returns a
// fresh, migrated, running store.
func Run(t *testing.T, open func(t testing.TB) *store.DB) {
	t.Helper()
	for _, group := range [][]testCase{
		databaseCases(), userCases(), claimCases(), sessionCases(), grantCases(), applyCases(), rotateCases(), manyCases(), clientCases(), resourceCases(), recordCases(),
		outboxCases(), authorizationCases(),
	} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.test(t, open(t))
			})
		}
	}
}
