package httpkit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// MaxBody is the largest request body Daypass reads, in bytes (design §6).
const MaxBody = 64 << 10

// WrapOptions says how Wrap behaves. Now and Logger are required.
type WrapOptions struct {
	// Now is the clock for durations.
	Now func() time.Time
	// Logger gets one event per request and one per panic.
	Logger *slog.Logger
	// TrustedProxies are the peers whose X-Forwarded-For is believed; none by default.
	TrustedProxies []netip.Prefix
	// InsecureNoHSTS leaves out Strict-Transport-Security, for an issuer on plain-HTTP localhost. Anywhere else the first
	// request of a browser could be answered by whoever sits on its network.
	InsecureNoHSTS bool
	// Observe, unless nil, is told of every finished request, after the event is logged. It runs in the request's goroutine.
	Observe func(Observation)
}

// Observation is what may be counted of a finished request.
type Observation struct {
	// Route is the pattern of the route, "unmatched" for none.
	Route string
	// Status is the one that was sent, Duration the time until the handler returned.
	Status   int
	Duration time.Duration

	fields []slog.Attr
}

// Field returns the text of a field that a handler added with Annotate, or "". What a handler adds may be what a
// stranger sent: compare it with what is known, do not count by it.
func (o Observation) Field(key string) string {
	for _, f := range o.fields {
		if f.Key == key {
			return f.Value.String()
		}
	}
	return ""
}

// Wrap is the outermost handler. It gives the request an id, works out the client's address, limits the body, sets the
// security headers, turns a panic into a generic 500 whose cause is in the log alone, and logs one event.
func Wrap(next http.Handler, o WrapOptions) http.Handler {
	if o.Now == nil || o.Logger == nil {
		panic("httpkit: Wrap needs Now and Logger")
	}
	return &wrapper{next: next, o: o}
}

type wrapper struct {
	next    http.Handler
	o       WrapOptions
	noticed sync.Once
}

// noticeProxy says once that a proxy nobody told us of stands before this server: every client behind it would be taken
// for one, and throttled as one.
func (x *wrapper) noticeProxy(r *http.Request) {
	if len(r.Header.Values("X-Forwarded-For")) == 0 {
		return
	}
	peer, ok := parseHop(r.RemoteAddr)
	if !ok || isTrusted(peer, x.o.TrustedProxies) || !peer.IsLoopback() && !peer.IsPrivate() {
		return
	}
	x.noticed.Do(func() {
		x.o.Logger.Warn("X-Forwarded-For is passed over: who sent it is not in trusted_proxies; if that is your proxy, list it there, or all its clients count as one",
			"peer", peer.String())
	})
}

func (x *wrapper) ServeHTTP(raw http.ResponseWriter, r *http.Request) {
	start := x.o.Now()
	x.noticeProxy(r)
	e := newEvent(clientIP(r, x.o.TrustedProxies))
	w := &recorder{ResponseWriter: raw}
	r = r.WithContext(context.WithValue(r.Context(), eventKey{}, e))
	if r.Body != nil && r.Body != http.NoBody {
		// The raw writer: MaxBytesReader closes the connection through it when the limit is passed.
		r.Body = http.MaxBytesReader(raw, r.Body, MaxBody)
	}
	x.baseHeaders(w, r, e)

	defer func() { x.log(r, w, e, start) }()
	defer x.rescue(w, r, e)
	x.next.ServeHTTP(w, r)
}

func (x *wrapper) baseHeaders(w http.ResponseWriter, r *http.Request, e *event) {
	w.Header().Set(HeaderRequestID, e.id)
	setSecurityHeaders(w.Header(), sendsHSTS(x.o.InsecureNoHSTS, r.Host))
}

// rescue answers a panic. What the handler had put into the header (a cookie, a location, a length) is dropped, and
// a reply already under way is cut, so that the client cannot take it for whole.
func (x *wrapper) rescue(w *recorder, r *http.Request, e *event) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	x.o.Logger.LogAttrs(r.Context(), slog.LevelError, "panic in handler",
		slog.String("request_id", e.id), slog.String("panic", panicText(v)), slog.String("stack", string(debug.Stack())))
	if w.sent() {
		panic(http.ErrAbortHandler)
	}
	clear(w.Header())
	x.baseHeaders(w, r, e)
	WriteProblem(w, r, Problem{Code: CodeInternal, Detail: "Something went wrong on our side."})
}

// panicText tells a run-time fault in words, and any other panic by its type alone: its text may hold what a request
// carried (LG-01). The stack says where.
func panicText(v any) string {
	var fault runtime.Error
	if err, ok := v.(error); ok && errors.As(err, &fault) {
		return fmt.Sprintf("%T: %s", fault, fault.Error())
	}
	return fmt.Sprintf("%T", v)
}

func (x *wrapper) log(r *http.Request, w *recorder, e *event, start time.Time) {
	status := w.status
	if status == 0 {
		status = http.StatusOK // net/http sends it when a handler returns without writing
	}
	level := slog.LevelInfo
	switch {
	case status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	level = max(level, e.raised())
	added, route := e.fields(r.Pattern)
	took := x.o.Now().Sub(start)
	attrs := []slog.Attr{
		slog.String("method", methodName(r.Method)),
		slog.String("route", route),
		slog.Int("status", status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes", w.bytes),
		slog.String("request_id", e.id),
		slog.String("client_ip", addrText(e.client)),
	}
	x.o.Logger.LogAttrs(context.WithoutCancel(r.Context()), level, "request", append(attrs, added...)...)
	if x.o.Observe != nil {
		x.o.Observe(Observation{Route: route, Status: status, Duration: took, fields: added})
	}
}

// methodName keeps a stranger's invention out of the log and of whatever counts by method.
func methodName(m string) string {
	known := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"}
	if slices.Contains(known, m) {
		return m
	}
	return "OTHER"
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
