package store

import (
	"context"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// Consents are the statements about what users have allowed clients.
type Consents struct{ q Querier }

const consentColumns = "user_id, client_id, scopes, resources, created_at, updated_at"

func scanConsent(row scanner) (auth.Consent, error) {
	var c auth.Consent
	var user []byte
	var scopes, resources string
	var created, updated int64
	if err := row.Scan(&user, &c.ClientID, &scopes, &resources, &created, &updated); err != nil {
		return auth.Consent{}, found(err)
	}
	c.Scopes, c.Resources, c.CreatedAt, c.UpdatedAt = split(scopes), split(resources), fromMillis(created), fromMillis(updated)
	return c, copyID(&c.UserID, user)
}

// Find returns what a user has allowed a client, or auth.ErrNotFound.
func (s Consents) Find(ctx context.Context, user auth.ID, client string) (auth.Consent, error) {
	return scanConsent(s.q.QueryRowContext(ctx, `SELECT `+consentColumns+` FROM consents WHERE user_id = $1 AND client_id = $2`, user[:], text(client)))
}

// Put stores a consent in place of the earlier one.
func (s Consents) Put(ctx context.Context, c auth.Consent) error {
	_, err := s.q.ExecContext(ctx, `INSERT INTO consents (`+consentColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = $3, resources = $4, updated_at = $6`,
		c.UserID[:], c.ClientID, joined(c.Scopes), joined(c.Resources), millis(c.CreatedAt), millis(c.UpdatedAt))
	return err
}

// Claim takes the row's lock for the rest of the transaction when there is a consent that was there at a time and has not been
// taken back since; otherwise it returns false. What is bought on a consent claims it, so that it serialises with its end.
func (s Consents) Claim(ctx context.Context, user auth.ID, client string, at time.Time) (bool, error) {
	return one(s.q.ExecContext(ctx, `UPDATE consents SET updated_at = updated_at WHERE user_id = $1 AND client_id = $2 AND created_at <= $3`,
		user[:], text(client), millis(at)))
}

// OfUser returns all that a user has allowed, by client.
func (s Consents) OfUser(ctx context.Context, user auth.ID) ([]auth.Consent, error) {
	rows, err := s.q.QueryContext(ctx, `SELECT `+consentColumns+` FROM consents WHERE user_id = $1 ORDER BY client_id`, user[:])
	return collect(rows, err, scanConsent)
}

// Delete takes a consent back; false when there was none.
func (s Consents) Delete(ctx context.Context, user auth.ID, client string) (bool, error) {
	return one(s.q.ExecContext(ctx, `DELETE FROM consents WHERE user_id = $1 AND client_id = $2`, user[:], text(client)))
}

// DeleteOf takes back all that a user has allowed, or all that a client was; the other one is zero.
func (s Consents) DeleteOf(ctx context.Context, user auth.ID, client string) error {
	_, err := s.q.ExecContext(ctx, `DELETE FROM consents WHERE user_id = $1 OR client_id = $2`, user[:], text(client))
	return err
}
