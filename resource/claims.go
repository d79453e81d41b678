package resource

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
)

// claimSet is the payload of an access token, RFC 9068 §2.2.
type claimSet struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  stringOrList    `json:"aud"`
	Expires   *numericDate    `json:"exp"`
	IssuedAt  *numericDate    `json:"iat"`
	NotBefore *numericDate    `json:"nbf"`
	ID        string          `json:"jti"`
	ClientID  string          `json:"client_id"`
	Scope     string          `json:"scope"`
	GrantID   string          `json:"gid"`
	SessionID string          `json:"sid"`
	Epoch     *numericDate    `json:"cep"`
	Roles     stringList      `json:"roles"`
	AuthTime  *numericDate    `json:"auth_time"`
	ACR       string          `json:"acr"`
	AMR       stringList      `json:"amr"`
	Bound     json.RawMessage `json:"cnf"`
}

// numericDate is seconds since 1970, RFC 7519 §2. Fractions are cut off.
type numericDate int64

// UnmarshalJSON takes numbers alone, from zero to 2^53: beyond, two parsers may disagree about the value.
func (d *numericDate) UnmarshalJSON(raw []byte) error {
	const maxExact = 1 << 53
	if len(raw) == 0 || raw[0] < '0' || raw[0] > '9' {
		return errors.New("not a time")
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f > maxExact {
		return errors.New("not a time")
	}
	*d = numericDate(math.Floor(f))
	return nil
}

func (d *numericDate) number() int64 {
	if d == nil {
		return 0
	}
	return int64(*d)
}

func (d *numericDate) time() time.Time {
	if d == nil {
		return time.Time{}
	}
	return time.Unix(int64(*d), 0).UTC()
}

// stringList is a list of strings; encoding/json would take null for an empty one.
type stringList []string

// UnmarshalJSON refuses lists that hold anything but strings.
func (l *stringList) UnmarshalJSON(raw []byte) error {
	var items []*string
	if err := json.Unmarshal(raw, &items); err != nil {
		return errors.New("not a list of strings")
	}
	for _, item := range items {
		if item == nil {
			return errors.New("not a list of strings")
		}
		*l = append(*l, *item)
	}
	return nil
}

// stringOrList is the form of aud, RFC 7519 §4.1.3.
type stringOrList []string

// UnmarshalJSON takes one string or a list of strings.
func (l *stringOrList) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '"' {
		return (*stringList)(l).UnmarshalJSON(raw)
	}
	var one string
	if err := json.Unmarshal(raw, &one); err != nil {
		return errors.New("not a string")
	}
	*l = stringOrList{one}
	return nil
}

// judgeClaims reads the payload of a JWT whose signature is right and decides whether it is a good access token of that
// issuer, here and now. The error says which claim is at fault, without its value.
func (p *Protector) judgeClaims(payload []byte, issuer string) (Token, error) {
	var c claimSet
	if err := jose.DecodeStrict(payload, &c); err != nil {
		return Token{}, fmt.Errorf("claims: %w", err)
	}
	switch { // RFC 9068 §2.2, beyond what any token must say
	case c.ID == "":
		return Token{}, errors.New("jti is missing")
	case c.IssuedAt == nil:
		return Token{}, errors.New("iat is missing")
	}
	return p.judge(c, payload, issuer)
}

// judgeAnswer does the same for what the issuer says about an active token (RFC 7662 §2.2). Who was asked is the issuer,
// unless the answer says something else; jti and iat are the issuer's affair.
func (p *Protector) judgeAnswer(answer []byte, issuer string) (Token, error) {
	var c claimSet
	if err := jose.DecodeStrict(answer, &c); err != nil {
		return Token{}, fmt.Errorf("claims: %w", err)
	}
	if c.Issuer == "" {
		c.Issuer = issuer
	}
	return p.judge(c, answer, issuer)
}

// judge is what every access token must pass.
func (p *Protector) judge(c claimSet, said []byte, issuer string) (Token, error) {
	if c.Issuer != issuer { // RFC 9068 §4: exact
		return Token{}, errors.New("iss is another issuer")
	}
	if !slices.Contains(c.Audience, p.audience) {
		return Token{}, errors.New("aud does not name this resource")
	}
	if c.Subject == "" || c.ClientID == "" {
		return Token{}, errors.New("sub or client_id is missing")
	}
	if c.Bound != nil {
		// Without the proof of RFC 7800 §3 a stolen copy would be as good as the original (RFC 9449 §7.1).
		return Token{}, errors.New("cnf binds the token to a key, which is not supported")
	}
	if err := p.judgeTimes(c); err != nil {
		return Token{}, err
	}
	scopes, err := oauth.ParseScope(c.Scope)
	if err != nil {
		return Token{}, fmt.Errorf("scope: %w", err)
	}
	// Lists have no room to grow: one token serves many requests, and an append must not write into the next one's.
	return Token{
		Issuer: c.Issuer, Subject: c.Subject, ClientID: c.ClientID, Audience: slices.Clip(c.Audience), Scopes: slices.Clip(scopes),
		Expires: c.Expires.time(), IssuedAt: c.IssuedAt.time(),
		ID: c.ID, GrantID: c.GrantID, SessionID: c.SessionID, ClientEpoch: c.Epoch.number(), Roles: slices.Clip(c.Roles),
		AuthTime: c.AuthTime.time(), ACR: c.ACR, AMR: slices.Clip(c.AMR), said: &statement{said},
	}, nil
}

func (p *Protector) judgeTimes(c claimSet) error {
	now := p.now()
	latest := now.Add(p.leeway)
	switch {
	case c.Expires == nil:
		return errors.New("exp is missing")
	case !now.Before(c.Expires.time().Add(p.leeway)): // RFC 7519 §4.1.4: before, not at
		return errors.New("exp is past")
	case c.IssuedAt.time().After(latest):
		return errors.New("iat is in the future")
	case c.IssuedAt != nil && *c.Expires <= *c.IssuedAt:
		return errors.New("exp is not after iat")
	case c.NotBefore.time().After(latest):
		return errors.New("nbf is in the future")
	case c.AuthTime.time().After(latest):
		return errors.New("auth_time is in the future")
	}
	return nil
}
