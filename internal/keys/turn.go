package keys

import (
	"cmp"
	"crypto"
	"encoding/json"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
)

// turn is a signing key with the time in which it signs. The next key stands in the set before its turn comes, so that
// whoever caches the set has it by then (JK-02).
type turn struct {
	kid     string
	private crypto.Signer
	access  *jose.Signer // typ at+jwt
	id      *jose.Signer // typ JWT
	until   time.Time    // zero: until somebody rotates
}

// turn returns the key that signs now: the oldest whose time is not over, on every node the same.
func (l *loaded) turn(alg jose.Algorithm, now time.Time) (turn, error) {
	for _, t := range l.turns[alg] {
		if t.until.IsZero() || now.Before(t.until) {
			return t, nil
		}
	}
	return turn{}, fmt.Errorf("keys: no %s key", alg)
}

// SignAs signs claims as a JWT of a type of its own, so that it is taken for no other (RFC 8725 §3.11). An empty alg is that of
// access tokens. Another kind of token has another typ: access tokens are made by Mint alone.
func (r *Ring) SignAs(typ string, alg jose.Algorithm, claims any) (secret.Token, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return secret.Token{}, fmt.Errorf("keys: claims: %w", err)
	}
	alg = cmp.Or(alg, r.alg)
	t, err := r.loaded.Load().turn(alg, r.now())
	if err != nil {
		return secret.Token{}, err
	}
	signer, err := jose.NewSigner(t.private, alg, t.kid, typ)
	if err != nil {
		return secret.Token{}, fmt.Errorf("keys: sign: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return secret.Token{}, fmt.Errorf("keys: sign: %w", err)
	}
	return secret.FromString(signed), nil
}
