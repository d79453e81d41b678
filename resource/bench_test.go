package resource_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkRequire is one request to a handler that does nothing, protected and not.
func BenchmarkRequire(b *testing.B) {
	issuer := newIssuer(b)
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	token := issuer.Token(map[string]any{"scope": "read write", "roles": []string{"staff"}, "sid": "s", "gid": "g"})
	for name, h := range map[string]http.Handler{
		"protected": newProtector(b, issuer, nil).Require("read")(nothing),
		"bare":      nothing,
	} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			bearer(token)(r)
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
			if w.Code != http.StatusOK {
				b.Fatalf("got %d", w.Code)
			}
		})
	}
}
