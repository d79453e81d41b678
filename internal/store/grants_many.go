package store

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// Selector names the grants that a statement concerns; exactly one field is set.
type Selector struct {
	Grant   auth.ID
	Session auth.ID // without its offline grants
	User    auth.ID
	Client  string
}

func (s Selector) where() (string, any) {
	switch {
	case !s.Grant.IsZero():
		return "id = $1", s.Grant[:]
	case !s.Session.IsZero():
		return "session_id = $1 AND offline = 0", s.Session[:]
	case !s.User.IsZero():
		return "user_id = $1", s.User[:]
	default:
		return "client_id = $1", s.Client
	}
}

// Revoke marks every living grant of the selection, so that the swap itself refuses, and writes a
// revocation for each; it returns their ids. A client's own revocation is one record by epoch
// (Clients.Bump), so none is written per grant there.
func (s Grants) Revoke(ctx context.Context, sel Selector, reason string, now time.Time, keep time.Duration) ([]auth.ID, error) {
	where, arg := sel.where()
	rows, err := s.q.QueryContext(ctx, `UPDATE grants SET revoked_at = $2, revoked_reason = $3 WHERE `+where+` AND revoked_at = 0 RETURNING id`,
		arg, millis(now), reason)
	ids, err := collect(rows, err, scanID)
	if err != nil || sel.Client != "" {
		return ids, err
	}
	return ids, s.publish(ctx, ids, now, keep)
}

// RevokeOutside is Revoke of every living grant of a user that is not of the session given, the offline ones too.
func (s Grants) RevokeOutside(ctx context.Context, user, session auth.ID, reason string, now time.Time, keep time.Duration) ([]auth.ID, error) {
	rows, err := s.q.QueryContext(ctx, `UPDATE grants SET revoked_at = $1, revoked_reason = $2
		WHERE user_id = $3 AND session_id <> $4 AND revoked_at = 0 RETURNING id`, millis(now), reason, user[:], session[:])
	ids, err := collect(rows, err, scanID)
	if err != nil {
		return nil, err
	}
	return ids, s.publish(ctx, ids, now, keep)
}

// RevokeOf is Revoke of every living grant that a user has given a client.
func (s Grants) RevokeOf(ctx context.Context, user auth.ID, client, reason string, now time.Time, keep time.Duration) ([]auth.ID, error) {
	rows, err := s.q.QueryContext(ctx, `UPDATE grants SET revoked_at = $1, revoked_reason = $2
		WHERE user_id = $3 AND client_id = $4 AND revoked_at = 0 RETURNING id`, millis(now), reason, user[:], text(client))
	ids, err := collect(rows, err, scanID)
	if err != nil {
		return nil, err
	}
	return ids, s.publish(ctx, ids, now, keep)
}

// Holders returns which clients hold living grants of a user, by client.
func (s Grants) Holders(ctx context.Context, user auth.ID, now time.Time) ([]auth.Holder, error) {
	rows, err := s.q.QueryContext(ctx, `SELECT client_id, COUNT(*), MAX(last_used_at), MAX(offline) FROM grants
		WHERE user_id = $1 AND revoked_at = 0 AND expires_at > $2 GROUP BY client_id ORDER BY client_id`, user[:], millis(now))
	return collect(rows, err, func(row scanner) (auth.Holder, error) {
		var h auth.Holder
		var used, offline int64
		err := row.Scan(&h.ClientID, &h.Grants, &used, &offline)
		h.LastUse, h.Offline = fromMillis(used), offline != 0
		return h, err
	})
}

// publish writes the revocations of grants that were just marked.
func (s Grants) publish(ctx context.Context, grants []auth.ID, now time.Time, keep time.Duration) error {
	for _, id := range grants {
		r := auth.Revocation{Kind: auth.RevokeGrant, Subject: id.String(), At: now, Until: now.Add(keep)}
		if err := (Revocations{s.q}).Insert(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// Reauthenticated records at the living grants of a session and client that the user was recognised again: from the
// next refresh on their access tokens say so.
func (s Grants) Reauthenticated(ctx context.Context, session auth.ID, client string, authTime time.Time, amr []string) error {
	_, err := s.q.ExecContext(ctx, `UPDATE grants SET auth_time = $1, amr = $2 WHERE session_id = $3 AND client_id = $4 AND revoked_at = 0`,
		millis(authTime), joined(amr), session[:], client)
	return err
}

// List returns up to limit grants of a selection (all when the selection is empty), newest first.
func (s Grants) List(ctx context.Context, sel Selector, limit int) ([]auth.Grant, error) {
	scan := func(row scanner) (auth.Grant, error) {
		var g auth.Grant
		var t grantRow
		if err := row.Scan(grantTargets(&g, &t)...); err != nil {
			return auth.Grant{}, found(err)
		}
		err := t.fill(&g)
		return g, err
	}
	if sel == (Selector{}) {
		rows, err := s.q.QueryContext(ctx, `SELECT `+grantColumns+` FROM grants ORDER BY grants.id DESC LIMIT $1`, limit)
		return collect(rows, err, scan)
	}
	where, arg := sel.where()
	rows, err := s.q.QueryContext(ctx, `SELECT `+grantColumns+` FROM grants WHERE `+where+` ORDER BY grants.id DESC LIMIT $2`, arg, limit)
	return collect(rows, err, scan)
}

// Sweep deletes up to limit grants whose absolute end lies before the time given.
func (s Grants) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, "expires_at < $1", before, limit)
}

// SweepRevoked is Sweep of those that were revoked before the time given.
func (s Grants) SweepRevoked(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, "revoked_at > 0 AND revoked_at < $1", before, limit)
}

func (s Grants) sweep(ctx context.Context, which string, before time.Time, limit int) (int64, error) {
	res, err := s.q.ExecContext(ctx, `DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE `+which+` LIMIT $2)`,
		millis(before), limit)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Backdate moves the start of a grant's running burst into the past, so that its replay window closes.
// The demo alone uses it, to spare its visitor the wait.
func (s Grants) Backdate(ctx context.Context, id auth.ID, by time.Duration) (bool, error) {
	return one(s.q.ExecContext(ctx, `UPDATE grants SET since = since - $1 WHERE id = $2 AND since > $1`, by.Milliseconds(), id[:]))
}

// Expire moves the absolute end of a grant and of its session to now, for the demo alone.
func (s Grants) Expire(ctx context.Context, id auth.ID, now time.Time) error {
	if _, err := s.q.ExecContext(ctx, `UPDATE sessions SET expires_at = $1 WHERE expires_at > $1
		AND id IN (SELECT session_id FROM grants WHERE grants.id = $2)`, millis(now), id[:]); err != nil {
		return err
	}
	_, err := s.q.ExecContext(ctx, `UPDATE grants SET expires_at = $1 WHERE id = $2 AND expires_at > $1`, millis(now), id[:])
	return err
}
