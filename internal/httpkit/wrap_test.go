package httpkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// harness runs one request through Wrap and keeps the log.
type harness struct {
	log  bytes.Buffer
	opts WrapOptions
}

func newHarness() *harness {
	h := &harness{}
	tick := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	h.opts = WrapOptions{Logger: slog.New(slog.NewJSONHandler(&h.log, nil)), Now: func() time.Time {
		tick = tick.Add(1500 * time.Microsecond)
		return tick
	}}
	return h
}

func (h *harness) do(t *testing.T, handler http.HandlerFunc, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	Wrap(handler, h.opts).ServeHTTP(w, r)
	return w
}

func (h *harness) events(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(h.log.String()) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("log line is not JSON: %v: %q", err, line)
		}
		all = append(all, e)
	}
	return all
}

func get(target string) *http.Request { return httptest.NewRequest(http.MethodGet, target, nil) }

func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

func TestEveryReplyBearsTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "no-referrer",
		"X-Frame-Options":            "DENY",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Strict-Transport-Security":  "max-age=63072000; includeSubDomains",
		"Cache-Control":              "no-store",
		"Server":                     "",
	}
	panics := func(http.ResponseWriter, *http.Request) { panic("boom") }
	for name, handler := range map[string]http.HandlerFunc{"ok": ok, "not found": NotFound, "panic": panics} {
		w := newHarness().do(t, handler, get("https://id.example.com/"))
		for header, value := range want {
			if got := w.Header().Get(header); got != value {
				t.Errorf("%s: %s = %q, want %q", name, header, got, value)
			}
		}
		for _, header := range []string{"Permissions-Policy", "Content-Security-Policy"} {
			if w.Header().Get(header) == "" {
				t.Errorf("%s: %s is missing", name, header)
			}
		}
	}
}

func TestHSTSIsLeftOutOnLocalhostAndWhenInsecure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target   string
		insecure bool
		want     bool
	}{
		{"https://id.example.com/", false, true},
		{"https://id.example.com:8443/", false, true},
		{"https://localhost:8443/", false, false},
		{"https://LOCALHOST/", false, false},
		{"https://app.localhost/", false, false},
		{"https://notlocalhost/", false, true},
		{"https://id.example.com/", true, false},
	} {
		h := newHarness()
		h.opts.InsecureNoHSTS = c.insecure
		w := h.do(t, ok, get(c.target))
		if got := w.Header().Get("Strict-Transport-Security") != ""; got != c.want {
			t.Errorf("%s insecure=%v: HSTS sent = %v, want %v", c.target, c.insecure, got, c.want)
		}
	}
}

func TestTheRequestIDIsRandomAndNeverTakenFromOutside(t *testing.T) {
	t.Parallel()
	h := newHarness()
	var inside string
	r := get("/")
	r.Header.Set(HeaderRequestID, "chosen-outside")
	w := h.do(t, func(_ http.ResponseWriter, r *http.Request) { inside = RequestID(r.Context()) }, r)
	id := w.Header().Get(HeaderRequestID)
	if len(id) != 26 || id != inside || h.events(t)[0]["request_id"] != id {
		t.Errorf("reply %q, context %q, log %v: want one fresh id", id, inside, h.events(t)[0]["request_id"])
	}
	if again := h.do(t, ok, get("/")).Header().Get(HeaderRequestID); again == id {
		t.Errorf("two requests share the id %q", id)
	}
}

func TestOneEventPerRequestWithoutWhatTheRequestCarried(t *testing.T) {
	t.Parallel()
	h := newHarness()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/things/{id}", func(w http.ResponseWriter, r *http.Request) {
		Annotate(r.Context(), "verdict", "Reuse")
		Annotate(r.Context(), "verdict", "Current")
		Annotate(r.Context(), "status", "mine")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "12345")
	})
	r := httptest.NewRequest(http.MethodPost, "/v1/things/canary-path?q=canary-query", strings.NewReader("canary-body"))
	r.Header.Set("Authorization", "canary-header")
	r.Header.Set("Cookie", "a=canary-cookie")
	r.RemoteAddr = "192.0.2.7:1234"
	h.do(t, mux.ServeHTTP, r)

	events := h.events(t)
	if len(events) != 1 {
		t.Fatalf("got %d events, want 1: %s", len(events), h.log.String())
	}
	for key, want := range map[string]any{
		"msg": "request", "level": "INFO", "method": "POST", "route": "POST /v1/things/{id}", "status": 202.0, "bytes": 5.0,
		"duration_ms": 1.5, "client_ip": "192.0.2.7", "verdict": "Current", "handler_status": "mine",
	} {
		if got := events[0][key]; got != want {
			t.Errorf("%s = %v, want %v", key, got, want)
		}
	}
	if strings.Contains(h.log.String(), "canary") {
		t.Errorf("the log holds what the request carried: %s", h.log.String())
	}
}

func TestALongAnnotationIsCut(t *testing.T) {
	t.Parallel()
	h := newHarness()
	h.do(t, func(_ http.ResponseWriter, r *http.Request) {
		Annotate(r.Context(), "client_id", "x"+strings.Repeat("é", 5000))
	}, get("/"))
	got, _ := h.events(t)[0]["client_id"].(string)
	if want := "x" + strings.Repeat("é", 255) + "…"; got != want {
		t.Errorf("got %d bytes %q, want 511 and an ellipsis", len(got), got)
	}
}

func TestAnUnknownRouteAndMethodStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	h := newHarness()
	h.do(t, http.NewServeMux().ServeHTTP, httptest.NewRequest("CANARY", "/canary", nil))
	e := h.events(t)[0]
	if e["method"] != "OTHER" || e["route"] != "unmatched" || e["status"] != 404.0 {
		t.Errorf("event = %v, want method OTHER, route unmatched, status 404", e)
	}
}

func TestSetRouteNamesTheRouteBelowACopiedRequest(t *testing.T) {
	t.Parallel()
	h := newHarness()
	h.do(t, func(_ http.ResponseWriter, r *http.Request) { SetRoute(r.Context(), "/oauth/token") }, get("/oauth/token"))
	if got := h.events(t)[0]["route"]; got != "/oauth/token" {
		t.Errorf("route = %v, want /oauth/token", got)
	}
}

func TestAPanicAnswersAGeneric500AndLogsItsPlaceOnly(t *testing.T) {
	t.Parallel()
	h := newHarness()
	w := h.do(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "half", Value: "done"})
		w.Header().Set("Location", "/away")
		w.Header().Set("Content-Length", "1")
		panic("canary-panic")
	}, get("/"))
	if w.Code != http.StatusInternalServerError {
		t.Fatalf("status = %d, want 500", w.Code)
	}
	for _, header := range []string{"Set-Cookie", "Location"} {
		if got := w.Header().Get(header); got != "" {
			t.Errorf("%s survived the panic: %q", header, got)
		}
	}
	p := readProblem(t, w)
	id := w.Header().Get(HeaderRequestID)
	if p.Code != CodeInternal || p.Instance != id {
		t.Errorf("problem = %+v, want code internal, instance %s", p, id)
	}
	if out := h.log.String() + w.Body.String(); strings.Contains(out, "canary-panic") {
		t.Errorf("the panic's text leaked: %s", out)
	}
	events := h.events(t)
	if len(events) != 2 || events[0]["request_id"] != id || !strings.Contains(fmt.Sprint(events[0]["stack"]), "wrap_test.go") {
		t.Errorf("log = %v, want the panic with id %s and its stack, then the event", events, id)
	}
	if events[1]["status"] != 500.0 || events[1]["level"] != "ERROR" {
		t.Errorf("event = %v, want status 500 at ERROR", events[1])
	}
}

func TestARuntimeFaultIsToldInWords(t *testing.T) {
	t.Parallel()
	h := newHarness()
	h.do(t, func(_ http.ResponseWriter, r *http.Request) {
		_ = []int{1}[len(r.Method)]
	}, get("/"))
	if got := h.events(t)[0]["panic"]; !strings.Contains(fmt.Sprint(got), "index out of range") {
		t.Errorf("panic = %v, want the run-time fault in words", got)
	}
}

func TestAPanicAfterTheHeaderCutsTheReply(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(http.ResponseWriter){
		"written": func(w http.ResponseWriter) { _, _ = io.WriteString(w, "half") },
		"flushed": func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
	} {
		server := httptest.NewServer(Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			begin(w)
			panic("boom")
		}), newHarness().opts))
		res, err := server.Client().Get(server.URL)
		if err == nil {
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: the client took half a reply for whole", name)
		}
		server.Close()
	}
}

func TestABodyOverTheLimitIsNotRead(t *testing.T) {
	t.Parallel()
	var err error
	handler := func(_ http.ResponseWriter, r *http.Request) { _, err = io.ReadAll(r.Body) }
	newHarness().do(t, handler, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", MaxBody))))
	if err != nil {
		t.Errorf("a body of exactly the limit: %v", err)
	}
	newHarness().do(t, handler, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", MaxBody+1))))
	var tooLarge *http.MaxBytesError
	if !errors.As(err, &tooLarge) {
		t.Errorf("a byte more: err = %v, want MaxBytesError", err)
	}
}

func TestResponseControllerReachesTheConnection(t *testing.T) {
	t.Parallel()
	var errs []error
	server := httptest.NewServer(Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c := http.NewResponseController(w)
		errs = append(errs, c.SetWriteDeadline(time.Time{}), c.Flush(), c.EnableFullDuplex())
	}), newHarness().opts))
	res, err := server.Client().Get(server.URL)
	if err == nil {
		_ = res.Body.Close()
	}
	server.Close() // waits for the handler, whose reply was flushed before it was done
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(errs...); err != nil {
		t.Errorf("response controller: %v", err)
	}
}

func TestOutsideWrapTheContextHelpersAreQuiet(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	Annotate(ctx, "k", 1)
	SetRoute(ctx, "/")
	if RequestID(ctx) != "" || ClientIP(ctx).IsValid() {
		t.Error("want no id and no address outside Wrap")
	}
}

func TestTheClientAddressComesFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, c := range map[string]struct {
		peer string
		xff  []string
		want string
	}{
		"no header":                          {"203.0.113.9:1", nil, "203.0.113.9"},
		"stranger's header is ignored":       {"203.0.113.9:1", []string{"1.2.3.4"}, "203.0.113.9"},
		"proxy, one hop":                     {"10.0.0.1:1", []string{"198.51.100.3"}, "198.51.100.3"},
		"rightmost untrusted":                {"10.0.0.1:1", []string{"1.2.3.4, 198.51.100.3, 10.9.9.9"}, "198.51.100.3"},
		"several header lines":               {"10.0.0.1:1", []string{"1.2.3.4", "198.51.100.3", "10.2.2.2"}, "198.51.100.3"},
		"all trusted: the leftmost":          {"10.0.0.1:1", []string{"10.5.5.5, 10.2.2.2"}, "10.5.5.5"},
		"garbage behind a proxy: the peer":   {"10.0.0.1:1", []string{"unknown, 10.9.9.9"}, "10.0.0.1"},
		"with port":                          {"10.0.0.1:1", []string{"198.51.100.3:5555"}, "198.51.100.3"},
		"IPv6 with port":                     {"10.0.0.1:1", []string{"[2001:db8::1]:99"}, "2001:db8::1"},
		"IPv6 peer":                          {"[fd00::1]:1", []string{"2001:db8::2"}, "2001:db8::2"},
		"mapped peer is its IPv4":            {"[::ffff:10.0.0.1]:1", []string{"::ffff:198.51.100.3"}, "198.51.100.3"},
		"garbage: the peer":                  {"10.0.0.1:1", []string{"198.51.100.3, unknown"}, "10.0.0.1"},
		"garbage left of the answer is idle": {"10.0.0.1:1", []string{"unknown, 198.51.100.3"}, "198.51.100.3"},
		"empty entry: the peer":              {"10.0.0.1:1", []string{"198.51.100.3,"}, "10.0.0.1"},
		"zone is dropped":                    {"[fe80::1%eth0]:1", nil, "fe80::1"},
		"no IP at all":                       {"@", []string{"198.51.100.3"}, "invalid IP"},
	} {
		r := get("/")
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.xff
		if got := clientIP(r, trusted).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestWrapHandsTheClientAddressToHandlers(t *testing.T) {
	t.Parallel()
	h := newHarness()
	h.opts.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	var got netip.Addr
	r := get("/")
	r.RemoteAddr = "192.0.2.1:80"
	r.Header.Set("X-Forwarded-For", "198.51.100.3")
	h.do(t, func(_ http.ResponseWriter, r *http.Request) { got = ClientIP(r.Context()) }, r)
	if want := "198.51.100.3"; got.String() != want || h.events(t)[0]["client_ip"] != want {
		t.Errorf("context %s, log %v, want %s", got, h.events(t)[0]["client_ip"], want)
	}
}

func TestAnAbortedHandlerStaysAborted(t *testing.T) {
	t.Parallel()
	h := newHarness()
	defer func() {
		if v := recover(); v != any(http.ErrAbortHandler) {
			t.Errorf("recovered %v, want ErrAbortHandler", v)
		}
		if events := h.events(t); len(events) != 1 || events[0]["msg"] != "request" {
			t.Errorf("log = %v, want the request's event alone", events)
		}
	}()
	h.do(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, get("/"))
}

func TestTheEventsLevelFollowsTheStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{200: "INFO", 404: "INFO", 500: "ERROR", 502: "ERROR", 503: "WARN"} {
		h := newHarness()
		h.do(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }, get("/"))
		if got := h.events(t)[0]["level"]; got != want {
			t.Errorf("%d is logged at %v, want %s", status, got, want)
		}
	}
}

func TestAnInformationalReplyIsNotTheFinalOne(t *testing.T) {
	t.Parallel()
	h := newHarness()
	h.do(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
	}, get("/"))
	if got := h.events(t)[0]["status"]; got != 418.0 {
		t.Errorf("status = %v, want 418", got)
	}
}

func TestProxyThatNobodyToldOfIsNoticedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		peer, trusted string
		want          int
	}{
		"on this machine":      {"127.0.0.1:9", "", 1},
		"in a private network": {"10.1.2.3:9", "", 1},
		"listed":               {"10.1.2.3:9", "10.0.0.0/8", 0},
		"a stranger who lies":  {"203.0.113.7:9", "", 0},
	} {
		h := newHarness()
		if c.trusted != "" {
			h.opts.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(c.trusted)}
		}
		wrapped := Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), h.opts)
		for range 3 {
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			r.RemoteAddr = c.peer
			r.Header.Set("X-Forwarded-For", "198.51.100.1")
			wrapped.ServeHTTP(httptest.NewRecorder(), r)
		}
		if got := strings.Count(h.log.String(), "trusted_proxies"); got != c.want {
			t.Errorf("%s: told %d times, want %d", name, got, c.want)
		}
	}
}
