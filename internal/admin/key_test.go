package admin_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
)

// mint signs a token by what the ring knows of the database now, and tells the kid.
func (h *house) mint(alg string) (secret.Token, string) {
	h.t.Helper()
	if err := h.ring.Load(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	claims := auth.AccessClaims{Subject: "svc", ClientID: "svc", Audience: auth.Audience{"urn:a"}}
	token, _, err := h.ring.Mint(claims, time.Hour, auth.TokenStyle{Algorithm: alg})
	if err != nil {
		h.t.Fatal(err)
	}
	_, kid, err := jose.Verify(token.Reveal(), jose.VerifyConfig{Algorithms: jose.Algorithms(), Types: []string{auth.AccessTokenType}, Keys: h.ring.PublicKey})
	if err != nil {
		h.t.Fatal(err)
	}
	return token, kid.KeyID
}

func (h *house) keys() (states []string) {
	h.t.Helper()
	all, err := h.admin.Keys(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, v := range all {
		states = append(states, string(v.Algorithm)+" "+string(v.State))
	}
	return states
}

// JK-02.
func TestTheNextKeyIsPublishedLongBeforeItSigns(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, first := h.mint("")
	v, err := h.admin.RotateKey(t.Context(), jose.ES256, false, by())
	if err != nil {
		t.Fatal(err)
	}
	if v.State != admin.KeyPublished || v.SignsAt.Sub(v.CreatedAt) != auth.KeyAhead {
		t.Errorf("got %+v", v)
	}
	old, kid := h.mint("")
	if kid != first || !strings.Contains(string(h.ring.KeySet()), v.ID) {
		t.Errorf("signed by %s, want %s; the set: %s", kid, first, h.ring.KeySet())
	}
	if got := h.keys(); !slices.Equal(got, []string{"ES256 signing", "RS256 signing", "ES256 published"}) {
		t.Errorf("got %q", got)
	}
	h.now = h.now.Add(auth.KeyAhead)
	if _, kid := h.mint(""); kid != v.ID {
		t.Errorf("signed by %s, want the next one, %s", kid, v.ID)
	}
	if _, err := h.ring.VerifyAccess(old, "", false); err != nil {
		t.Errorf("what the retired key signed: %v", err)
	}
	if got := h.keys(); !slices.Equal(got, []string{"ES256 retired", "RS256 signing", "ES256 signing"}) {
		t.Errorf("got %q", got)
	}
	if auth.KeyAfter < auth.MaxAccessLifetime+auth.RevocationSlack {
		t.Error("a retired key leaves before what it signed has ended")
	}
}

func TestAKeyRotatedNowSignsNow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	pending, err := h.admin.RotateKey(t.Context(), jose.ES256, false, by())
	if err != nil {
		t.Fatal(err)
	}
	v, err := h.admin.RotateKey(t.Context(), jose.ES256, true, by())
	if err != nil {
		t.Fatal(err)
	}
	if _, kid := h.mint(""); kid != v.ID || v.State != admin.KeySigning {
		t.Errorf("signed by %s, want %s; %+v", kid, v.ID, v)
	}
	if got := h.keys(); !slices.Equal(got, []string{"ES256 retired", "RS256 signing", "ES256 retired", "ES256 signing"}) {
		t.Errorf("got %q, the pending one being %s", got, pending.ID)
	}
	if v, err := h.admin.RotateKey(t.Context(), jose.EdDSA, false, by()); err != nil || v.State != admin.KeySigning {
		t.Errorf("the first of an algorithm: got %+v, %v", v, err)
	}
	if _, err := h.admin.RotateKey(t.Context(), "HS256", false, by()); !errors.Is(err, admin.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

// JK-03.
func TestARemovedKeyIsOutAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token, kid := h.mint("")
	made, err := h.admin.RemoveKey(t.Context(), kid, by())
	if err != nil {
		t.Fatal(err)
	}
	if _, now := h.mint(""); now != made || now == kid {
		t.Errorf("signed by %s, want %s", now, made)
	}
	if _, err := h.ring.VerifyAccess(token, "", false); err == nil {
		t.Error("what the removed key signed is accepted")
	}
	if strings.Contains(string(h.ring.KeySet()), kid) || !h.revoked(auth.RevokeKey, kid) {
		t.Error("the key is still published, or its end is not")
	}
	if _, err := h.admin.RemoveKey(t.Context(), kid, by()); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("again: got %v", err)
	}
}
