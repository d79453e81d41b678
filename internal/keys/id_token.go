package keys

import (
	_ "crypto/sha256" // for jose.Algorithm.Hash
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
)

// MintID signs an ID token (OpenID Connect Core 1.0 §2): iss, iat and the hash of the access token that goes with it are filled
// in here, the rest is the caller's. more are claims about the user; they never replace one of the token itself.
func (r *Ring) MintID(c auth.IDTokenClaims, access secret.Token, more map[string]any, algorithm string) (secret.Token, error) {
	c.Issuer, c.IssuedAt, c.AccessHash = r.issuer, r.now().Unix(), accessHash(access, jose.Algorithm(algorithm))
	turn, err := r.loaded.Load().turn(jose.Algorithm(algorithm), r.now())
	if err != nil {
		return secret.Token{}, err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return secret.Token{}, fmt.Errorf("keys: claims: %w", err)
	}
	if len(more) > 0 {
		if payload, err = merge(payload, more); err != nil {
			return secret.Token{}, fmt.Errorf("keys: claims: %w", err)
		}
	}
	token, err := turn.id.Sign(payload)
	if err != nil {
		return secret.Token{}, fmt.Errorf("keys: sign: %w", err)
	}
	return secret.FromString(token), nil
}

// accessHash is at_hash: the left half of the hash that the algorithm of the ID token uses (§3.1.3.6).
func accessHash(access secret.Token, alg jose.Algorithm) string {
	if alg.Hash() == 0 {
		return ""
	}
	h := alg.Hash().New()
	_, _ = h.Write(access.Bytes()) // never fails
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:h.Size()/2])
}

// merge adds members to a JSON object that has none of their names.
func merge(object []byte, more map[string]any) ([]byte, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(object, &all); err != nil {
		return nil, err
	}
	for name, v := range more {
		if _, have := all[name]; have {
			continue
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		all[name] = raw
	}
	return json.Marshal(all)
}

// VerifyIDToken reads an ID token of our own that comes back as a hint, whether it has expired or not, signed by any key that
// is still published (OpenID Connect Core 1.0 §3.1.2.1). Errors wrap ErrToken.
func (r *Ring) VerifyIDToken(token secret.Token) (auth.IDTokenClaims, error) {
	var c auth.IDTokenClaims
	payload, _, err := jose.Verify(token.Reveal(), jose.VerifyConfig{Algorithms: jose.Algorithms(), Types: []string{auth.IDTokenType}, Keys: r.PublicKey})
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrToken, err)
	}
	if err := jose.DecodeStrict(payload, &c); err != nil {
		return c, fmt.Errorf("%w: %w", ErrToken, err)
	}
	if c.Issuer != r.issuer || c.Subject == "" || len(c.Audience) == 0 || slices.Contains(c.Audience, "") {
		return c, fmt.Errorf("%w: no ID token of this server", ErrToken)
	}
	return c, nil
}
