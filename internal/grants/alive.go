package grants

import (
	"context"
	"errors"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

// Alive tells whether a verified access token's grant, client and own id are still unrevoked.
func Alive(ctx context.Context, tx *store.Tx, c auth.AccessClaims) (bool, error) {
	revoked, err := tx.Revocations.Contains(ctx, auth.RevokeToken, c.ID)
	if err != nil || revoked {
		return false, err
	}
	client, err := tx.Clients.Find(ctx, c.ClientID)
	if errors.Is(err, auth.ErrNotFound) {
		return false, nil
	}
	if err != nil || client.Disabled() || c.Epoch < client.Epoch {
		return false, err
	}
	if c.GrantID == "" {
		return true, nil // client_credentials
	}
	id, err := auth.ParseID(c.GrantID)
	if err != nil {
		return false, nil //nolint:nilerr // no grant of ours
	}
	f, _, err := tx.Grants.Facts(ctx, id)
	if errors.Is(err, auth.ErrNotFound) {
		return false, nil
	}
	return err == nil && !f.Grant.Revoked() && !f.UserGone && (!f.SessionEnded || f.Grant.Offline), err
}
