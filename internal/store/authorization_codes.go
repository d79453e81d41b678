package store

import (
	"context"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// Codes are the statements about authorization codes.
type Codes struct{ q Querier }

// Insert adds a code.
func (s Codes) Insert(ctx context.Context, c auth.AuthorizationCode) error {
	request, err := toJSON(c.Request)
	if err != nil {
		return err
	}
	_, err = s.q.ExecContext(ctx, `INSERT INTO authorization_codes (hash, request, user_id, session_id, auth_time, amr, acr, created_at, expires_at,
		used_at, grant_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		c.Hash[:], request, c.UserID[:], c.SessionID[:], millis(c.AuthTime), joined(c.AMR), c.ACR, millis(c.CreatedAt), millis(c.ExpiresAt),
		millis(c.UsedAt), idArg(c.GrantID))
	return err
}

// Find returns the code of a hash, or auth.ErrNotFound.
func (s Codes) Find(ctx context.Context, hash [32]byte) (auth.AuthorizationCode, error) {
	c := auth.AuthorizationCode{Hash: hash}
	var request, amr string
	var user, session, grant []byte
	var authTime, created, expires, used int64
	err := s.q.QueryRowContext(ctx, `SELECT request, user_id, session_id, auth_time, amr, acr, created_at, expires_at, used_at, grant_id
		FROM authorization_codes WHERE hash = $1`, hash[:]).
		Scan(&request, &user, &session, &authTime, &amr, &c.ACR, &created, &expires, &used, &grant)
	if err != nil {
		return auth.AuthorizationCode{}, found(err)
	}
	c.AuthTime, c.AMR, c.CreatedAt, c.ExpiresAt, c.UsedAt = fromMillis(authTime), split(amr), fromMillis(created), fromMillis(expires), fromMillis(used)
	err = errors.Join(fromJSON(request, &c.Request), copyID(&c.UserID, user), copyID(&c.SessionID, session), copyID(&c.GrantID, grant))
	return c, err
}

// Use marks a code as used for the grant it buys; false when it was used before.
func (s Codes) Use(ctx context.Context, hash [32]byte, grant auth.ID, now time.Time) (bool, error) {
	return one(s.q.ExecContext(ctx, `UPDATE authorization_codes SET used_at = $1, grant_id = $2 WHERE hash = $3 AND used_at = 0`,
		millis(now), grant[:], hash[:]))
}

// Sweep deletes up to limit codes that expired before a time, and returns how many. A used one is worth keeping for as long
// as its replay should be noticed.
func (s Codes) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	res, err := s.q.ExecContext(ctx, `DELETE FROM authorization_codes WHERE hash IN (SELECT hash FROM authorization_codes WHERE expires_at < $1 LIMIT $2)`,
		millis(before), limit)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
