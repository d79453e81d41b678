package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

const (
	// spread is the time over which the rows were made: less than a session lives, so that nothing is swept.
	spread = 20 * 24 * time.Hour
	// perUser is how many grants a user has: a few devices.
	perUser = 4
	chunk   = 200_000
)

// Kinds of ids in made rows.
const (
	userKind    = 1
	sessionKind = 2
	grantKind   = 3
)

// fill makes grants until there are n made ones: copies of a real one, as the store wrote it at a log-in, with ids, times and
// generations of their own, for users of their own. Then it gives driven of the new ones, evenly spread over them, a
// secret that it knows, and keeps their tokens instead of those from before: the table as it is after weeks of use, of
// which any part may be asked for next.
func (g *ground) fill(ctx context.Context, n, driven int64) error {
	p := made{from: g.filled, to: n, step: spread.Milliseconds() / n, begin: time.Now().Add(-spread).UnixMilli()}
	for _, query := range []string{g.makeUsers(), g.makeGrants()} {
		for from := p.from; from < p.to; from += chunk {
			to := min(from+chunk, p.to)
			if _, err := g.owner.ExecContext(ctx, query, from, to-1, p.begin, p.step); err != nil {
				return fmt.Errorf("make rows: %w", err)
			}
		}
	}
	g.filled = n
	if err := g.adopt(ctx, p, min(driven, p.to-p.from)); err != nil {
		return err
	}
	return g.settle(ctx)
}

// made says how rows from up to to are numbered and dated.
type made struct{ from, to, step, begin int64 }

// id is the id of made grant n: a UUIDv7 like the store's, but not random, so that it can be told again.
func (p made) id(n int64) (auth.ID, error) {
	h := fmt.Sprintf("%012x700%d8%015x", p.begin+n*p.step, grantKind, n)
	return auth.ParseID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
}

// sequence is the common table n(g) of the numbers $1 to $2, and hex writes a number with so many digits.
func (g *ground) sequence() string {
	if g.pg != nil {
		return "WITH n AS (SELECT g FROM generate_series($1::bigint, $2::bigint) g)"
	}
	return "WITH RECURSIVE n(g) AS (SELECT $1 UNION ALL SELECT g + 1 FROM n WHERE g < $2)"
}

// id is made.id in SQL, for any kind and number.
func (g *ground) id(kind int, number string) string {
	when := fmt.Sprintf("($3 + (%s) * $4)", number)
	if g.pg != nil {
		when = fmt.Sprintf("($3::bigint + (%s) * $4::bigint)", number)
		return fmt.Sprintf("decode(lpad(to_hex(%s), 12, '0') || '700%d8' || lpad(to_hex(%s), 15, '0'), 'hex')", when, kind, number)
	}
	return fmt.Sprintf("unhex(printf('%%012x700%d8%%015x', %s, %s))", kind, when, number)
}

func (g *ground) owned() string { return fmt.Sprintf("n.g / %d * %d", perUser, perUser) }

func (g *ground) makeUsers() string {
	return g.sequence() + ` INSERT INTO users (id, email, password, password_version, roles, created_at, disabled_at)
		SELECT ` + g.id(userKind, g.owned()) + `, 'user-' || n.g || '@bench.example', t.password, 1, t.roles, t.created_at, 0
		FROM n CROSS JOIN (SELECT * FROM users ORDER BY id LIMIT 1) t WHERE n.g % ` + fmt.Sprint(perUser) + ` = 0`
}

func (g *ground) makeGrants() string {
	hash, since := "randomblob(32)", "$3 + n.g * $4"
	if g.pg != nil {
		hash, since = "sha256(int8send(n.g))", "$3::bigint + n.g * $4::bigint"
	}
	return g.sequence() + ` INSERT INTO grants (id, secret_hash, current_gen, current_key, first_gen, last_gen, since, last_used_at,
			user_id, session_id, client_id, scopes, resources, offline, binding, auth_time, amr, acr,
			created_at, expires_at, revoked_at, revoked_reason, replay_noted_at, misbound_noted_at)
		SELECT ` + g.id(grantKind, "n.g") + `, ` + hash + `, n.g % 100 + 1, t.current_key, n.g % 100, n.g % 100, t.created_at, t.last_used_at,
			` + g.id(userKind, g.owned()) + `, ` + g.id(sessionKind, "n.g") + `, t.client_id, t.scopes, t.resources, t.offline, t.binding,
			` + since + `, t.amr, t.acr, ` + since + `, ` + since + ` + (t.expires_at - t.created_at), 0, '', 0, 0
		FROM n CROSS JOIN (SELECT * FROM grants ORDER BY id LIMIT 1) t`
}

// adopt makes some of the made grants usable: every stride-th.
func (g *ground) adopt(ctx context.Context, p made, driven int64) (err error) {
	tx, err := g.owner.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("adopt grants: %w", err)
	}
	defer func() { err = errors.Join(err, ended(tx.Rollback())) }()
	kept := g.tokens[len(g.tokens)-g.real:]
	g.tokens, g.ids = nil, nil
	stride := (p.to - p.from) / driven
	for n := p.from; int64(len(g.tokens)) < driven; n += stride {
		id, err := p.id(n)
		if err != nil {
			return fmt.Errorf("adopt grants: %w", err)
		}
		token, err := g.adoptOne(ctx, tx, id, n%100+1)
		if err != nil {
			return fmt.Errorf("adopt grants: %w", err)
		}
		g.tokens, g.ids = append(g.tokens, token.Reveal()), append(g.ids, id)
	}
	g.tokens = append(g.tokens, kept...)
	return tx.Commit()
}

// adoptOne gives a grant a fresh secret and returns its token.
func (g *ground) adoptOne(ctx context.Context, tx *sql.Tx, id auth.ID, generation int64) (secret.Token, error) {
	t := auth.RefreshToken{Key: g.in.masters.Active(), GrantID: id, Generation: generation, Secret: auth.NewGrantSecret()}
	hash := t.Secret.Hash()
	result, err := tx.ExecContext(ctx, "UPDATE grants SET secret_hash = $1 WHERE id = $2", hash[:], id[:])
	if err != nil {
		return secret.Token{}, err
	}
	if rows, err := result.RowsAffected(); err != nil || rows != 1 {
		return secret.Token{}, errors.Join(fmt.Errorf("%d rows have the id %s", rows, id), err)
	}
	return t.Encode(g.in.masters)
}

// ended is nil for a transaction that was over before.
func ended(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// settle does at once what the database would do in its own time after so many new rows.
func (g *ground) settle(ctx context.Context) error {
	statements := []string{"PRAGMA wal_checkpoint(TRUNCATE)"}
	if g.pg != nil {
		statements = []string{"VACUUM (ANALYZE) grants", "VACUUM (ANALYZE) users", "CHECKPOINT"}
	}
	for _, s := range statements {
		if _, err := g.owner.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}
