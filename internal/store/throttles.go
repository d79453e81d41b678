package store

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// ThrottleKey names a counter: a keyed hash of what it counts.
type ThrottleKey [16]byte

// Throttles are the statements about counters of tries.
type Throttles struct{ q Querier }

// Find returns the counters of up to three keys; the zero counter stands for one that is not there.
func (s Throttles) Find(ctx context.Context, keys ...ThrottleKey) (map[ThrottleKey]auth.Throttle, error) {
	var three [3]ThrottleKey
	copy(three[:], keys)
	type row struct {
		key ThrottleKey
		is  auth.Throttle
	}
	rows, err := s.q.QueryContext(ctx, `SELECT id, tries, at, until FROM throttles WHERE id IN ($1, $2, $3)`,
		three[0][:], three[1][:], three[2][:])
	all, err := collect(rows, err, func(r scanner) (row, error) {
		var id []byte
		var at, until int64
		var one row
		err := r.Scan(&id, &one.is.Count, &at, &until)
		copy(one.key[:], id)
		one.is.At, one.is.Until = fromMillis(at), fromMillis(until)
		return one, err
	})
	found := make(map[ThrottleKey]auth.Throttle, len(all))
	for _, r := range all {
		found[r.key] = r.is
	}
	return found, err
}

// Lock returns a counter, making it when it is not there; nobody else changes it before the transaction ends.
// Whoever locks several does so in the order of their keys, or two would wait for each other. Set follows.
func (s Throttles) Lock(ctx context.Context, key ThrottleKey) (auth.Throttle, error) {
	var t auth.Throttle
	var at, until int64
	err := s.q.QueryRowContext(ctx, `INSERT INTO throttles (id, tries, at, until, forget_at) VALUES ($1, 0, 0, 0, 0)
		ON CONFLICT (id) DO UPDATE SET tries = throttles.tries RETURNING tries, at, until`, key[:]).Scan(&t.Count, &at, &until)
	t.At, t.Until = fromMillis(at), fromMillis(until)
	return t, err
}

// Set writes a locked counter, which may be swept away from forget on. One of nothing is taken away at once.
func (s Throttles) Set(ctx context.Context, key ThrottleKey, t auth.Throttle, forget time.Time) error {
	if t.Count == 0 && t.Until.IsZero() {
		_, err := s.q.ExecContext(ctx, `DELETE FROM throttles WHERE id = $1`, key[:])
		return err
	}
	_, err := s.q.ExecContext(ctx, `UPDATE throttles SET tries = $1, at = $2, until = $3, forget_at = $4 WHERE id = $5`,
		t.Count, millis(t.At), millis(t.Until), millis(forget), key[:])
	return err
}

// Sweep deletes up to limit counters that have forgotten everything by now, and returns how many.
func (s Throttles) Sweep(ctx context.Context, now time.Time, limit int) (int64, error) {
	res, err := s.q.ExecContext(ctx, `DELETE FROM throttles WHERE id IN
		(SELECT id FROM throttles WHERE forget_at < $1 LIMIT $2)`, millis(now), limit)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
