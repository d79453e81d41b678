package pages

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkPage makes a page with little of the reader's own in it and one with much.
func BenchmarkPage(b *testing.B) {
	s := newSite(b)
	for _, path := range []string{"/login", "/account"} {
		b.Run(path[1:], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
				r.Header.Set("Accept-Language", "de-DE,de;q=0.9,en;q=0.8")
				r.AddCookie(&http.Cookie{Name: "daypass-session", Value: sessionValue})
				s.mux.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}

// BenchmarkNew is what a start spends on the pages.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newSite(b)
	}
}
