package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// Grants are the statements about grants, the rotation of a refresh token among them.
type Grants struct{ q Querier }

const grantColumns = `grants.id, grants.secret_hash, grants.current_gen, grants.current_key, grants.first_gen, grants.last_gen, grants.since, grants.last_used_at,
	grants.user_id, grants.session_id, grants.client_id, grants.scopes, grants.resources, grants.offline, grants.binding, grants.auth_time, grants.amr, grants.acr,
	grants.created_at, grants.expires_at, grants.revoked_at, grants.revoked_reason, grants.replay_noted_at, grants.misbound_noted_at, grants.claims`

type grantRow struct {
	id, hash, user, session                 []byte
	since, used, authTime, created, expires int64
	revoked, replayNoted, misboundNoted     int64
	scopes, resources, amr, claims          string
	offline                                 int64
}

func grantTargets(g *auth.Grant, t *grantRow) []any {
	return []any{
		&t.id, &t.hash, &g.Current, &g.CurrentKey, &g.First, &g.Last, &t.since, &t.used,
		&t.user, &t.session, &g.ClientID, &t.scopes, &t.resources, &t.offline, &g.Binding, &t.authTime, &t.amr, &g.ACR,
		&t.created, &t.expires, &t.revoked, &g.RevokedReason, &t.replayNoted, &t.misboundNoted, &t.claims,
	}
}

func (t grantRow) fill(g *auth.Grant) error {
	g.Since, g.LastUsedAt = fromMillis(t.since), fromMillis(t.used)
	g.Scopes, g.Resources, g.AMR, g.Claims = split(t.scopes), split(t.resources), split(t.amr), split(t.claims)
	g.Offline = t.offline != 0
	g.AuthTime, g.CreatedAt, g.ExpiresAt = fromMillis(t.authTime), fromMillis(t.created), fromMillis(t.expires)
	g.RevokedAt = fromMillis(t.revoked)
	g.ReplayNotedAt, g.MisboundNotedAt = fromMillis(t.replayNoted), fromMillis(t.misboundNoted)
	return errors.Join(copyID(&g.ID, t.id), copyID(&g.UserID, t.user), copyID(&g.SessionID, t.session),
		copyHash(&g.SecretHash, t.hash))
}

// Insert adds a grant.
func (s Grants) Insert(ctx context.Context, g auth.Grant) error {
	_, err := s.q.ExecContext(ctx, `INSERT INTO grants (id, secret_hash, current_gen, current_key, first_gen, last_gen, since,
		last_used_at, user_id, session_id, client_id, scopes, resources, offline, binding, auth_time, amr, acr,
		created_at, expires_at, revoked_at, revoked_reason, replay_noted_at, misbound_noted_at, claims)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
		g.ID[:], g.SecretHash[:], g.Current, int64(g.CurrentKey), g.First, g.Last, millis(g.Since),
		millis(g.LastUsedAt), g.UserID[:], g.SessionID[:], g.ClientID, joined(g.Scopes), joined(g.Resources), flag(g.Offline),
		g.Binding, millis(g.AuthTime), joined(g.AMR), g.ACR, millis(g.CreatedAt), millis(g.ExpiresAt),
		millis(g.RevokedAt), g.RevokedReason, millis(g.ReplayNotedAt), millis(g.MisboundNotedAt), joined(g.Claims))
	return err
}

// Swap is a rotation as the hot path asks for it: of a bearer of a known client, judged by the row
// alone.
type Swap struct {
	Grant      auth.ID
	SecretHash [32]byte
	Generation int64
	ClientID   string
	Binding    string // what the request proved
	Public     bool   // then Binding must be the grant's
	Proves     bool   // the replay window never closes
	Rules      auth.RefreshRules
	Now        time.Time
}

// Rotate is the one statement of design §4: an UPDATE whose WHERE is the conjunction of all that makes
// the verdict Current for a rotating client, with the user's standing read in RETURNING. moved is
// false when any part of it does not hold; the row is then read (Facts) and auth.Judge decides. The
// grant comes back as it is after the move, but for Claims, which are UserInfo's; userGone tells that the user was deleted or disabled.
// The last such commits may be lost with the machine, which auth.Ahead heals.
//
// PostgreSQL reads the row again after waiting for a concurrent writer, so exactly one of several
// callers matches current_gen = $3, and a revocation that came first is seen.
func (db *DB) Rotate(ctx context.Context, w Swap) (g auth.Grant, roles []string, userGone, moved bool, err error) {
	t := grantRow{id: w.Grant[:], hash: w.SecretHash[:], used: millis(w.Now)}
	var standing sql.NullString
	g.ClientID, g.Current, g.Last, g.CurrentKey = w.ClientID, w.Generation+1, w.Generation, w.Rules.Key
	moved, err = db.engine.Swap(ctx, Statement{
		SQL: rotateSQL,
		Args: []any{
			w.Grant[:], w.SecretHash[:], w.Generation, w.ClientID, w.Binding, flag(w.Public), flag(w.Proves),
			w.Rules.Window.Milliseconds(), millis(w.Now), w.Rules.IdleLimit(true).Milliseconds(), w.Rules.IdleLimit(false).Milliseconds(),
			int64(w.Rules.Key), int64(auth.MaxGeneration),
		},
		Row: []any{
			&g.First, &t.since, &t.user, &t.session, &t.scopes, &t.resources, &t.offline, &g.Binding, &t.authTime, &t.amr, &g.ACR,
			&t.created, &t.expires, &t.replayNoted, &t.misboundNoted, &standing,
		},
	})
	if err != nil || !moved {
		return auth.Grant{}, nil, false, false, err
	}
	err = t.fill(&g)
	return g, split(standing.String), !standing.Valid, true, err
}

// windowOpen is auth.RefreshRules.WindowOpen in SQL: $7 proves, $8 the window, $9 now; -120000 is the
// clock slack of 120 s. The cast keeps PostgreSQL from taking a number of milliseconds for 32 bits.
const windowOpen = `(grants.first_gen >= 0 AND ($7 = 1 OR (CAST($8 AS BIGINT) > 0 AND $9 - grants.since < $8 AND $9 - grants.since >= -120000)))`

// rotatedColumns leave out what the statement itself fixed: each column costs on both sides of the wire, at every refresh.
const rotatedColumns = `grants.first_gen, grants.since, grants.user_id, grants.session_id, grants.scopes, grants.resources, grants.offline,
	grants.binding, grants.auth_time, grants.amr, grants.acr, grants.created_at, grants.expires_at, grants.replay_noted_at, grants.misbound_noted_at`

const rotateSQL = `UPDATE grants SET
		first_gen = CASE WHEN ` + windowOpen + ` THEN grants.first_gen ELSE grants.current_gen END,
		since = CASE WHEN ` + windowOpen + ` THEN grants.since ELSE $9 END,
		last_gen = grants.current_gen,
		current_gen = grants.current_gen + 1,
		current_key = $12,
		last_used_at = $9
	WHERE grants.id = $1 AND grants.secret_hash = $2 AND grants.current_gen = $3 AND grants.current_gen < $13
		AND grants.client_id = $4 AND ($6 = 0 OR grants.binding = $5)
		AND grants.revoked_at = 0 AND grants.expires_at > $9
		AND $9 - grants.last_used_at < CASE WHEN grants.offline = 1 THEN CAST($10 AS BIGINT) ELSE CAST($11 AS BIGINT) END
	RETURNING ` + rotatedColumns + `, (SELECT u.roles FROM users u WHERE u.id = grants.user_id AND u.disabled_at = 0)`

// Facts reads all that a refresh is judged on, and the user's roles, in one statement; it returns
// auth.ErrNotFound when there is no such grant (verdict Unknown).
func (s Grants) Facts(ctx context.Context, id auth.ID) (f auth.RefreshFacts, user auth.User, err error) {
	var t grantRow
	var roles, email, refresh sql.NullString
	var userDisabled, sessionEnded, sessionUsed, clientDisabled, clientPublic sql.NullInt64
	var newest int64
	row := s.q.QueryRowContext(ctx, `SELECT `+grantColumns+`, u.disabled_at, u.roles, u.email, s.ended_at, s.last_used_at,
			(SELECT COALESCE(MAX(o.last_used_at), 0) FROM grants o WHERE o.session_id = grants.session_id),
			c.disabled_at, c.public, c.refresh
		FROM grants LEFT JOIN users u ON u.id = grants.user_id LEFT JOIN sessions s ON s.id = grants.session_id
			LEFT JOIN clients c ON c.id = grants.client_id
		WHERE grants.id = $1`, id[:])
	if err := row.Scan(append(grantTargets(&f.Grant, &t), &userDisabled, &roles, &email, &sessionEnded, &sessionUsed, &newest,
		&clientDisabled, &clientPublic, &refresh)...); err != nil {
		return auth.RefreshFacts{}, auth.User{}, found(err)
	}
	if err := t.fill(&f.Grant); err != nil {
		return auth.RefreshFacts{}, auth.User{}, err
	}
	f.UserGone = !userDisabled.Valid || userDisabled.Int64 != 0
	f.SessionEnded = !sessionEnded.Valid || sessionEnded.Int64 != 0
	f.SessionUse = fromMillis(max(sessionUsed.Int64, newest))
	f.ClientGone = !clientDisabled.Valid || clientDisabled.Int64 != 0
	f.Client = auth.Client{ID: f.Grant.ClientID, Public: clientPublic.Int64 != 0, Refresh: auth.RefreshPolicy(refresh.String)}
	user = auth.User{ID: f.Grant.UserID, Email: email.String, Roles: split(roles.String), DisabledAt: fromMillis(userDisabled.Int64)}
	return f, user, nil
}

// Apply writes a verdict's change when the row is still the one that was judged, with its events and
// revocations; false means that somebody else was first: read and judge again. Ending a grant asks
// only that it is alive, since no concurrent rotation may save it. A grant that had ended before keeps
// its end and takes notes only.
func (s Grants) Apply(ctx context.Context, judged auth.Grant, c auth.Change) (bool, error) {
	var applied bool
	var err error
	if g := c.Grant; g.Revoked() && (!judged.Revoked() || len(c.Revocations) > 0) {
		applied, err = one(s.q.ExecContext(ctx, `UPDATE grants SET revoked_at = $1, revoked_reason = $2 WHERE id = $3 AND revoked_at = 0`,
			millis(g.RevokedAt), g.RevokedReason, g.ID[:]))
	} else {
		applied, err = one(s.q.ExecContext(ctx, `UPDATE grants SET current_gen = $1, current_key = $2, first_gen = $3, last_gen = $4,
				since = $5, last_used_at = $6, replay_noted_at = $7, misbound_noted_at = $8
			WHERE id = $9 AND current_gen = $10 AND first_gen = $11 AND last_gen = $12 AND since = $13
				AND replay_noted_at = $14 AND misbound_noted_at = $15 AND revoked_at = $16 AND last_used_at = $17`,
			g.Current, int64(g.CurrentKey), g.First, g.Last, millis(g.Since), millis(g.LastUsedAt),
			millis(g.ReplayNotedAt), millis(g.MisboundNotedAt), g.ID[:],
			judged.Current, judged.First, judged.Last, millis(judged.Since), millis(judged.ReplayNotedAt), millis(judged.MisboundNotedAt),
			millis(judged.RevokedAt), millis(judged.LastUsedAt)))
	}
	if err != nil || !applied {
		return false, err
	}
	for _, e := range c.Events {
		if err := (Events{s.q}).Insert(ctx, e); err != nil {
			return false, err
		}
	}
	return true, (Revocations{s.q}).Insert(ctx, c.Revocations...)
}
