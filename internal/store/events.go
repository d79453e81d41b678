package store

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// Events are the statements about audit records, which are only ever added.
type Events struct{ q Querier }

const eventColumns = "id, at, kind, user_id, session_id, grant_id, client_id, ip, user_agent, detail"

func scanEvent(row scanner) (auth.Event, error) {
	var e auth.Event
	var id, user, session, grant []byte
	var at int64
	if err := row.Scan(&id, &at, &e.Kind, &user, &session, &grant, &e.ClientID, &e.Caller.IP, &e.Caller.UserAgent, &e.Detail); err != nil {
		return auth.Event{}, found(err)
	}
	e.At = fromMillis(at)
	for _, c := range []struct {
		to   *auth.ID
		from []byte
	}{{&e.ID, id}, {&e.UserID, user}, {&e.SessionID, session}, {&e.GrantID, grant}} {
		if err := copyID(c.to, c.from); err != nil {
			return auth.Event{}, err
		}
	}
	return e, nil
}

// Insert adds a record; an event without an id gets one.
func (s Events) Insert(ctx context.Context, e auth.Event) error {
	if e.ID.IsZero() {
		e.ID = auth.NewID(e.At)
	}
	_, err := s.q.ExecContext(ctx, `INSERT INTO events (`+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.ID[:], millis(e.At), string(e.Kind), idArg(e.UserID), idArg(e.SessionID), idArg(e.GrantID), text(e.ClientID),
		text(e.Caller.IP), text(e.Caller.UserAgent), text(e.Detail))
	return err
}

// Find returns one record, or auth.ErrNotFound.
func (s Events) Find(ctx context.Context, id auth.ID) (auth.Event, error) {
	return scanEvent(s.q.QueryRowContext(ctx, `SELECT `+eventColumns+` FROM events WHERE id = $1`, id[:]))
}

// OfGrant returns the newest records about a grant, newest first.
func (s Events) OfGrant(ctx context.Context, grant auth.ID, limit int) ([]auth.Event, error) {
	rows, err := s.q.QueryContext(ctx, `SELECT `+eventColumns+` FROM events WHERE grant_id = $1 ORDER BY id DESC LIMIT $2`, grant[:], limit)
	return collect(rows, err, scanEvent)
}

// OfUser returns the newest records about a user, newest first.
func (s Events) OfUser(ctx context.Context, user auth.ID, limit int) ([]auth.Event, error) {
	rows, err := s.q.QueryContext(ctx, `SELECT `+eventColumns+` FROM events WHERE user_id = $1 ORDER BY id DESC LIMIT $2`, user[:], limit)
	return collect(rows, err, scanEvent)
}

// Sweep deletes up to limit records older than the time given. Ids are time-ordered, so the primary
// key finds them.
func (s Events) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	var bound auth.ID
	fresh := auth.NewID(before)
	copy(bound[:6], fresh[:6])
	res, err := s.q.ExecContext(ctx, `DELETE FROM events WHERE id IN (SELECT id FROM events WHERE id < $1 ORDER BY id LIMIT $2)`, bound[:], limit)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
