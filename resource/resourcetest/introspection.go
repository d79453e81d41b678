package resourcetest

import (
	"crypto"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
	"github.com/daypass/daypass/resource"
)

// What the API proves itself with at the introspection endpoint.
const (
	APIClientID     = "api-1"
	APIClientSecret = "api-1-secret"
)

// OpaquePrefix is how opaque tokens begin, as those of Daypass do.
const OpaquePrefix = "dpa_"

// Introspection asks this issuer: for resource.Config or resource.Issuer.
func (i *Issuer) Introspection() *resource.Introspection {
	return &resource.Introspection{Auth: resource.ClientSecretBasic(APIClientID, APIClientSecret), Prefix: OpaquePrefix}
}

// OpaqueToken mints an opaque token, about which the introspection endpoint answers the claims of a good token and
// "active": true, with changes as in Token.
func (i *Issuer) OpaqueToken(changes map[string]any) string {
	claims := i.Claims()
	claims["active"] = true
	claims["token_type"] = "Bearer"
	apply(claims, changes)
	i.mu.Lock()
	defer i.mu.Unlock()
	token := fmt.Sprintf("%s%06d", OpaquePrefix, i.tokens)
	i.opaque[token] = claims
	return token
}

// Revoke makes the introspection endpoint find a token inactive, opaque or JWT. A JWT that is verified with keys does not
// notice, as in life.
func (i *Issuer) Revoke(token string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.revoked[token] = true
}

// Introspections counts how often the introspection endpoint was asked.
func (i *Issuer) Introspections() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.questions
}

// serveIntrospection is RFC 7662 §2.
func (i *Issuer) serveIntrospection(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.questions++
	i.mu.Unlock()
	if id, secret, ok := r.BasicAuth(); !ok || id != APIClientID || secret != APIClientSecret {
		w.Header().Set("WWW-Authenticate", `Basic realm="resourcetest"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer, err := json.Marshal(i.answerAbout(r.PostFormValue(oauth.ParamToken)))
	if err != nil {
		panic(fmt.Sprintf("resourcetest: answer: %v", err))
	}
	serve(w, answer)
}

func (i *Issuer) answerAbout(token string) map[string]any {
	inactive := map[string]any{"active": false}
	claims := i.jwtClaims(token)
	i.mu.Lock()
	defer i.mu.Unlock()
	if known := i.opaque[token]; known != nil {
		claims = maps.Clone(known)
	}
	if claims == nil || i.revoked[token] || i.fault == Forgetful {
		return inactive
	}
	if until, ok := seconds(claims["exp"]); ok && until <= i.now.Unix() {
		return inactive
	}
	return claims
}

func seconds(claim any) (int64, bool) {
	switch n := claim.(type) {
	case int64:
		return n, true
	case float64:
		return int64(n), true
	}
	return 0, false
}

// jwtClaims gives the claims of a JWT of this issuer, or nil.
func (i *Issuer) jwtClaims(token string) map[string]any {
	set, err := jose.ParseKeySet(i.KeySet())
	if err != nil {
		panic(fmt.Sprintf("resourcetest: key set: %v", err))
	}
	payload, _, err := jose.Verify(token, jose.VerifyConfig{
		Algorithms: []jose.Algorithm{jose.ES256}, Types: []string{oauth.TypAccessToken},
		Keys: func(kid string, alg jose.Algorithm) (crypto.PublicKey, bool) { return set.Find(kid, alg) },
	})
	claims := make(map[string]any)
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return nil
	}
	claims["active"] = true
	return claims
}
