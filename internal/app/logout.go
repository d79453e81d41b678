package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/outbound"
)

// tellLogout tells a client by the back channel that a session has ended (OpenID Connect Back-Channel Logout 1.0 §2.5). Each try
// carries a token of its own, signed as the client's ID tokens are. A client that is gone, is switched off or says that it
// does not understand is not told again; anything else is tried again for a day.
func (a *App) tellLogout(ctx context.Context, d auth.Delivery) error {
	l, err := d.Logout()
	if err != nil {
		return err
	}
	client, err := a.clients.Find(ctx, l.ClientID)
	if errors.Is(err, auth.ErrNotFound) || err == nil && (client.Disabled() || client.Metadata.BackChannelLogoutURI == "") {
		return fmt.Errorf("client %s is not told of log-outs: %w", l.ClientID, auth.ErrUndeliverable)
	}
	if err != nil {
		return err
	}
	claims := auth.NewLogoutClaims(a.config.Issuer, client.ID, a.ring.Subject(l.UserID, client), a.ring.SessionRef(l.SessionID, client.ID), a.now())
	algorithm := cmp.Or(client.Metadata.IDTokenAlgorithm, auth.DefaultIDTokenAlgorithm)
	token, err := a.ring.SignAs(auth.LogoutTokenType, jose.Algorithm(algorithm), claims)
	if err != nil {
		return err
	}
	err = a.outbound.PostForm(ctx, client.Metadata.BackChannelLogoutURI, url.Values{"logout_token": {token.Reveal()}})
	var status *outbound.StatusError
	if errors.Is(err, outbound.ErrForbidden) || errors.As(err, &status) && status.Status == http.StatusBadRequest {
		return fmt.Errorf("client %s: %w: %w", client.ID, auth.ErrUndeliverable, err)
	}
	if err != nil {
		return fmt.Errorf("client %s: %w", client.ID, err)
	}
	return nil
}
