package keys

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
)

// ErrToken is wrapped by every reason why an access token is not accepted.
var ErrToken = errors.New("keys: access token not accepted")

// MintAccess signs an access token (RFC 9068 §2): iss, iat, exp and jti are filled in here, the rest is
// the caller's. It returns the token and its end.
func (r *Ring) MintAccess(c auth.AccessClaims, life time.Duration) (secret.Token, time.Time, error) {
	return r.Mint(c, life, auth.TokenStyle{})
}

// Mint is MintAccess for a resource that wants another signature than the default, or opaque tokens.
func (r *Ring) Mint(c auth.AccessClaims, life time.Duration, style auth.TokenStyle) (secret.Token, time.Time, error) {
	now := r.now()
	c.Issuer, c.IssuedAt = r.issuer, now.Unix()
	expires := time.Unix(now.Add(life).Unix(), 0).UTC()
	c.Expires = expires.Unix()
	c.ID = base64.RawURLEncoding.EncodeToString(secret.Random(16))
	if style.Opaque {
		token, err := r.sealOpaque(c)
		return token, expires, err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return secret.Token{}, time.Time{}, fmt.Errorf("keys: claims: %w", err)
	}
	key, err := r.loaded.Load().turn(cmp.Or(jose.Algorithm(style.Algorithm), r.alg), now)
	if err != nil {
		return secret.Token{}, time.Time{}, err
	}
	token, err := key.access.Sign(payload)
	if err != nil {
		return secret.Token{}, time.Time{}, fmt.Errorf("keys: sign: %w", err)
	}
	return secret.FromString(token), expires, nil
}

// VerifyAccess checks an access token of our own, a JWT (RFC 9068 §4) or an opaque one: signature, typ, issuer, audience (""
// accepts any) and, unless allowExpired, its end. Errors wrap ErrToken, and
// auth.ErrKeyUnknown too when this node has not loaded the key of an opaque one. Whether the grant behind it is
// still alive is the caller's question to the store.
func (r *Ring) VerifyAccess(token secret.Token, audience string, allowExpired bool) (auth.AccessClaims, error) {
	c, err := r.readAccess(token)
	if err != nil {
		return c, err
	}
	now := r.now()
	switch {
	case c.Issuer != r.issuer:
		return c, fmt.Errorf("%w: another issuer", ErrToken)
	case audience != "" && !slices.Contains(c.Audience, audience):
		return c, fmt.Errorf("%w: not meant for this resource", ErrToken)
	case c.Subject == "" || c.ClientID == "" || c.ID == "" || c.Expires == 0:
		return c, fmt.Errorf("%w: a required claim is missing", ErrToken)
	case !allowExpired && !now.Before(time.Unix(c.Expires, 0).Add(r.leeway)):
		return c, fmt.Errorf("%w: expired", ErrToken)
	}
	return c, nil
}

// readAccess opens an access token of either format.
func (r *Ring) readAccess(token secret.Token) (auth.AccessClaims, error) {
	var c auth.AccessClaims
	if auth.IsOpaque(token) {
		return r.openOpaque(token)
	}
	payload, _, err := jose.Verify(token.Reveal(), jose.VerifyConfig{
		Algorithms: jose.Algorithms(), Types: []string{auth.AccessTokenType, "application/" + auth.AccessTokenType}, Keys: r.PublicKey,
	})
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrToken, err)
	}
	if err := jose.DecodeStrict(payload, &c); err != nil {
		return c, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return c, nil
}

func (r *Ring) sealOpaque(c auth.AccessClaims) (secret.Token, error) {
	key, ok := r.masters.Derived(r.masters.active, auth.OpaquePurpose)
	if !ok {
		return secret.Token{}, auth.ErrKeyUnknown
	}
	return auth.SealOpaque(c, r.masters.active, key)
}

func (r *Ring) openOpaque(token secret.Token) (auth.AccessClaims, error) {
	c, err := auth.OpenOpaque(token, r.masters)
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return c, nil
}

// Subject is the sub by which a client knows a user: the user's id, or for a pairwise client a keyed hash of it and of the
// client's sector, by which two sectors cannot find out that they know the same user (OpenID Connect Core 1.0 §8.1).
func (r *Ring) Subject(user auth.ID, client auth.Client) string {
	sector := client.Sector()
	if sector == "" {
		return user.String()
	}
	h := hmac.New(sha256.New, r.loaded.Load().sessionKey.Bytes())
	h.Write([]byte("daypass pairwise sub v1\x00" + sector + "\x00")) // longer than any input of SessionRef begins
	h.Write(user[:])
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:24])
}

// SessionRef is the sid claim: a session as one client may know it, so that two clients cannot link
// their users by it.
func (r *Ring) SessionRef(session auth.ID, client string) string {
	h := hmac.New(sha256.New, r.loaded.Load().sessionKey.Bytes())
	h.Write(session[:])
	h.Write([]byte(client))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}
