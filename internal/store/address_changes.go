package store

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// AddressChanges are the statements about new addresses that wait for their proof.
type AddressChanges struct{ q Querier }

// Put stores a change in place of the user's earlier one.
func (s AddressChanges) Put(ctx context.Context, c auth.AddressChange) error {
	_, err := s.q.ExecContext(ctx, `INSERT INTO address_changes (user_id, session_id, email, code_mac, asked_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (user_id) DO UPDATE SET session_id = $2, email = $3, code_mac = $4, asked_at = $5, expires_at = $6`,
		c.UserID[:], c.SessionID[:], c.Email, c.CodeMAC[:], millis(c.AskedAt), millis(c.ExpiresAt))
	return err
}

// Find returns the user's change, or auth.ErrNotFound.
func (s AddressChanges) Find(ctx context.Context, user auth.ID) (auth.AddressChange, error) {
	var c auth.AddressChange
	var id, session, mac []byte
	var asked, expires int64
	err := s.q.QueryRowContext(ctx, `SELECT user_id, session_id, email, code_mac, asked_at, expires_at FROM address_changes WHERE user_id = $1`, user[:]).
		Scan(&id, &session, &c.Email, &mac, &asked, &expires)
	if err != nil {
		return auth.AddressChange{}, found(err)
	}
	c.AskedAt, c.ExpiresAt = fromMillis(asked), fromMillis(expires)
	if err := copyID(&c.UserID, id); err != nil {
		return auth.AddressChange{}, err
	}
	if err := copyID(&c.SessionID, session); err != nil {
		return auth.AddressChange{}, err
	}
	err = copyHash(&c.CodeMAC, mac)
	return c, err
}

// Delete removes the user's change, if there is one.
func (s AddressChanges) Delete(ctx context.Context, user auth.ID) error {
	_, err := s.q.ExecContext(ctx, `DELETE FROM address_changes WHERE user_id = $1`, user[:])
	return err
}

// Sweep deletes up to limit changes that were not proven in time, and returns how many.
func (s AddressChanges) Sweep(ctx context.Context, now time.Time, limit int) (int64, error) {
	res, err := s.q.ExecContext(ctx, `DELETE FROM address_changes WHERE user_id IN (SELECT user_id FROM address_changes WHERE expires_at < $1 LIMIT $2)`,
		millis(now), limit)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
