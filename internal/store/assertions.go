package store

import (
	"context"
	"time"
)

// Assertions are the statements about signed assertions of clients that were used.
type Assertions struct{ q Querier }

// Use records the use of an assertion, named by a hash, until it is over; false when it was used before.
func (s Assertions) Use(ctx context.Context, hash [32]byte, until time.Time) (bool, error) {
	return one(s.q.ExecContext(ctx, `INSERT INTO client_assertions (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`,
		hash[:], millis(until)))
}

// Sweep deletes up to limit uses of assertions that are over, and returns how many.
func (s Assertions) Sweep(ctx context.Context, now time.Time, limit int) (int64, error) {
	res, err := s.q.ExecContext(ctx, `DELETE FROM client_assertions WHERE hash IN
		(SELECT hash FROM client_assertions WHERE expires_at < $1 LIMIT $2)`, millis(now), limit)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
