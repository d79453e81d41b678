package store

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// Resources are the statements about protected APIs. Those that change one move the change sequence.
type Resources struct{ q Querier }

const resourceColumns = "id, name, scopes, lifetime, algorithm, format, introspection, created_at, disabled_at"

func scanResource(row scanner) (auth.Resource, error) {
	var r auth.Resource
	var scopes, format, introspection string
	var lifetime, created, disabled int64
	if err := row.Scan(&r.ID, &r.Name, &scopes, &lifetime, &r.Algorithm, &format, &introspection, &created, &disabled); err != nil {
		return auth.Resource{}, found(err)
	}
	r.Scopes, r.Introspection = split(scopes), split(introspection)
	r.Lifetime, r.Format = time.Duration(lifetime)*time.Millisecond, auth.TokenFormat(format)
	r.CreatedAt, r.DisabledAt = fromMillis(created), fromMillis(disabled)
	return r, nil
}

func resourceArgs(r auth.Resource) []any {
	return []any{
		r.ID, text(r.Name), joined(r.Scopes), r.Lifetime.Milliseconds(), r.Algorithm, string(r.Format), joined(r.Introspection),
		millis(r.CreatedAt), millis(r.DisabledAt),
	}
}

// Insert adds a resource; inserted is false when the id is taken.
func (s Resources) Insert(ctx context.Context, r auth.Resource) (inserted bool, err error) {
	inserted, err = one(s.q.ExecContext(ctx, `INSERT INTO resources (`+resourceColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`, resourceArgs(r)...))
	return inserted, s.moved(ctx, inserted, err)
}

// Update replaces all of a resource but its id and time of creation.
func (s Resources) Update(ctx context.Context, r auth.Resource) (bool, error) {
	a := resourceArgs(r)
	ok, err := one(s.q.ExecContext(ctx, `UPDATE resources SET name = $2, scopes = $3, lifetime = $4, algorithm = $5, format = $6,
		introspection = $7, disabled_at = $8 WHERE id = $1`, append(a[:7:7], a[8])...))
	return ok, s.moved(ctx, ok, err)
}

// Find returns a resource, or auth.ErrNotFound.
func (s Resources) Find(ctx context.Context, id string) (auth.Resource, error) {
	return scanResource(s.q.QueryRowContext(ctx, `SELECT `+resourceColumns+` FROM resources WHERE id = $1`, text(id)))
}

// List returns all resources by id.
func (s Resources) List(ctx context.Context) ([]auth.Resource, error) {
	rows, err := s.q.QueryContext(ctx, `SELECT `+resourceColumns+` FROM resources ORDER BY id`)
	return collect(rows, err, scanResource)
}

// Delete removes a resource.
func (s Resources) Delete(ctx context.Context, id string) (bool, error) {
	ok, err := one(s.q.ExecContext(ctx, `DELETE FROM resources WHERE id = $1`, text(id)))
	return ok, s.moved(ctx, ok, err)
}

func (s Resources) moved(ctx context.Context, changed bool, err error) error {
	if err != nil || !changed {
		return err
	}
	return (Settings{s.q}).Changed(ctx)
}
