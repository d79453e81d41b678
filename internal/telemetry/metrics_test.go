package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
)

// scrape returns what GET /metrics answers.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Fatalf("got %d %s", w.Code, w.Header())
	}
	return w.Body.String()
}

// served is a server of two routes behind the wrapper, counted by m.
func served(m *Metrics, verdict string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) {
		httpkit.Annotate(r.Context(), "verdict", verdict)
		httpkit.Annotate(r.Context(), "grant_id", "canary-grant")
		httpkit.Annotate(r.Context(), "client_id", r.FormValue("client_id"))
		w.WriteHeader(http.StatusBadRequest)
	})
	mux.HandleFunc("DELETE /v1/sessions/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /broken", func(http.ResponseWriter, *http.Request) { panic("canary-panic") })
	return httpkit.Wrap(mux, httpkit.WrapOptions{Now: time.Now, Logger: slog.New(slog.DiscardHandler), Observe: m.Request})
}

func do(ctx context.Context, h http.Handler, method, target string) {
	r := httptest.NewRequestWithContext(ctx, method, target, nil)
	r.Header.Set("Authorization", "Bearer canary-token")
	h.ServeHTTP(httptest.NewRecorder(), r)
}

func TestRequestsAreCountedByRouteStatusAndVerdict(t *testing.T) {
	t.Parallel()
	m := NewMetrics()
	m.HashQueue(func() (int64, int64) { return 3, 7 })
	h := served(m, string(auth.Reuse))
	for range 3 {
		do(t.Context(), h, http.MethodPost, "/oauth/token?client_id=canary-client")
	}
	do(t.Context(), h, http.MethodDelete, "/v1/sessions/canary-session")
	do(t.Context(), h, http.MethodGet, "/broken")
	m.LogIn(LogInOK)
	m.LogIn(LogInRefused)
	m.LogIn(LogInRefused)
	got := scrape(t, m)
	for _, want := range []string{
		`daypass_http_requests_total{route="POST /oauth/token",status="4xx"} 3`,
		`daypass_http_requests_total{route="DELETE /v1/sessions/{id}",status="2xx"} 1`,
		`daypass_http_requests_total{route="GET /broken",status="5xx"} 1`,
		`daypass_http_request_duration_seconds_count{route="POST /oauth/token"} 3`,
		`daypass_http_request_duration_seconds_bucket{route="POST /oauth/token",le="+Inf"} 3`,
		`daypass_refreshes_total{verdict="Reuse"} 3`,
		`daypass_refreshes_total{verdict="Current"} 0`,
		`daypass_logins_total{outcome="ok"} 1`,
		`daypass_logins_total{outcome="refused"} 2`,
		`daypass_logins_total{outcome="busy"} 0`,
		`daypass_password_queue_waiting 3`,
		`daypass_password_queue_refused_total 7`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no series %s", want)
		}
	}
	for _, name := range []string{"go_goroutines ", "process_resident_memory_bytes "} {
		if !strings.Contains(got, "\n"+name) {
			t.Errorf("no series %s", name)
		}
	}
}

// LG-01, LG-04: what a stranger sends neither shows nor adds series.
func TestNoLabelHoldsWhatAStrangerSent(t *testing.T) {
	t.Parallel()
	m := NewMetrics()
	h := served(m, "canary-verdict")
	do(t.Context(), h, http.MethodPost, "/oauth/token?client_id=canary-client") // every series of a route is there now
	do(t.Context(), h, http.MethodDelete, "/v1/sessions/canary-first")
	do(t.Context(), h, "CANARY", "/canary/first")
	before := scrape(t, m)
	for i := range 50 {
		do(t.Context(), h, http.MethodPost, fmt.Sprintf("/oauth/token?client_id=canary-%d", i))
		do(t.Context(), h, http.MethodDelete, fmt.Sprintf("/v1/sessions/canary-%d", i))
		do(t.Context(), h, fmt.Sprintf("CANARY%d", i), fmt.Sprintf("/canary/%d", i))
	}
	after := scrape(t, m)
	if strings.Contains(strings.ToLower(after), "canary") {
		t.Error("what a request carried stands in the metrics")
	}
	if got, want := ours(after), ours(before); !slices.Equal(got, want) {
		t.Errorf("requests add series: got %d, had %d", len(got), len(want))
	}
	if !strings.Contains(after, `daypass_refreshes_total{verdict="other"} 51`) || !strings.Contains(after, `{route="unmatched",status="4xx"} 51`) {
		t.Error("what has no name of its own is not counted as such")
	}
}

// ours lists our own series without their values.
func ours(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "daypass_") {
			names = append(names, line[:strings.LastIndexByte(line, ' ')])
		}
	}
	return names
}

func TestTheMetricsListenerServesNothingElse(t *testing.T) {
	t.Parallel()
	h := NewMetrics().Handler()
	for request, want := range map[string]int{
		"GET /metrics": http.StatusOK, "HEAD /metrics": http.StatusOK, "POST /metrics": http.StatusMethodNotAllowed, "GET /": http.StatusNotFound,
		"GET /metrics/x": http.StatusNotFound, "GET /debug/pprof/": http.StatusNotFound, "GET /healthz": http.StatusNotFound,
	} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil)); w.Code != want {
			t.Errorf("%s: got %d, want %d", request, w.Code, want)
		}
	}
}

func TestTheDocsListEverySeries(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	m := NewMetrics()
	m.HashQueue(func() (int64, int64) { return 0, 0 })
	m.Request(httpkit.Observation{Route: "GET /", Status: http.StatusOK})
	var exposed, documented []string
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (daypass_[a-z_]+) `).FindAllStringSubmatch(scrape(t, m), -1) {
		exposed = append(exposed, found[1])
	}
	for _, found := range regexp.MustCompile("`(daypass_[a-z_]+)`").FindAllStringSubmatch(string(page), -1) {
		documented = append(documented, found[1])
	}
	slices.Sort(exposed)
	slices.Sort(documented)
	if !slices.Equal(exposed, documented) {
		t.Errorf("got  %q\ndocs %q", exposed, documented)
	}
}

func BenchmarkRequestMetrics(b *testing.B) {
	m := NewMetrics()
	o := httpkit.Observation{Route: "POST /oauth/token", Status: http.StatusOK, Duration: time.Millisecond}
	b.ReportAllocs()
	for b.Loop() {
		m.Request(o)
	}
}
