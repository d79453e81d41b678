package store

import (
	"context"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// Sessions are the statements about sessions.
type Sessions struct{ q Querier }

const sessionColumns = `s.id, s.user_id, s.token_hash, s.auth_time, s.amr, s.acr, s.ip, s.user_agent,
	s.created_at, s.last_used_at, s.expires_at, s.ended_at, s.end_reason`

// newestUse is the newest of the session's own use and its grants'.
const newestUse = `(SELECT COALESCE(MAX(g.last_used_at), 0) FROM grants g WHERE g.session_id = s.id)`

func sessionTargets(s *auth.Session, t *sessionRow) []any {
	return []any{
		&t.id, &t.user, &t.hash, &t.authTime, &t.amr, &s.ACR, &s.Device.IP, &s.Device.UserAgent,
		&t.created, &t.used, &t.expires, &t.ended, &s.EndReason,
	}
}

type sessionRow struct {
	id, user, hash                          []byte
	amr                                     string
	authTime, created, used, expires, ended int64
}

func (t sessionRow) fill(s *auth.Session) error {
	s.AuthTime, s.AMR = fromMillis(t.authTime), split(t.amr)
	s.CreatedAt, s.LastUsedAt = fromMillis(t.created), fromMillis(t.used)
	s.ExpiresAt, s.EndedAt = fromMillis(t.expires), fromMillis(t.ended)
	if err := copyID(&s.ID, t.id); err != nil {
		return err
	}
	if err := copyID(&s.UserID, t.user); err != nil {
		return err
	}
	return copyHash(&s.TokenHash, t.hash)
}

func scanSessionView(row scanner) (auth.SessionView, error) {
	var v auth.SessionView
	var t sessionRow
	var newest int64
	if err := row.Scan(append(sessionTargets(&v.Session, &t), &newest)...); err != nil {
		return auth.SessionView{}, found(err)
	}
	if err := t.fill(&v.Session); err != nil {
		return auth.SessionView{}, err
	}
	v.LastUse = v.LastUsedAt
	if g := fromMillis(newest); g.After(v.LastUse) {
		v.LastUse = g
	}
	return v, nil
}

// Insert adds a session.
func (q Sessions) Insert(ctx context.Context, s auth.Session) error {
	_, err := q.q.ExecContext(ctx, `INSERT INTO sessions (id, user_id, token_hash, auth_time, amr, acr, ip, user_agent,
		created_at, last_used_at, expires_at, ended_at, end_reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		s.ID[:], s.UserID[:], s.TokenHash[:], millis(s.AuthTime), joined(s.AMR), s.ACR, text(s.Device.IP), text(s.Device.UserAgent),
		millis(s.CreatedAt), millis(s.LastUsedAt), millis(s.ExpiresAt), millis(s.EndedAt), s.EndReason)
	return err
}

// Find returns a session with its newest use, or auth.ErrNotFound.
func (q Sessions) Find(ctx context.Context, id auth.ID) (auth.SessionView, error) {
	return scanSessionView(q.q.QueryRowContext(ctx,
		`SELECT `+sessionColumns+`, `+newestUse+` FROM sessions s WHERE s.id = $1`, id[:]))
}

// FindByToken returns the session of an SSO cookie's hash, or auth.ErrNotFound.
func (q Sessions) FindByToken(ctx context.Context, hash [32]byte) (auth.SessionView, error) {
	return scanSessionView(q.q.QueryRowContext(ctx,
		`SELECT `+sessionColumns+`, `+newestUse+` FROM sessions s WHERE s.token_hash = $1`, hash[:]))
}

// ListByUser returns the user's sessions that have not ended and are not over at now, newest first.
func (q Sessions) ListByUser(ctx context.Context, user auth.ID, now time.Time) ([]auth.SessionView, error) {
	rows, err := q.q.QueryContext(ctx, `SELECT `+sessionColumns+`, `+newestUse+` FROM sessions s
		WHERE s.user_id = $1 AND s.ended_at = 0 AND s.expires_at > $2 ORDER BY s.id DESC`, user[:], millis(now))
	return collect(rows, err, scanSessionView)
}

// ClientsByUser returns, for each of the user's sessions that have not ended, the clients that hold or held grants of it,
// the first one first.
func (q Sessions) ClientsByUser(ctx context.Context, user auth.ID) (map[auth.ID][]string, error) {
	type holder struct {
		session auth.ID
		client  string
	}
	rows, err := q.q.QueryContext(ctx, `SELECT g.session_id, g.client_id FROM sessions s JOIN grants g ON g.session_id = s.id
		WHERE s.user_id = $1 AND s.ended_at = 0 ORDER BY g.id`, user[:])
	all, err := collect(rows, err, func(row scanner) (h holder, err error) {
		var id []byte
		if err := row.Scan(&id, &h.client); err != nil {
			return h, err
		}
		return h, copyID(&h.session, id)
	})
	if err != nil {
		return nil, err
	}
	clients := map[auth.ID][]string{}
	for _, h := range all {
		if !slices.Contains(clients[h.session], h.client) {
			clients[h.session] = append(clients[h.session], h.client)
		}
	}
	return clients, nil
}

// Touch records a use of the session's own cookie.
func (q Sessions) Touch(ctx context.Context, id auth.ID, now time.Time) error {
	_, err := q.q.ExecContext(ctx, `UPDATE sessions SET last_used_at = $1 WHERE id = $2 AND last_used_at < $1`, millis(now), id[:])
	return err
}

// Renew gives a living session another cookie and the time and methods of the authentication that earned it; the
// value of the old cookie is anonymous from then on. False: there is no such session, or it has ended.
func (q Sessions) Renew(ctx context.Context, id auth.ID, hash [32]byte, authTime time.Time, amr []string) (bool, error) {
	return one(q.q.ExecContext(ctx, `UPDATE sessions SET token_hash = $1, auth_time = $2, amr = $3 WHERE id = $4 AND ended_at = 0`,
		hash[:], millis(authTime), joined(amr), id[:]))
}

// Surplus returns the user's sessions beyond the one given and the others most recently used ones, up to 1000 of them. The
// session itself and its grants count as uses.
func (q Sessions) Surplus(ctx context.Context, user, session auth.ID, others int, now time.Time) ([]auth.ID, error) {
	rows, err := q.q.QueryContext(ctx, `SELECT id FROM (SELECT s.id, s.last_used_at, `+newestUse+` AS newest FROM sessions s
			WHERE s.user_id = $1 AND s.id <> $4 AND s.ended_at = 0 AND s.expires_at > $2) AS live
		ORDER BY CASE WHEN newest > last_used_at THEN newest ELSE last_used_at END DESC, id DESC LIMIT 1000 OFFSET $3`,
		user[:], millis(now), others, session[:])
	return collect(rows, err, scanID)
}

// End ends a session; false when it was not there or had ended. Its grants end by Grants.Revoke in the
// same transaction.
func (q Sessions) End(ctx context.Context, id auth.ID, reason string, now time.Time) (bool, error) {
	ended, err := one(q.q.ExecContext(ctx, `UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE id = $3 AND ended_at = 0`,
		millis(now), reason, id[:]))
	if err != nil || !ended {
		return ended, err
	}
	return true, q.announce(ctx, id, now)
}

// announce leaves a delivery for each client that had a part in a session and wants to hear of its end (OpenID Connect
// Back-Channel Logout 1.0 §2.3). It is done here, so that no way to end a session forgets it.
func (q Sessions) announce(ctx context.Context, session auth.ID, now time.Time) error {
	rows, err := q.q.QueryContext(ctx, `SELECT DISTINCT g.user_id, g.client_id FROM grants g JOIN clients c ON c.id = g.client_id
		WHERE g.session_id = $1 AND c.metadata LIKE '%"backchannel_logout_uri":%'`, session[:])
	all, err := collect(rows, err, func(row scanner) (l auth.Logout, err error) {
		var user []byte
		if err := row.Scan(&user, &l.ClientID); err != nil {
			return l, err
		}
		l.SessionID = session
		return l, copyID(&l.UserID, user)
	})
	if err != nil {
		return err
	}
	for _, l := range all {
		d, err := auth.NewLogout(l, now)
		if err != nil {
			return err
		}
		if err := (Outbox{q.q}).Insert(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// EndByUser ends all sessions of a user but the given one (zero: all) and returns their ids.
func (q Sessions) EndByUser(ctx context.Context, user, keep auth.ID, reason string, now time.Time) ([]auth.ID, error) {
	rows, err := q.q.QueryContext(ctx, `UPDATE sessions SET ended_at = $1, end_reason = $2
		WHERE user_id = $3 AND id <> $4 AND ended_at = 0 RETURNING id`, millis(now), reason, user[:], keep[:])
	ids, err := collect(rows, err, scanID)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if err := q.announce(ctx, id, now); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Sweep deletes up to limit sessions whose absolute end lies before the time given and that hold no
// grant any more, and returns how many.
func (q Sessions) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	return q.sweep(ctx, "s.expires_at < $1", before, limit)
}

// SweepEnded is Sweep of those that were ended before the time given.
func (q Sessions) SweepEnded(ctx context.Context, before time.Time, limit int) (int64, error) {
	return q.sweep(ctx, "s.ended_at > 0 AND s.ended_at < $1", before, limit)
}

func (q Sessions) sweep(ctx context.Context, which string, before time.Time, limit int) (int64, error) {
	res, err := q.q.ExecContext(ctx, `DELETE FROM sessions WHERE id IN (SELECT s.id FROM sessions s
		WHERE `+which+` AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.session_id = s.id) LIMIT $2)`,
		millis(before), limit)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func scanID(row scanner) (auth.ID, error) {
	var id auth.ID
	var b []byte
	if err := row.Scan(&b); err != nil {
		return id, found(err)
	}
	err := copyID(&id, b)
	return id, err
}
