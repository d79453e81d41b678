package store

import (
	"context"
)

// Settings are single values, and the one change sequence that caches follow.
type Settings struct{ q Querier }

// Get returns a value, or auth.ErrNotFound.
func (s Settings) Get(ctx context.Context, name string) ([]byte, error) {
	var v []byte
	err := s.q.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, name).Scan(&v)
	return v, found(err)
}

// WithPrefix returns the values whose names begin so; prefix ends with a colon.
func (s Settings) WithPrefix(ctx context.Context, prefix string) (map[string][]byte, error) {
	type setting struct {
		name  string
		value []byte
	}
	after := prefix[:len(prefix)-1] + ";" // the character after the colon
	rows, err := s.q.QueryContext(ctx, `SELECT name, value FROM settings WHERE name >= $1 AND name < $2`, prefix, after)
	list, err := collect(rows, err, func(row scanner) (setting, error) {
		var v setting
		err := row.Scan(&v.name, &v.value)
		return v, err
	})
	all := map[string][]byte{}
	for _, v := range list {
		all[v.name] = v.value
	}
	return all, err
}

// Put writes a value when there is none yet and tells whether it did.
func (s Settings) Put(ctx context.Context, name string, value []byte) (bool, error) {
	return one(s.q.ExecContext(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value))
}

// Set writes a value over whatever was there.
func (s Settings) Set(ctx context.Context, name string, value []byte) error {
	_, err := s.q.ExecContext(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

// Changed moves the change sequence. It is called inside the transaction that changes a client, a
// resource, a key or a policy.
func (s Settings) Changed(ctx context.Context) error {
	_, err := s.q.ExecContext(ctx, `UPDATE change_sequence SET seq = seq + 1 WHERE id = 1`)
	return err
}

// Sequence returns the position of the change sequence.
func (s Settings) Sequence(ctx context.Context) (int64, error) {
	var seq int64
	err := s.q.QueryRowContext(ctx, `SELECT seq FROM change_sequence WHERE id = 1`).Scan(&seq)
	return seq, err
}
