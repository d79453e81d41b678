package protocol_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/daypass/daypass/oauth"
)

func TestGuessedClientSecretsAreSlowedDownAndTheRightOneNever(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := url.Values{"grant_type": {"client_credentials"}}
	_, token := w.grant(publicID)
	question := url.Values{"token": {token}}
	for _, id := range []string{machineID, "nobody"} { // an unknown client is guessed at like any other
		for try := range 101 {
			w.post("/oauth/token", own, basic(id, "guess")).want(t, http.StatusUnauthorized, oauth.InvalidClient)
			if t.Failed() {
				t.Fatalf("%s: try %d", id, try)
			}
		}
		for name, r := range map[string]reply{
			"by Basic":         w.post("/oauth/token", own, basic(id, "guess")),
			"in the body":      w.post("/oauth/token", url.Values{"grant_type": own["grant_type"], "client_id": {id}, "client_secret": {"guess"}}),
			"at introspection": w.post("/oauth/introspect", question, basic(id, "guess")),
			"at revocation":    w.post("/oauth/revoke", question, basic(id, "guess")),
		} {
			if r.want(t, http.StatusTooManyRequests, oauth.InvalidClient); r.header.Get("Retry-After") != "1" {
				t.Errorf("%s, %s: Retry-After %q, want 1", id, name, r.header.Get("Retry-After"))
			}
		}
	}
	if r := w.post("/oauth/token", own, basic(machineID, secretOf)); r.status != http.StatusOK {
		t.Errorf("the client itself: got %d %s, want 200", r.status, r.raw)
	}
	if r := w.post("/oauth/introspect", question, basic(machineID, secretOf)); r.status != http.StatusOK {
		t.Errorf("the client itself asks: got %d %s, want 200", r.status, r.raw)
	}
	if r := w.refresh(publicID, token); r.status != http.StatusOK {
		t.Errorf("a client without a secret: got %d %s, want 200", r.status, r.raw)
	}
	w.post("/oauth/token", own, basic(strangerID, "guess")).want(t, http.StatusUnauthorized, oauth.InvalidClient) // another client has its own count
	w.pass(time.Second)
	w.post("/oauth/token", own, basic(machineID, "guess")).want(t, http.StatusUnauthorized, oauth.InvalidClient)
	w.post("/oauth/token", own, basic(machineID, "guess")).want(t, http.StatusTooManyRequests, oauth.InvalidClient)
}
