package store

import (
	"context"
	"time"
)

// Keys are the statements about signing keys.
type Keys struct{ q Querier }

// SigningKey is a signing key as stored: its private half is sealed (internal/keys opens it).
type SigningKey struct {
	ID        string // RFC 7638 thumbprint
	Algorithm string
	Master    byte // version of the master key it is sealed under
	Sealed    []byte
	CreatedAt time.Time
	RetiredAt time.Time // when the next one signs in its place; zero: not yet decided
}

func scanKey(row scanner) (SigningKey, error) {
	var k SigningKey
	var created, retired int64
	if err := row.Scan(&k.ID, &k.Algorithm, &k.Master, &k.Sealed, &created, &retired); err != nil {
		return SigningKey{}, found(err)
	}
	k.CreatedAt, k.RetiredAt = fromMillis(created), fromMillis(retired)
	return k, nil
}

// Insert adds a key and moves the change sequence.
func (s Keys) Insert(ctx context.Context, k SigningKey) error {
	_, err := s.q.ExecContext(ctx, `INSERT INTO signing_keys (kid, alg, master_version, sealed, created_at, retired_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, k.ID, k.Algorithm, int64(k.Master), k.Sealed, millis(k.CreatedAt), millis(k.RetiredAt))
	if err != nil {
		return err
	}
	return (Settings{s.q}).Changed(ctx)
}

// List returns all keys, oldest first.
func (s Keys) List(ctx context.Context) ([]SigningKey, error) {
	rows, err := s.q.QueryContext(ctx, `SELECT kid, alg, master_version, sealed, created_at, retired_at
		FROM signing_keys ORDER BY created_at, kid`)
	return collect(rows, err, scanKey)
}

// Retire says when a key stops signing, unless it does earlier already, and moves the change sequence.
func (s Keys) Retire(ctx context.Context, kid string, at time.Time) error {
	changed, err := one(s.q.ExecContext(ctx, `UPDATE signing_keys SET retired_at = $1 WHERE kid = $2 AND (retired_at = 0 OR retired_at > $1)`,
		millis(at), kid))
	if err != nil || !changed {
		return err
	}
	return (Settings{s.q}).Changed(ctx)
}

// Delete removes a key: whatever it signed is refused from then on. It moves the change sequence.
func (s Keys) Delete(ctx context.Context, kid string) (bool, error) {
	ok, err := one(s.q.ExecContext(ctx, `DELETE FROM signing_keys WHERE kid = $1`, kid))
	if err != nil || !ok {
		return ok, err
	}
	return true, (Settings{s.q}).Changed(ctx)
}

// Sweep deletes up to limit keys that retired before then, and moves the change sequence when there were any.
func (s Keys) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	res, err := s.q.ExecContext(ctx, `DELETE FROM signing_keys WHERE kid IN
		(SELECT kid FROM signing_keys WHERE retired_at > 0 AND retired_at < $1 LIMIT $2)`, millis(before), limit)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		return n, err
	}
	return n, (Settings{s.q}).Changed(ctx)
}
