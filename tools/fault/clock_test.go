//go:build linux

package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestFaultTheServersClockCanBeSet proves that a step reaches the server: otherwise a run with -clock would prove nothing.
func TestFaultTheServersClockCanBeSet(t *testing.T) {
	t.Parallel()
	g, err := newGuard()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := g.close(); err != nil {
			t.Error(err)
		}
	}()
	w, err := newWorld(t.Context(), options{engine: "sqlite", window: time.Second, nodes: 1, clock: true}, g)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.close() }()
	for _, by := range []time.Duration{0, 5*time.Minute + 300*time.Millisecond, -3*time.Minute - time.Microsecond, 0} {
		if err := w.setClock(by); err != nil {
			t.Fatal(err)
		}
		r, err := w.enter(t.Context(), w.newAccount("clock"), true)
		if err != nil {
			t.Fatal(err)
		}
		if off := issuedAt(t, r.access).Sub(w.now()).Abs(); off > 5*time.Second {
			t.Errorf("clock set by %v: a token is issued %v off", by, off)
		}
	}
}

// issuedAt reads iat of an access token.
func issuedAt(t *testing.T, token string) time.Time {
	t.Helper()
	var claims struct {
		IssuedAt int64 `json:"iat"`
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token+"..", ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return time.Unix(claims.IssuedAt, 0)
}
