package auth

import (
	"encoding/json"
	"fmt"
	"time"
)

// DeliveryLogout is the kind of a delivery that holds a Logout.
const DeliveryLogout = "logout"

const (
	logoutWorth    = 24 * time.Hour  // how long a client is told of a log-out that it did not hear
	logoutLifetime = 2 * time.Minute // of one token (OpenID Connect Back-Channel Logout 1.0 §2.4)

	// LogoutTokenType is the typ of a logout token.
	LogoutTokenType = "logout+jwt" //nolint:gosec // a media type
	logoutEvent     = "http://schemas.openid.net/event/backchannel-logout"
)

// Logout is what a client is told: this session of this user has ended.
type Logout struct {
	ClientID  string `json:"client"`
	UserID    ID     `json:"user"`
	SessionID ID     `json:"session"`
}

// NewLogout makes the delivery of a Logout. It holds names and no secret, so it is not sealed.
func NewLogout(l Logout, now time.Time) (Delivery, error) {
	body, err := json.Marshal(l)
	if err != nil {
		return Delivery{}, fmt.Errorf("auth: logout: %w", err)
	}
	return Delivery{ID: NewID(now), Kind: DeliveryLogout, Sealed: body, CreatedAt: now, DueAt: now, ExpiresAt: now.Add(logoutWorth)}, nil
}

// Logout reads a delivery. The error wraps ErrUndeliverable.
func (d Delivery) Logout() (Logout, error) {
	var l Logout
	if err := json.Unmarshal(d.Sealed, &l); err != nil {
		return l, fmt.Errorf("%w: %w", ErrUndeliverable, err)
	}
	return l, nil
}

// LogoutClaims are the claims of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4). There is never a nonce, so that
// none is taken for an ID token.
type LogoutClaims struct {
	Issuer    string                         `json:"iss"`
	Subject   string                         `json:"sub"`
	Audience  string                         `json:"aud"`
	IssuedAt  int64                          `json:"iat"`
	Expires   int64                          `json:"exp"`
	ID        string                         `json:"jti"`
	SessionID string                         `json:"sid"`
	Events    map[string]map[string]struct{} `json:"events"`
}

// NewLogoutClaims are the claims for one try.
func NewLogoutClaims(issuer, client, subject, session string, now time.Time) LogoutClaims {
	return LogoutClaims{
		Issuer: issuer, Subject: subject, Audience: client, SessionID: session, ID: NewID(now).String(),
		IssuedAt: now.Unix(), Expires: now.Add(logoutLifetime).Unix(), Events: map[string]map[string]struct{}{logoutEvent: {}},
	}
}
