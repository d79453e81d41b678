package store

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// Outbox are the statements about what waits to be sent.
type Outbox struct{ q Querier }

const deliveryColumns = "id, kind, key_version, sealed, created_at, due_at, expires_at, tries"

func scanDelivery(row scanner) (auth.Delivery, error) {
	var d auth.Delivery
	var id []byte
	var created, due, expires int64
	if err := row.Scan(&id, &d.Kind, &d.Key, &d.Sealed, &created, &due, &expires, &d.Tries); err != nil {
		return auth.Delivery{}, found(err)
	}
	d.CreatedAt, d.DueAt, d.ExpiresAt = fromMillis(created), fromMillis(due), fromMillis(expires)
	err := copyID(&d.ID, id)
	return d, err
}

// Insert adds a delivery.
func (s Outbox) Insert(ctx context.Context, d auth.Delivery) error {
	_, err := s.q.ExecContext(ctx, `INSERT INTO outbox (`+deliveryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		d.ID[:], d.Kind, int64(d.Key), d.Sealed, millis(d.CreatedAt), millis(d.DueAt), millis(d.ExpiresAt), d.Tries)
	return err
}

// Due tells whether there is anything to claim.
func (s Outbox) Due(ctx context.Context, now time.Time) (bool, error) {
	var n int64
	err := s.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE due_at <= $1 LIMIT 1) AS first`, millis(now)).Scan(&n)
	return n > 0, err
}

// Claim takes up to limit deliveries that are due and defers them until the time given, so that no other node tries them
// meanwhile, and somebody does if this one dies. Each is counted as tried.
func (s Outbox) Claim(ctx context.Context, now, until time.Time, limit int) ([]auth.Delivery, error) {
	// The outer due_at makes PostgreSQL look again at a row that another node has just claimed.
	rows, err := s.q.QueryContext(ctx, `UPDATE outbox SET due_at = $1, tries = tries + 1
		WHERE due_at <= $2 AND id IN (SELECT id FROM outbox WHERE due_at <= $2 ORDER BY due_at LIMIT $3)
		RETURNING `+deliveryColumns, millis(until), millis(now), limit)
	return collect(rows, err, scanDelivery)
}

// Defer puts the next try of a delivery off until a time.
func (s Outbox) Defer(ctx context.Context, id auth.ID, until time.Time) error {
	_, err := s.q.ExecContext(ctx, `UPDATE outbox SET due_at = $1 WHERE id = $2`, millis(until), id[:])
	return err
}

// Delete removes a delivery that was made or given up.
func (s Outbox) Delete(ctx context.Context, id auth.ID) error {
	_, err := s.q.ExecContext(ctx, `DELETE FROM outbox WHERE id = $1`, id[:])
	return err
}

// Sweep deletes up to limit deliveries that are of no use any more, and returns how many.
func (s Outbox) Sweep(ctx context.Context, now time.Time, limit int) (int64, error) {
	res, err := s.q.ExecContext(ctx, `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE expires_at < $1 LIMIT $2)`, millis(now), limit)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
