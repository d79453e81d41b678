//go:build linux

package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// tokenOf is a token as far as the kit reads one.
func tokenOf(generation uint32) string {
	raw := make([]byte, 57)
	binary.BigEndian.PutUint32(raw[17:], generation)
	return "dpr_" + base64.RawURLEncoding.EncodeToString(raw)
}

func TestFaultProcessesShareOneFile(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, held := generation(r.FormValue("refresh_token"))
		_, _ = fmt.Fprintf(w, `{"refresh_token": %q}`, tokenOf(held+1))
	}))
	defer server.Close()
	g, err := newGuard()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.close() }()
	w := &world{guard: g, nodes: []*node{{url: server.URL}}}
	path := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, []byte(tokenOf(7)), 0o600); err != nil {
		t.Fatal(err)
	}
	var both [2]*sharer
	for i := range both {
		if both[i], err = w.newSharer(path); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range []struct {
		by   *sharer
		p    plan
		kill bool
		want uint32 // in the file afterwards
	}{
		{both[0], plan{}, false, 8},
		{both[1], plan{}, false, 9}, // what the other one wrote
		{both[0], plan{fate: lostAfter}, false, 9},
		{both[0], plan{late: time.Minute}, true, 9}, // killed before it writes
		{both[0], plan{}, false, 10},                // and started again
	} {
		if _, _, err := c.by.refresh(c.p, c.kill, 0); err != nil {
			t.Fatal(err)
		}
		held, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := generation(string(held)); got != c.want {
			t.Errorf("step %d: the file holds generation %d, want %d", i, got, c.want)
		}
	}
	for _, s := range both {
		if err := s.stop(false); err != nil {
			t.Error(err)
		}
	}
}
