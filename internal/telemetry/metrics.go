package telemetry

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
)

// LogInOutcome is how a log-in by password ended.
type LogInOutcome string

// The outcomes. Refused means that email or password was not right, busy that the queue of hashing was full.
const (
	LogInOK      LogInOutcome = "ok"
	LogInRefused LogInOutcome = "refused"
	LogInBusy    LogInOutcome = "busy"
	LogInFailed  LogInOutcome = "failed"
)

// Metrics counts what this process does, in a registry of its own. The values of every label come from a set that the
// code fixes: nothing a stranger chooses can add a series, and no id, address or token can become a label (LG-01, LG-04).
// It is safe for concurrent use.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	refreshes *prometheus.CounterVec
	logIns    *prometheus.CounterVec
}

// NewMetrics returns metrics that count from zero, with the collectors of the Go runtime and the process.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "daypass_http_requests_total", Help: "HTTP requests by pattern of the route and class of the status.",
		}, []string{"route", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "daypass_http_request_duration_seconds", Help: "How long HTTP requests took, by pattern of the route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, // a refresh takes about 1 ms, a log-in about 25
		}, []string{"route"}),
		refreshes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "daypass_refreshes_total", Help: "Refresh tokens judged, by verdict.",
		}, []string{"verdict"}),
		logIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "daypass_logins_total", Help: "Log-ins by password, by outcome.",
		}, []string{"outcome"}),
	}
	m.registry.MustRegister(m.requests, m.durations, m.refreshes, m.logIns,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// Those that an alarm watches exist from the start: a series that appears with its first value has no increase.
	for _, v := range verdicts() {
		m.refreshes.WithLabelValues(string(v))
	}
	for _, o := range []LogInOutcome{LogInOK, LogInRefused, LogInBusy, LogInFailed} {
		m.logIns.WithLabelValues(string(o))
	}
	return m
}

// verdicts are those of docs/refresh.md; anything else is counted as "other".
func verdicts() []auth.Verdict {
	return []auth.Verdict{
		auth.Malformed, auth.Unknown, auth.Forged, auth.Revoked, auth.Misbound, auth.Reuse, auth.Expired,
		auth.Current, auth.Replay, auth.Recover, auth.Ahead,
	}
}

// Request counts one finished HTTP request and, if it was one, the refresh: the handler left its verdict in the event.
func (m *Metrics) Request(o httpkit.Observation) {
	m.requests.WithLabelValues(o.Route, statusClass(o.Status)).Inc()
	m.durations.WithLabelValues(o.Route).Observe(o.Duration.Seconds())
	if v := o.Field("verdict"); v != "" {
		if !slices.Contains(verdicts(), auth.Verdict(v)) {
			v = "other"
		}
		m.refreshes.WithLabelValues(v).Inc()
	}
}

func statusClass(status int) string {
	if status < 100 || status > 599 {
		return "other"
	}
	return strconv.Itoa(status/100) + "xx"
}

// LogIn counts one log-in.
func (m *Metrics) LogIn(outcome LogInOutcome) { m.logIns.WithLabelValues(string(outcome)).Inc() }

// HashQueue reports the queue before the password hashing: read returns who waits now and who was turned away since the
// start, and is called at each scrape. Call it once.
func (m *Metrics) HashQueue(read func() (waiting, refused int64)) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "daypass_password_queue_waiting", Help: "Callers that wait for a password to be hashed.",
		}, func() float64 { waiting, _ := read(); return float64(waiting) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "daypass_password_queue_refused_total", Help: "Callers turned away because the hashing queue was full or too slow.",
		}, func() float64 { _, refused := read(); return float64(refused) }),
	)
}

// maxScrapes are answered at once; more are somebody else than a monitoring system.
const maxScrapes = 4

// Handler serves GET /metrics and nothing else.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Timeout: 10 * time.Second}))
	return mux
}
