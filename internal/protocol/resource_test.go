package protocol_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// protect registers resources, as a command or the configuration does.
func (w *world) protect(all ...auth.Resource) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		for _, r := range all {
			if _, err := tx.Resources.Delete(w.t.Context(), r.ID); err != nil {
				return err
			}
			if _, err := tx.Resources.Insert(w.t.Context(), r); err != nil {
				return err
			}
		}
		return nil
	}))
	must(w.t, w.apis.Load(w.t.Context()))
}

// header reads the header of a JWT, unverified.
func header(t *testing.T, token string) (h map[string]any) {
	t.Helper()
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	must(t, err)
	must(t, json.Unmarshal(raw, &h))
	return h
}

func (w *world) machine(form url.Values) reply {
	w.t.Helper()
	form.Set("grant_type", "client_credentials")
	return w.post("/oauth/token", form, basic(machineID, secretOf))
}

func (w *world) claims(r reply) auth.AccessClaims {
	w.t.Helper()
	c, err := w.ring.VerifyAccess(secret.FromString(r.str("access_token")), "", false)
	if err != nil {
		w.t.Fatalf("%s: %v", r.raw, err)
	}
	return c
}

// AT-02, PR-04.
func TestATokenForARegisteredResourceIsWhatTheResourceAsksFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.ring.EnsureFor(t.Context(), jose.EdDSA))
	w.protect(
		auth.Resource{ID: api, Scopes: []string{"read"}, Lifetime: 2 * time.Minute, Algorithm: "EdDSA"},
		auth.Resource{ID: otherAPI, Scopes: []string{"read", "write"}},
	)
	_, token := w.grant(publicID)
	r := w.refresh(publicID, token, "resource", api)
	c := w.claims(r)
	if alg := header(t, r.str("access_token"))["alg"]; alg != "EdDSA" || c.Scope != "read" || r.str("scope") != "read" || r.body["expires_in"] != 120.0 || c.Expires-c.IssuedAt != 120 {
		t.Errorf("got %v, %+v, %s", alg, c, r.raw)
	}
	// The grant keeps its breadth: the next one may be for the other resource.
	if r = w.refresh(publicID, r.str("refresh_token"), "resource", otherAPI); r.str("scope") != "read write" || r.body["expires_in"] != 600.0 {
		t.Errorf("got %s", r.raw)
	}
	// Nothing asked: the first resource decides, and the other one, which takes another signature, is left out.
	r = w.refresh(publicID, r.str("refresh_token"))
	if c := w.claims(r); len(c.Audience) != 1 || c.Audience[0] != api || c.Scope != "read" {
		t.Errorf("got %+v", c)
	}
}

func TestMixedResourcesAreRefusedBeforeAnythingMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.protect(auth.Resource{ID: api, Scopes: []string{"read", "send"}}, auth.Resource{ID: otherAPI, Scopes: []string{"read", "write"}})
	g, token := w.grant(publicID)
	both := []string{"resource", api, "resource", otherAPI}
	w.refresh(publicID, token, append(both, "scope", "read")...).want(t, 400, oauth.InvalidRequest)
	w.refresh(publicID, token, "resource", api, "scope", "write").want(t, 400, oauth.InvalidScope)
	w.protect(auth.Resource{ID: otherAPI, Scopes: []string{"read", "write"}, Format: auth.FormatOpaque})
	w.refresh(publicID, token, both...).want(t, 400, oauth.InvalidTarget)
	w.protect(auth.Resource{ID: otherAPI, DisabledAt: w.now()})
	w.refresh(publicID, token, "resource", otherAPI).want(t, 400, oauth.InvalidTarget)
	w.machine(url.Values{"resource": {otherAPI}}).want(t, 400, oauth.InvalidTarget)
	must(t, w.db.View(t.Context(), func(tx *store.Tx) error {
		f, _, err := tx.Grants.Facts(t.Context(), g.ID)
		if f.Grant.Current != g.Current {
			t.Errorf("a refused request moved the generation from %d to %d", g.Current, f.Grant.Current)
		}
		return err
	}))
	if r := w.machine(url.Values{}); r.status != 200 || len(w.claims(r).Audience) != 1 {
		t.Errorf("a disabled resource that nobody asked for: got %d %s", r.status, r.raw)
	}
}
