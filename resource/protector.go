package resource

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Protector verifies the access tokens of its issuers for one audience. It is safe for concurrent use.
type Protector struct {
	audience string
	trusts   trusts
	memory   *memory[*remembered]
	scratch  sync.Pool // *[maxToken]byte, to hash tokens in
	cookie   string
	leeway   time.Duration
	now      func() time.Time
	realm    string
	metadata resourceMetadata
	check    func(context.Context, Token) error
	refused  func(*http.Request, *Refusal)

	crossOrigin http.CrossOriginProtection
}

// HandlerFunc is a handler that gets the verified token as an argument, so that it cannot be called without one.
type HandlerFunc func(w http.ResponseWriter, r *http.Request, token Token)

// Require returns middleware that lets a request pass only with a good access token that carries all the given scopes,
// and puts the token into the request's context, where FromContext finds it. Without scopes any good token will do. It
// is RequireThat with AllScopes.
//
// Requires of the same Protector may be nested, say one for all routes and one with a scope for some: the token is
// verified once. Require panics when a scope is not a valid scope token (RFC 6749 §3.3), because such a route could
// never be reached.
func (p *Protector) Require(scopes ...string) func(http.Handler) http.Handler {
	return p.RequireThat(AllScopes(scopes...))
}

// RequireThat is Require with rules of any kind: the token must meet all of them.
func (p *Protector) RequireThat(rules ...Rule) func(http.Handler) http.Handler {
	d := newDemand(rules)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if v := p.permit(w, r, d); v != nil {
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, v)))
			}
		})
	}
}

// Handle makes a handler that runs with a good access token alone, one that meets the rules.
func (p *Protector) Handle(fn HandlerFunc, rules ...Rule) http.Handler {
	d := newDemand(rules)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v := p.permit(w, r, d); v != nil {
			fn(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, v)), v.token)
		}
	})
}

// Permit is Require from the inside, for what depends on the request: a transfer above a limit that needs a fresh log-in,
// or a framework with another idea of middleware. It verifies the token, unless a Require around it has, and judges
// it by the rules. When it reports false, the refusal has been written and the handler should return.
func (p *Protector) Permit(w http.ResponseWriter, r *http.Request, rules ...Rule) (Token, bool) {
	if v := p.permit(w, r, newDemand(rules)); v != nil {
		return v.token, true
	}
	return Token{}, false
}

// permit returns nil when it has written a refusal.
func (p *Protector) permit(w http.ResponseWriter, r *http.Request, d demand) *verified {
	v, refusal := p.authenticate(r)
	if refusal == nil {
		refusal = d.judge(v.token, p.now, p.leeway)
	}
	if refusal != nil {
		p.refuse(w, r, refusal, d.scopes)
		return nil
	}
	return v
}

func (p *Protector) authenticate(r *http.Request) (*verified, *Refusal) {
	if v, ok := r.Context().Value(contextKey{}).(*verified); ok && v.by == p {
		return v, nil
	}
	c, refusal := p.credential(r)
	if refusal != nil {
		return nil, refusal
	}
	v, err := p.verify(r.Context(), c)
	if err != nil {
		return nil, asRefusal(err)
	}
	return v, nil
}

// Verify judges one access token that arrived by another way than HTTP, as RFC 9068 §4 demands and Config says, Check
// included; scopes are the caller's to compare. The error is a *Refusal: invalid_token, what Check decided, or
// temporarily_unavailable when keys or an answer could not be had or Check failed.
func (p *Protector) Verify(ctx context.Context, token string) (Token, error) {
	v, err := p.verify(ctx, credential{text: token})
	if err != nil {
		return Token{}, asRefusal(err)
	}
	return v.token, nil
}
