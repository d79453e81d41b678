package app

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/telemetry"
)

// serving is a node behind its real listeners; stop ends it and returns what serve returned.
func serving(t *testing.T, c config.Config) (n *node, metrics string, stop func() error) {
	t.Helper()
	on, err := listen(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	n = start(t, c)
	n.url = "http://" + on.main.Addr().String()
	if on.metrics != nil {
		metrics = "http://" + on.metrics.Addr().String()
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	ready := make(chan struct{})
	go func() { served <- n.serve(ctx, on, func() { close(ready) }) }()
	<-ready
	return n, metrics, func() error {
		cancel()
		return <-served
	}
}

func TestMetricsTellWhatHappenedOnAListenerOfTheirOwn(t *testing.T) {
	t.Parallel()
	c := load(t, t.TempDir(), "DAYPASS_METRICS_LISTEN=127.0.0.1:0")
	n, metrics, stop := serving(t, c)
	access, first := n.logIn(t)
	n.post(t, "/v1/login", "application/json", `{"email": "`+demoEmail+`", "password": "canary, and not the password"}`)
	n.post(t, "/v1/login", "application/json", `{"email": "canary@nowhere.example", "password": "canary, and not the password"}`)
	_, next := n.refresh(t, first)
	n.refresh(t, first) // a replay
	n.refresh(t, "dpr_canary")
	n.get(t, "/v1/me", access)
	n.get(t, "/canary/"+access, "")
	if status, body := n.get(t, "/metrics", ""); status != http.StatusNotFound || strings.Contains(body, "daypass_") {
		t.Errorf("/metrics on the main listener: got %d %s", status, body)
	}

	at := &node{url: metrics}
	status, text := at.get(t, "/metrics", "")
	if status != http.StatusOK {
		t.Fatalf("got %d %s", status, text)
	}
	for _, want := range []string{
		`daypass_logins_total{outcome="ok"} 1`, `daypass_logins_total{outcome="refused"} 2`,
		`daypass_refreshes_total{verdict="Current"} 1`, `daypass_refreshes_total{verdict="Replay"} 1`, `daypass_refreshes_total{verdict="Malformed"} 1`,
		`daypass_http_requests_total{route="POST /v1/login",status="2xx"} 1`, `daypass_http_requests_total{route="POST /v1/login",status="4xx"} 2`,
		`daypass_http_requests_total{route="GET /v1/me",status="2xx"} 1`, `daypass_http_request_duration_seconds_count{route="POST /v1/login"} 3`,
		`daypass_password_queue_waiting 0`, `daypass_password_queue_refused_total 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no series %s", want)
		}
	}
	refresh, _ := next["refresh_token"].(string)
	for _, secret := range []string{access, first, refresh, demoEmail, "canary", "dpr_", "eyJ", "127.0.0.1"} {
		if strings.Contains(text, secret) {
			t.Errorf("the metrics hold %q", secret)
		}
	}
	if found := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-|[A-Z2-7]{26}`).FindString(text); found != "" {
		t.Errorf("the metrics hold an id: %s", found)
	}
	if status, _ := at.get(t, "/v1/me", access); status != http.StatusNotFound {
		t.Errorf("the API on the metrics listener: got %d", status)
	}

	if err := stop(); err != nil {
		t.Errorf("serve: %v", err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, metrics+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(r); err == nil {
		_ = resp.Body.Close()
		t.Errorf("after the stop: got %d, want no listener", resp.StatusCode)
	}
}

func TestWithoutTheKeyNothingIsCountedOrOpened(t *testing.T) {
	t.Parallel()
	n, metrics, stop := serving(t, load(t, t.TempDir()))
	if metrics != "" || n.metrics != nil {
		t.Errorf("a metrics listener at %q", metrics)
	}
	if status, _ := n.get(t, "/metrics", ""); status != http.StatusNotFound {
		t.Errorf("/metrics: got %d, want 404", status)
	}
	if err := stop(); err != nil {
		t.Errorf("serve: %v", err)
	}
}

func TestATakenMetricsPortStopsTheStart(t *testing.T) {
	t.Parallel()
	taken, err := listen(t.Context(), config.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.close()
	dir := t.TempDir()
	c := load(t, dir)
	c.Metrics.Listen = taken.main.Addr().String()
	err = Serve(t.Context(), c, dir, telemetry.NewLogger(&logs{}, telemetry.FormatText, c.Log.Level))
	if err == nil || !strings.Contains(err.Error(), "metrics.listen") {
		t.Errorf("got %v, want an error that names metrics.listen", err)
	}
}
