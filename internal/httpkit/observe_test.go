package httpkit

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAnObserverIsToldOfEveryRequestOnce(t *testing.T) {
	t.Parallel()
	type seen struct {
		route   string
		status  int
		took    time.Duration
		verdict string
		other   string
	}
	var got []seen
	h := newHarness()
	h.opts.Observe = func(o Observation) {
		got = append(got, seen{o.Route, o.Status, o.Duration, o.Field("verdict"), o.Field("nothing")})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /things/{id}", func(w http.ResponseWriter, r *http.Request) {
		Annotate(r.Context(), "verdict", "Reuse")
		w.WriteHeader(http.StatusBadRequest)
	})
	mux.HandleFunc("GET /silent", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /broken", func(http.ResponseWriter, *http.Request) { panic("x") })
	mux.HandleFunc("GET /cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	wrapped := Wrap(mux, h.opts)
	for _, target := range []string{"POST /things/7", "GET /silent", "GET /broken", "GET /nowhere", "GET /cut"} {
		method, path, _ := strings.Cut(target, " ")
		func() {
			defer func() { _ = recover() }() // of /cut
			wrapped.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, path, nil))
		}()
	}
	const took = 1500 * time.Microsecond
	want := []seen{
		{"POST /things/{id}", 400, took, "Reuse", ""},
		{"GET /silent", 200, took, "", ""},
		{"GET /broken", 500, took, "", ""},
		{"unmatched", 404, took, "", ""},
		{"GET /cut", 200, took, "", ""}, // nothing was sent; the log says the same
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
