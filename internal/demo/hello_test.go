package demo_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/daypass/daypass/internal/demo"
	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

func TestTheAPIGreetsWhoeverTheTokenNames(t *testing.T) {
	t.Parallel()
	issuer := resourcetest.NewIssuer()
	t.Cleanup(issuer.Close)
	guard, err := resource.New(issuer.URL(), issuer.Config())
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/demo/api/hello", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+issuer.Token(map[string]any{"sub": "ann"}))
	w := httptest.NewRecorder()
	guard.Require()(demo.API()).ServeHTTP(w, r)
	var got struct {
		Message string `json:"message"`
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || got.Subject != "ann" || got.Message == "" {
		t.Errorf("got %d %s (%v)", w.Code, w.Body, err)
	}
}

func TestTheAPIRefusesWhenItsGuardIsMissing(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	demo.API().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/demo/api/hello", http.NoBody))
	if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("got %d with %v, want 401 with a challenge", w.Code, w.Header())
	}
}
