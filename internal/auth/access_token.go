package auth

import (
	"encoding/json"
	"time"
)

// Audience is the aud claim: one string, or an array when there are several (RFC 7519 §4.1.3).
type Audience []string

// MarshalJSON writes a single audience as a string.
func (a Audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON reads a string or an array of strings.
func (a *Audience) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]string)(a))
	}
	var single string
	if err := json.Unmarshal(data, &single); err != nil {
		return err
	}
	*a = Audience{single}
	return nil
}

// AccessClaims are the claims of a JWT access token (RFC 9068 §2.2), and no more than the resource needs.
type AccessClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  Audience `json:"aud"`
	Expires   int64    `json:"exp"` // seconds since 1970 (RFC 7519 NumericDate)
	IssuedAt  int64    `json:"iat"`
	ID        string   `json:"jti"`
	ClientID  string   `json:"client_id"`
	Scope     string   `json:"scope,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr,omitempty"`
	SessionID string   `json:"sid,omitempty"` // derived per client, so that it links nothing across clients
	GrantID   string   `json:"gid,omitempty"`
	Epoch     int64    `json:"cep,omitempty"` // the client's epoch, by which its tokens are revoked at once
	Roles     []string `json:"roles,omitempty"`
}

// AccessTokenType is the typ header of a JWT access token (RFC 9068 §2.1).
const AccessTokenType = "at+jwt"

// AccessLife says how long an access token issued now lives: its lifetime, cut to the grant's end.
func AccessLife(lifetime time.Duration, grantEnd, now time.Time) time.Duration {
	if grantEnd.IsZero() {
		return lifetime
	}
	return max(min(lifetime, grantEnd.Sub(now)), 0)
}
