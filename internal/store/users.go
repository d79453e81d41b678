package store

import (
	"context"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

// Users are the statements about users.
type Users struct{ q Querier }

const userColumns = "id, email, password, password_version, roles, created_at, disabled_at, claims"

func scanUser(row scanner) (auth.User, error) {
	var u auth.User
	var id []byte
	var password, roles, claims string
	var created, disabled int64
	if err := row.Scan(&id, &u.Email, &password, &u.PasswordVersion, &roles, &created, &disabled, &claims); err != nil {
		return auth.User{}, found(err)
	}
	u.Password, u.Roles = secret.FromString(password), split(roles)
	u.CreatedAt, u.DisabledAt = fromMillis(created), fromMillis(disabled)
	return u, errors.Join(copyID(&u.ID, id), fromJSON(claims, &u.Profile))
}

// Insert adds a user; inserted is false when the address is taken.
func (s Users) Insert(ctx context.Context, u auth.User) (inserted bool, err error) {
	claims, err := toJSON(u.Profile)
	if err != nil {
		return false, err
	}
	return one(s.q.ExecContext(ctx, `INSERT INTO users (`+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (email) DO NOTHING`,
		u.ID[:], u.Email, u.Password.Reveal(), u.PasswordVersion, joined(u.Roles), millis(u.CreatedAt), millis(u.DisabledAt), claims))
}

// Find returns the user of an id, or auth.ErrNotFound.
func (s Users) Find(ctx context.Context, id auth.ID) (auth.User, error) {
	return scanUser(s.q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE id = $1`, id[:]))
}

// FindByEmail returns the user of a normalised address, or auth.ErrNotFound.
func (s Users) FindByEmail(ctx context.Context, email string) (auth.User, error) {
	return scanUser(s.q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE email = $1`, text(email)))
}

// List returns up to limit users whose id is greater than after, in order.
func (s Users) List(ctx context.Context, after auth.ID, limit int) ([]auth.User, error) {
	rows, err := s.q.QueryContext(ctx, `SELECT `+userColumns+` FROM users WHERE id > $1 ORDER BY id LIMIT $2`, after[:], limit)
	return collect(rows, err, scanUser)
}

// Claim takes the row's lock for the rest of the transaction when the user is still enabled and the
// password still the one that was verified; otherwise it returns false. A log-in claims before it
// creates the session, so that it serialises with a disable and with a change of password.
func (s Users) Claim(ctx context.Context, id auth.ID, passwordVersion int64) (bool, error) {
	return one(s.q.ExecContext(ctx, `UPDATE users SET password_version = password_version
		WHERE id = $1 AND password_version = $2 AND disabled_at = 0`, id[:], passwordVersion))
}

// SetPassword replaces the password when its version is still the given one.
func (s Users) SetPassword(ctx context.Context, id auth.ID, version int64, phc secret.Token) (bool, error) {
	return one(s.q.ExecContext(ctx, `UPDATE users SET password = $1, password_version = password_version + 1
		WHERE id = $2 AND password_version = $3`, phc.Reveal(), id[:], version))
}

// SetHash replaces the stored hash of the password, which stays the same, when its version is still the
// given one: another algorithm, another cost.
func (s Users) SetHash(ctx context.Context, id auth.ID, version int64, phc secret.Token) (bool, error) {
	return one(s.q.ExecContext(ctx, `UPDATE users SET password = $1 WHERE id = $2 AND password_version = $3`, phc.Reveal(), id[:], version))
}

// SetEmail replaces the user's address when it is still the given one and nobody has the new one; both are normalised.
func (s Users) SetEmail(ctx context.Context, id auth.ID, from, to string) (bool, error) {
	return one(s.q.ExecContext(ctx, `UPDATE users SET email = $1 WHERE id = $2 AND email = $3
		AND NOT EXISTS (SELECT 1 FROM users WHERE email = $1)`, text(to), id[:], text(from)))
}

// SetProfile replaces the user's standard claims; false when there is no such user.
func (s Users) SetProfile(ctx context.Context, id auth.ID, p auth.Profile) (bool, error) {
	claims, err := toJSON(p)
	if err != nil {
		return false, err
	}
	return one(s.q.ExecContext(ctx, `UPDATE users SET claims = $1 WHERE id = $2`, claims, id[:]))
}

// SetRoles replaces the user's roles; false when there is no such user. The next access token has them.
func (s Users) SetRoles(ctx context.Context, id auth.ID, roles []string) (bool, error) {
	return one(s.q.ExecContext(ctx, `UPDATE users SET roles = $1 WHERE id = $2`, joined(roles), id[:]))
}

// SetDisabled disables (at a time) or enables (zero time) a user; false when there is nothing to do.
func (s Users) SetDisabled(ctx context.Context, id auth.ID, at time.Time) (bool, error) {
	if at.IsZero() {
		return one(s.q.ExecContext(ctx, `UPDATE users SET disabled_at = 0 WHERE id = $1 AND disabled_at <> 0`, id[:]))
	}
	return one(s.q.ExecContext(ctx, `UPDATE users SET disabled_at = $1 WHERE id = $2 AND disabled_at = 0`, millis(at), id[:]))
}

// Delete removes a user. Its grants must have been revoked in the same transaction.
func (s Users) Delete(ctx context.Context, id auth.ID) (bool, error) {
	return one(s.q.ExecContext(ctx, `DELETE FROM users WHERE id = $1`, id[:]))
}
