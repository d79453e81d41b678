package store

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// Revocations are the statements about the records that resource servers follow.
type Revocations struct{ q Querier }

// Insert adds records; the publisher numbers them after the commit.
func (s Revocations) Insert(ctx context.Context, all ...auth.Revocation) error {
	for _, r := range all {
		id := auth.NewID(r.At)
		if _, err := s.q.ExecContext(ctx, `INSERT INTO revocations (id, kind, subject, epoch, at, until, number)
			VALUES ($1, $2, $3, $4, $5, $6, 0)`, id[:], string(r.Kind), r.Subject, r.Epoch, millis(r.At), millis(r.Until)); err != nil {
			return err
		}
	}
	return nil
}

// Contains tells whether a subject was revoked and the record is still kept.
func (s Revocations) Contains(ctx context.Context, kind auth.RevocationKind, subject string) (bool, error) {
	var n int64
	err := s.q.QueryRowContext(ctx, `SELECT COUNT(*) FROM revocations WHERE kind = $1 AND subject = $2`, string(kind), subject).Scan(&n)
	return n > 0, err
}

// Sweep deletes up to limit records that no living access token needs.
func (s Revocations) Sweep(ctx context.Context, now time.Time, limit int) (int64, error) {
	res, err := s.q.ExecContext(ctx, `DELETE FROM revocations WHERE id IN (SELECT id FROM revocations WHERE until < $1 LIMIT $2)`, millis(now), limit)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
