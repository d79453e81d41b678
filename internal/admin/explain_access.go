package admin

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// explainAccess judges an access token: a JWT as a resource server that follows the revocations would, an opaque one as
// introspection does.
func (s *Service) explainAccess(ctx context.Context, tx *store.Tx, t secret.Token, now time.Time) (Explanation, error) {
	e := Explanation{Kind: KindAccessToken, Decoded: decodeJWT(t.Reveal())}
	opaque := auth.IsOpaque(t)
	if e.Decoded == nil && !opaque {
		return unknown(), nil
	}
	claims, err := s.n.Access.VerifyAccess(t, "", true)
	if errors.Is(err, auth.ErrKeyUnknown) {
		e.Verdict, e.Rule = StandingKeyUnknown, "it was sealed under a version of the master key that is not loaded here"
		e.Advice = "Add the key of that version to master_key_file, on every node."
		return e, nil
	}
	if err != nil {
		e.Verdict = StandingForeign
		e.Rule = "it is no access token of this server, or was changed: signature, type, issuer or a required claim is wrong"
		e.Advice = "Compare iss with this server's issuer. What is shown as decoded is not verified."
		return e, nil //nolint:nilerr // that it does not verify is the answer
	}
	if opaque {
		e.Decoded = decodeOpaque(claims)
	}
	if err := s.grantOfAccess(ctx, tx, &e, claims); err != nil {
		return Explanation{}, err
	}
	why, err := accessEnded(ctx, tx, &e, claims)
	if err != nil {
		return Explanation{}, err
	}
	expires := time.Unix(claims.Expires, 0)
	switch {
	case !now.Before(expires):
		e.Verdict, e.Rule = StandingExpired, "its lifetime is over"
		e.Advice = "Refresh. Access tokens are short-lived; the refresh token buys the next one."
	case why != "":
		e.Verdict, e.Rule = StandingRevoked, why
		e.Advice = "The user logs in again. A resource server that follows the revocations refuses it within a second; one that does not accepts it until " + expires.UTC().Format(time.RFC3339) + "."
	default:
		e.Verdict, e.Good = StandingAccepted, true
		made := "signed"
		if opaque {
			made = "sealed"
		}
		e.Rule = fmt.Sprintf("%s by this server, not over, not revoked; good at %s", made, strings.Join(claims.Audience, ", "))
		e.Advice = "Nothing: it is good. If an API refuses it, compare aud and scope with what that API asks for."
	}
	return e, nil
}

func (s *Service) grantOfAccess(ctx context.Context, tx *store.Tx, e *Explanation, c auth.AccessClaims) error {
	id, err := auth.ParseID(c.GrantID)
	if err != nil {
		return nil //nolint:nilerr // a token of client_credentials has no grant
	}
	view, _, err := s.viewGrant(ctx, tx, id)
	if errors.Is(err, auth.ErrNotFound) {
		return nil
	}
	e.Grant = &view
	return err
}

// accessEnded names the revocation that concerns the token; empty: none.
func accessEnded(ctx context.Context, tx *store.Tx, e *Explanation, c auth.AccessClaims) (string, error) {
	client, err := tx.Clients.Find(ctx, c.ClientID)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return "its client was deleted", nil
	case err != nil:
		return "", err
	case client.Disabled():
		return "its client is disabled", nil
	case c.Epoch < client.Epoch:
		return "all access tokens of its client were revoked after it was issued", nil
	}
	if e.Grant != nil && e.Grant.State.Verdict == auth.Revoked {
		return "its grant was revoked: " + e.Grant.State.Why, nil
	}
	if e.Grant == nil && c.GrantID != "" {
		return "its grant is gone", nil
	}
	revoked, err := tx.Revocations.Contains(ctx, auth.RevokeToken, c.ID)
	if revoked {
		return "this very token was revoked", err
	}
	return "", err
}

// decodeOpaque shows what is sealed in an opaque token, in the order of decodeJWT.
func decodeOpaque(c auth.AccessClaims) Fields {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	claims := map[string]any{}
	if dec.Decode(&claims) != nil {
		return nil
	}
	return ordered(Fields{{"format", string(auth.FormatOpaque)}}, claims)
}

// decodeJWT reads header and claims without verifying anything, claims in the order of RFC 9068 first; nil when
// it is no JWT. The signature, which is what makes it a credential, is not among them.
func decodeJWT(s string) Fields {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return nil
	}
	var header, claims map[string]any
	for i, to := range []*map[string]any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return nil
		}
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.UseNumber()
		if dec.Decode(to) != nil || *to == nil {
			return nil
		}
	}
	out := Fields{}
	for _, name := range []string{"alg", "typ", "kid"} {
		if v, ok := header[name]; ok {
			out = append(out, Field{name, v})
		}
	}
	return ordered(out, claims)
}

// ordered adds claims, those of RFC 9068 first.
func ordered(out Fields, claims map[string]any) Fields {
	first := []string{"iss", "sub", "aud", "client_id", "scope", "roles", "iat", "exp", "auth_time", "acr", "amr", "gid", "sid", "jti", "cep"}
	var rest []string
	for name := range claims {
		if !slices.Contains(first, name) {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	for _, name := range slices.Concat(first, rest) {
		if v, ok := claims[name]; ok {
			out = append(out, Field{name, readable(name, v)})
		}
	}
	return out
}

// readable writes the claims that are times as times.
func readable(name string, v any) any {
	n, ok := v.(json.Number)
	if !ok || name != "iat" && name != "exp" && name != "auth_time" && name != "nbf" {
		return v
	}
	seconds, err := n.Int64()
	if err != nil || seconds < 0 || seconds > 1<<38 {
		return v
	}
	return time.Unix(seconds, 0).UTC()
}
