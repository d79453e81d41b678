package protocol_test

import (
	"crypto"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// pairwise registers a client whose users are known by a name of its own.
func (w *world) pairwise(id, redirect string, m auth.ClientMetadata) {
	m.Subject = auth.SubjectPairwise
	w.addClient(auth.Client{
		ID: id, Name: id, SecretHashes: [][32]byte{secret.FromString(secretOf).Hash()}, RedirectURIs: []string{redirect}, Scopes: []string{"openid", "email", "offline_access"},
		Grants: []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}, Metadata: m,
	})
	w.allow(id, []string{"openid", "email", "offline_access"}, nil)
}

// OI-13, AT-06: a pairwise client knows the user by one name everywhere, and no other sector by the same.
func TestPairwiseSubjects(t *testing.T) {
	t.Parallel()
	w := ready(t)
	w.pairwise("one", callback, auth.ClientMetadata{})
	w.pairwise("same", callback, auth.ClientMetadata{})
	w.pairwise("two", "https://two.example/cb", auth.ClientMetadata{})
	w.pairwise("joint", "https://three.example/cb", auth.ClientMetadata{SectorURI: "https://app.example/sector"})
	subject := map[string]string{}
	for id, to := range map[string]string{"one": callback, "same": callback, "two": "https://two.example/cb", "joint": "https://three.example/cb"} {
		q := with(good(id), "redirect_uri", to, "scope", "openid offline_access")
		r := w.redeem(id, w.code(q), "redirect_uri", to)
		_, claims := idClaims(t, r.str("id_token"))
		_, access := idClaims(t, r.str("access_token"))
		sub, _ := claims["sub"].(string)
		subject[id] = sub
		refreshed := w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.str("refresh_token")}}, basic(id, secretOf))
		_, later := idClaims(t, refreshed.str("id_token"))
		if info := w.userInfo(r.str("access_token")); sub == "" || access["sub"] != sub || info.str("sub") != sub || later["sub"] != sub {
			t.Errorf("%s: ID token %q, access token %v, UserInfo %s, after a refresh %v", id, sub, access["sub"], info.raw, later["sub"])
		}
		hinted := with(q, "prompt", "none", "id_token_hint", r.str("id_token"))
		if back := w.authorize(hinted).back(t, to); back.Get("code") == "" {
			t.Errorf("%s: its own hint: %v", id, back)
		}
		if r := w.logout(url.Values{"id_token_hint": {r.str("id_token")}}); r.body["sure"] != true {
			t.Errorf("%s: a log-out with its own hint asks: %s", id, r.raw)
		}
	}
	if subject["one"] == w.user.ID.String() || subject["one"] == subject["two"] {
		t.Errorf("linkable: %v", subject)
	}
	if subject["one"] != subject["same"] || subject["one"] != subject["joint"] {
		t.Errorf("one sector, several names: %v", subject)
	}
	// The name that another sector knows is no name here.
	claims := `{"id_token":{"sub":{"value":"` + subject["two"] + `"}}}`
	if back := w.authorize(with(good("one"), "scope", "openid", "prompt", "none", "claims", claims)).back(t, callback); back.Get("error") == "" {
		t.Errorf("another sector's sub was taken: %v", back)
	}
}

// OI-10: a client that registered it gets UserInfo signed, and nobody can take that for an ID token.
func TestSignedUserInfo(t *testing.T) {
	t.Parallel()
	w := ready(t)
	w.pairwise("signed", callback, auth.ClientMetadata{UserInfoAlgorithm: string(jose.ES256)})
	tokens := w.redeem("signed", w.code(with(good("signed"), "scope", "openid email")))
	r := w.userInfo(tokens.str("access_token"))
	if got := r.header.Get("Content-Type"); got != "application/jwt" {
		t.Fatalf("Content-Type %q: %s", got, r.raw)
	}
	payload, _, err := jose.Verify(r.raw, jose.VerifyConfig{
		Algorithms: []jose.Algorithm{jose.ES256}, Types: []string{"userinfo+jwt"},
		Keys: func(kid string, alg jose.Algorithm) (crypto.PublicKey, bool) { return w.ring.PublicKey(kid, alg) },
	})
	must(t, err)
	var claims map[string]any
	must(t, json.Unmarshal(payload, &claims))
	_, id := idClaims(t, tokens.str("id_token"))
	if claims["iss"] != issuer || claims["aud"] != "signed" || claims["sub"] != id["sub"] || claims["email"] != w.user.Email {
		t.Errorf("claims: %s", payload)
	}
	if back := w.authorize(with(good("signed"), "id_token_hint", r.raw)).back(t, callback); back.Get("error") != "invalid_request" {
		t.Errorf("as a hint: %v", back)
	}
}
