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
	RetiredAt time.Time // zero: signs
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
