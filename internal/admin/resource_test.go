package admin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
)

func TestAResourceHasAKeyBeforeATokenIsAskedFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r, err := h.admin.CreateResource(t.Context(), auth.Resource{ID: "urn:a", Scopes: []string{"x", "x"}, Algorithm: "EdDSA"}, by())
	if err != nil || r.Name != "urn:a" || len(r.Scopes) != 1 {
		t.Fatalf("got %+v, %v", r, err)
	}
	h.mint("EdDSA")
	if _, err := h.admin.CreateResource(t.Context(), auth.Resource{ID: "urn:a"}, by()); !errors.Is(err, auth.ErrConflict) {
		t.Errorf("twice: got %v", err)
	}
	_, changed, err := h.admin.UpdateResource(t.Context(), "urn:a", func(r *auth.Resource) { r.ID, r.Algorithm, r.Lifetime = "urn:b", "PS256", 2*time.Minute }, by())
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	h.mint("PS256")
	v, err := h.admin.ShowResource(t.Context(), "urn:a") // the URI stays
	if err != nil || v.Lifetime != 2*time.Minute {
		t.Errorf("got %+v, %v", v, err)
	}
	if _, _, err = h.admin.UpdateResource(t.Context(), "urn:a", func(r *auth.Resource) { r.Algorithm = "none" }, by()); !errors.Is(err, admin.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestAnUpdateOfAClientKeepsWhatOperatorsMayNotChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, plain := h.client(admin.NewClient{Name: "service"})
	v, changed, err := h.admin.UpdateClient(t.Context(), c.ID, func(c *auth.Client) {
		c.ID, c.Public, c.SecretHashes, c.Epoch, c.DisabledAt = "other", true, nil, 0, time.Unix(1, 0)
		c.Name, c.Scopes = "new", []string{"a", "a"}
	}, by())
	if err != nil || !changed || v.ID != c.ID || v.Public || v.Secrets != 1 || v.Disabled() || v.Name != "new" || len(v.Scopes) != 1 {
		t.Errorf("got %+v, %v, %v", v, changed, err)
	}
	if e, err := h.admin.Explain(t.Context(), plain); err != nil || !e.Good {
		t.Errorf("its secret: got %+v, %v", e, err)
	}
	if _, changed, err = h.admin.UpdateClient(t.Context(), c.ID, func(*auth.Client) {}, by()); err != nil || changed {
		t.Errorf("nothing to change: got %v, %v", changed, err)
	}
}

func TestAClientHasAKeyForWhatIsSignedForIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client(admin.NewClient{ID: "one", Name: "one", Metadata: auth.ClientMetadata{IDTokenAlgorithm: "EdDSA"}})
	h.client(admin.NewClient{ID: "two", Name: "two"})
	if _, _, err := h.admin.UpdateClient(t.Context(), "two", func(c *auth.Client) { c.Metadata.IntrospectionAlgorithm = "PS256" }, by()); err != nil {
		t.Fatal(err)
	}
	for _, alg := range []string{"EdDSA", "PS256"} {
		h.mint(alg)
	}
}
