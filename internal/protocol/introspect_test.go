package protocol_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

const signedType = "application/token-introspection+jwt"

// introspectAs asks with an Accept header and returns the reply as it is.
func (w *world) introspectAs(token, as, accept string) (status int, header http.Header, body string) {
	w.t.Helper()
	form := strings.NewReader(url.Values{"token": {token}}.Encode())
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.server.URL+"/oauth/introspect", form)
	must(w.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", accept)
	basic(as, secretOf)(req)
	resp, err := http.DefaultClient.Do(req)
	must(w.t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	must(w.t, err)
	return resp.StatusCode, resp.Header, string(raw)
}

// IN-05; RFC 9701 §§4, 5.
func TestIntrospectionIsSignedForWhoAsksForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.ring.EnsureFor(t.Context(), jose.PS256))
	must(t, w.db.Update(t.Context(), func(tx *store.Tx) error {
		c, err := tx.Clients.Find(t.Context(), rotaterID)
		if err != nil {
			return err
		}
		c.Metadata.IntrospectionAlgorithm = "PS256"
		_, err = tx.Clients.Update(t.Context(), c)
		return err
	}))
	_, token := w.grant(publicID)
	access := w.refresh(publicID, token).str("access_token")
	for as, c := range map[string]struct {
		alg    string
		active bool
	}{machineID: {"ES256", true}, strangerID: {"ES256", false}, rotaterID: {"PS256", false}} {
		status, h, body := w.introspectAs(access, as, signedType)
		if status != 200 || h.Get("Content-Type") != signedType || h.Get("Cache-Control") != "no-store" {
			t.Fatalf("%s: got %d %v %s", as, status, h, body)
		}
		payload, _, err := jose.Verify(body, jose.VerifyConfig{Algorithms: []jose.Algorithm{jose.Algorithm(c.alg)}, Types: []string{"token-introspection+jwt"}, Keys: w.ring.PublicKey})
		must(t, err)
		var claims map[string]any
		must(t, json.Unmarshal(payload, &claims))
		answer, _ := claims["token_introspection"].(map[string]any)
		if claims["iss"] != issuer || claims["aud"] != as || claims["iat"] != float64(w.now().Unix()) || claims["sub"] != nil || claims["exp"] != nil ||
			answer["active"] != c.active || !c.active && len(answer) != 1 || c.active && answer["sub"] != w.user.ID.String() {
			t.Errorf("%s: got %s", as, payload)
		}
		// It is no access token, though the same server signed it: AT-05.
		if _, err := w.ring.VerifyAccess(secret.FromString(body), "", false); err == nil {
			t.Error("a reply is accepted as an access token")
		}
		inactive(t, "a reply as a token", w.introspect(body, as))
	}
}

func TestIntrospectionIsPlainJSONForEverybodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for accept, signed := range map[string]bool{
		"": false, "*/*": false, "application/json": false, "application/*": false, "application/jwt": false, signedType: true, signedType + ", application/json": true,
		"application/json, " + signedType + ";q=0.5": false, signedType + ";q=0": false, signedType + ";q=x": false, "APPLICATION/Token-Introspection+JWT": true, ";;,": false,
	} {
		status, h, _ := w.introspectAs("garbage", machineID, accept)
		if got := h.Get("Content-Type") == signedType; status != 200 || got != signed {
			t.Errorf("Accept %q: got %d %s, want signed: %v", accept, status, h.Get("Content-Type"), signed)
		}
	}
	// Who cannot prove who it is gets an OAuth error, whatever it accepts.
	form := url.Values{"token": {"x"}, "client_id": {publicID}}
	w.post("/oauth/introspect", form, func(r *http.Request) { r.Header.Set("Accept", signedType) }).want(t, 401, oauth.InvalidClient)
}
