package store

import (
	"context"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// Interactions are the statements about what users have done for an authorization request. There is no row until
// somebody has logged in, consented or gone back to the client.
type Interactions struct{ q Querier }

// Find returns what was done for a request; the zero Interaction for nothing yet.
func (s Interactions) Find(ctx context.Context, id auth.ID) (auth.Interaction, error) {
	i := auth.Interaction{ID: id}
	var loggedIn, allowed []byte
	var finished int64
	err := s.q.QueryRowContext(ctx, `SELECT logged_in, allowed, finished_at FROM interactions WHERE id = $1`, id[:]).Scan(&loggedIn, &allowed, &finished)
	if errors.Is(found(err), auth.ErrNotFound) {
		return i, nil
	}
	if err != nil {
		return i, err
	}
	i.FinishedAt = fromMillis(finished)
	return i, errors.Join(copyID(&i.LoggedIn, loggedIn), copyID(&i.Allowed, allowed))
}

// Put stores what was done until a time, unless the request is finished.
func (s Interactions) Put(ctx context.Context, i auth.Interaction, until time.Time) error {
	_, err := s.q.ExecContext(ctx, `INSERT INTO interactions (id, logged_in, allowed, finished_at, expires_at) VALUES ($1, $2, $3, 0, $4)
		ON CONFLICT (id) DO UPDATE SET logged_in = $2, allowed = $3`, i.ID[:], idArg(i.LoggedIn), idArg(i.Allowed), millis(until))
	return err
}

// Finish marks a request as answered; false when it was already.
func (s Interactions) Finish(ctx context.Context, id auth.ID, now, until time.Time) (bool, error) {
	return one(s.q.ExecContext(ctx, `INSERT INTO interactions (id, logged_in, allowed, finished_at, expires_at) VALUES ($1, $2, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET finished_at = $3 WHERE interactions.finished_at = 0`, id[:], []byte{}, millis(now), millis(until)))
}

// Sweep deletes up to limit records of requests that can no longer be answered, and returns how many.
func (s Interactions) Sweep(ctx context.Context, now time.Time, limit int) (int64, error) {
	res, err := s.q.ExecContext(ctx, `DELETE FROM interactions WHERE id IN (SELECT id FROM interactions WHERE expires_at < $1 LIMIT $2)`, millis(now), limit)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
