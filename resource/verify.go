package resource

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
)

// maxToken is the longest access token looked at, in bytes. Larger ones do not fit the header limits of common proxies.
const maxToken = 8 << 10

// remembered is a verdict and what it stands on.
type remembered struct {
	verified
	// by is who vouches for key; nil when the issuer was asked instead.
	by  *trust
	kid string
	alg jose.Algorithm
	key crypto.PublicKey
}

// verify judges a credential: from memory, or anew. Check is asked either way.
func (p *Protector) verify(ctx context.Context, c credential) (*verified, error) {
	var key fingerprint
	var known *remembered
	if len(c.text) <= maxToken {
		key = p.fingerprint(c.text)
		known = p.recall(ctx, key)
	}
	if known == nil {
		// What was good once is well-formed, so only strangers are looked at letter by letter.
		if c.inHeader && !isB64Token(c.text) {
			return nil, malformedHeader()
		}
		var err error
		if known, err = p.judgeAnew(ctx, c.text, key); err != nil {
			return nil, err
		}
	}
	if p.check != nil {
		if err := p.check(ctx, known.token); err != nil {
			return nil, err
		}
	}
	return &known.verified, nil
}

func (p *Protector) fingerprint(token string) fingerprint {
	buf, _ := p.scratch.Get().(*[maxToken]byte)
	if buf == nil {
		buf = new([maxToken]byte)
	}
	n := copy(buf[:], token)
	sum := sha256.Sum256(buf[:n])
	clear(buf[:n])
	p.scratch.Put(buf)
	return sum
}

// recall finds a token that was judged before, if the key that signed it is still the issuer's. It asks for the key each
// time, so that memory makes no key live longer and lets keys be refreshed as if there were no memory.
func (p *Protector) recall(ctx context.Context, key fingerprint) *remembered {
	now := p.now()
	known, ok := p.memory.get(key, now)
	if !ok {
		return nil
	}
	if known.by == nil || known.by.holds(ctx, known, now) {
		return known
	}
	p.memory.drop(key)
	return nil
}

func (t *trust) holds(ctx context.Context, known *remembered, now time.Time) bool {
	if t.own != nil {
		if key, ok := t.own.fresh(known.kid, known.alg, now); ok {
			return sameKey(key, known.key)
		}
	}
	key, err := t.keys.PublicKey(ctx, known.kid, Algorithm(known.alg))
	return err == nil && sameKey(key, known.key)
}

// sameKey compares a key that has verified a signature with one that a KeySource returned, which may be anything.
func sameKey(now, then crypto.PublicKey) bool {
	switch k := now.(type) {
	case *ecdsa.PublicKey:
		old, ok := then.(*ecdsa.PublicKey)
		return ok && k != nil && (k == old || k.Equal(old))
	case *rsa.PublicKey:
		old, ok := then.(*rsa.PublicKey)
		return ok && k != nil && (k == old || k.Equal(old))
	case ed25519.PublicKey:
		return k.Equal(then)
	}
	return false
}

// judgeAnew judges a token by its issuer's keys or its issuer's word, and remembers it if it is good.
func (p *Protector) judgeAnew(ctx context.Context, token string, key fingerprint) (*remembered, error) {
	if len(token) > maxToken {
		return nil, invalid(fmt.Errorf("longer than %d bytes", maxToken))
	}
	if strings.Count(token, ".") < 2 {
		if t := p.trusts.ofOpaque(token); t != nil && isB64Token(token) {
			return p.introspect(ctx, t, token, key)
		}
	}
	t, err := p.trusts.ofJWT(token)
	switch {
	case err != nil:
		return nil, invalid(err)
	case t.ask != nil && t.ask.JWTs:
		return p.introspect(ctx, t, token, key)
	}
	return p.judgeJWT(ctx, t, token, key)
}

func (p *Protector) judgeJWT(ctx context.Context, t *trust, token string, key fingerprint) (*remembered, error) {
	began := p.now()
	known := &remembered{by: t}
	var keyErr error
	c := t.verify
	c.Keys = func(kid string, alg jose.Algorithm) (crypto.PublicKey, bool) {
		key, err := t.keys.PublicKey(ctx, kid, Algorithm(alg))
		if err != nil && !errors.Is(err, ErrUnknownKey) {
			keyErr = err
		}
		known.kid, known.alg, known.key = kid, alg, key
		return key, err == nil
	}
	payload, _, err := jose.Verify(token, c)
	switch {
	case keyErr != nil:
		return nil, &Refusal{Code: oauth.TemporarilyUnavailable, Cause: fmt.Errorf("keys: %w", keyErr)}
	case err != nil:
		return nil, invalid(err)
	}
	claims, err := p.judgeClaims(payload, t.issuer)
	if err != nil {
		return nil, invalid(err)
	}
	known.verified = verified{p, claims}
	p.memory.put(key, known, began, claims.Expires.Add(p.leeway), p.now())
	return known, nil
}

func invalid(cause error) *Refusal { return &Refusal{Code: oauth.InvalidToken, Cause: cause} }

// asRefusal takes an error that is no Refusal for "could not decide", which must never mean yes.
func asRefusal(err error) *Refusal {
	if refusal, ok := errors.AsType[*Refusal](err); ok && refusal != nil {
		return refusal
	}
	return &Refusal{Code: oauth.TemporarilyUnavailable, Cause: err}
}
