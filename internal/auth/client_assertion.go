package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
)

const (
	// ClientAssertionType is the typ of an assertion that says what it is; it need not.
	ClientAssertionType = "client-authentication+jwt"

	maxAssertionLife = 10 * time.Minute
	assertionSkew    = 30 * time.Second
	maxAssertionID   = 256 // bytes
)

// ErrAssertion is wrapped by whatever is wrong with a client's assertion.
var ErrAssertion = errors.New("auth: the assertion is not good")

// ClientAssertion is what a client signs to prove who it is (RFC 7523 §3).
type ClientAssertion struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  json.RawMessage `json:"aud"`
	ID        string          `json:"jti"`
	Expires   float64         `json:"exp"` // NumericDate may have a fraction
	IssuedAt  float64         `json:"iat"`
	NotBefore float64         `json:"nbf"`
}

// ReadClientAssertion reads whom an assertion claims to be from. Nothing of it is verified.
func ReadClientAssertion(token secret.Token) (ClientAssertion, error) {
	payload, err := jose.UnverifiedPayload(token.Reveal())
	if err != nil {
		return ClientAssertion{}, fmt.Errorf("%w: %w", ErrAssertion, err)
	}
	return ParseClientAssertion(payload)
}

// ParseClientAssertion reads the claims of a payload.
func ParseClientAssertion(payload []byte) (ClientAssertion, error) {
	var c ClientAssertion
	if err := jose.DecodeStrict(payload, &c); err != nil {
		return ClientAssertion{}, fmt.Errorf("%w: %w", ErrAssertion, err)
	}
	return c, nil
}

// Judge says what is wrong with the claims of an assertion whose signature is right, nil when nothing is. issuer and
// endpoint are this server's identifier and the address of its token endpoint.
func (c ClientAssertion) Judge(client Client, issuer, endpoint string, now time.Time) error {
	at := float64(now.UnixMilli()) / 1000
	skew := assertionSkew.Seconds()
	var why string
	switch {
	case c.Issuer != client.ID || c.Subject != client.ID:
		why = "iss and sub must be the client_id"
	case c.ID == "" || len(c.ID) > maxAssertionID:
		why = "jti is missing or too long"
	case !(c.Expires > at-skew): // also when it is missing
		why = "exp is missing or over"
	case c.Expires > at+maxAssertionLife.Seconds()+skew:
		why = "exp is too far ahead"
	case c.IssuedAt > at+skew || c.NotBefore > at+skew:
		why = "iat or nbf lies ahead"
	case !client.Metadata.AssertionAudience.takes(c.Audience, issuer, endpoint):
		why = "aud is not this server"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrAssertion, why)
}

// Until is when the assertion is over for every node, whatever its clock.
func (c ClientAssertion) Until() time.Time {
	return time.UnixMilli(int64(c.Expires * 1000)).Add(2 * assertionSkew).UTC()
}

// takes judges the audience: the issuer as one string, because a list lets one assertion be used at several servers.
func (p AssertionAudience) takes(raw json.RawMessage, issuer, endpoint string) bool {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return one == issuer || p == AudienceEndpoint && one == endpoint
	}
	var list []string
	if p != AudienceEndpoint || json.Unmarshal(raw, &list) != nil {
		return false
	}
	for _, one := range list {
		if one == issuer || one == endpoint {
			return true
		}
	}
	return false
}
