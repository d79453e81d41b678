package resource

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
)

// maxToken is the longest access token looked at, in bytes. Larger ones do not fit the header limits of common proxies.
const maxToken = 8 << 10

// Require returns middleware that lets a request pass only with a good access token that carries all the given scopes,
// and puts the token into the request's context, where FromContext finds it. Without scopes any good token will do.
//
// Requires of the same Protector may be nested, say one for all routes and one with a scope for some: the token is
// verified once. Require panics when a scope is not a valid scope token (RFC 6749 §3.3), because such a route could
// never be reached.
func (p *Protector) Require(scopes ...string) func(http.Handler) http.Handler {
	for _, s := range scopes {
		if !oauth.ValidScopeToken(s) {
			panic(fmt.Sprintf("resource: Require: %q is not a scope", s))
		}
	}
	needed := slices.Clone(scopes)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, refusal := p.authenticate(r)
			if refusal == nil && !oauth.ScopeSubset(needed, token.Scopes) {
				refusal = &Refusal{Code: oauth.InsufficientScope, Scopes: needed}
			}
			if refusal != nil {
				p.refuse(w, r, refusal)
				return
			}
			ctx := context.WithValue(r.Context(), contextKey{}, verified{p, token})
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func (p *Protector) authenticate(r *http.Request) (Token, *Refusal) {
	if v, ok := r.Context().Value(contextKey{}).(verified); ok && v.by == p {
		return v.token, nil
	}
	text, refusal := p.credential(r)
	if refusal != nil {
		return Token{}, refusal
	}
	token, err := p.Verify(r.Context(), text)
	if err != nil {
		return Token{}, asRefusal(err)
	}
	return token, nil
}

// asRefusal takes an error that is no Refusal for "could not decide", which must never mean yes.
func asRefusal(err error) *Refusal {
	if refusal, ok := errors.AsType[*Refusal](err); ok && refusal != nil {
		return refusal
	}
	return &Refusal{Code: oauth.TemporarilyUnavailable, Cause: err}
}

// Verify judges one access token that arrived by another way than HTTP, as RFC 9068 §4 demands and Config says, Check
// included; scopes are the caller's to compare. The error is a *Refusal: invalid_token, what Check decided, or
// temporarily_unavailable when the keys could not be had or Check failed.
func (p *Protector) Verify(ctx context.Context, token string) (Token, error) {
	if len(token) > maxToken {
		return Token{}, &Refusal{Code: oauth.InvalidToken, Cause: fmt.Errorf("longer than %d bytes", maxToken)}
	}
	var keyErr error
	c := p.verify
	c.Keys = func(kid string, alg jose.Algorithm) (crypto.PublicKey, bool) {
		key, err := p.keys.PublicKey(ctx, kid, Algorithm(alg))
		if err != nil && !errors.Is(err, ErrUnknownKey) {
			keyErr = err
		}
		return key, err == nil
	}
	payload, _, err := jose.Verify(token, c)
	switch {
	case keyErr != nil:
		return Token{}, &Refusal{Code: oauth.TemporarilyUnavailable, Cause: fmt.Errorf("keys: %w", keyErr)}
	case err != nil:
		return Token{}, &Refusal{Code: oauth.InvalidToken, Cause: err}
	}
	claims, err := p.judgeClaims(payload)
	if err != nil {
		return Token{}, &Refusal{Code: oauth.InvalidToken, Cause: err}
	}
	if p.check != nil {
		if err := p.check(ctx, claims); err != nil {
			return Token{}, asRefusal(err)
		}
	}
	return claims, nil
}
