package httpkit

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// HeaderRequestID carries the id of the request in every reply. A request's own header of that name is ignored: an id
// chosen outside could point the reader of a log at another request.
const HeaderRequestID = "Daypass-Request-Id"

// maxAnnotation keeps a stranger's 64 KiB client_id from filling the log, in bytes.
const maxAnnotation = 512

type eventKey struct{}

// event is what Wrap knows of one request; handlers reach it through the context alone.
type event struct {
	id     string
	client netip.Addr

	mu    sync.Mutex // handlers may annotate from goroutines of their own
	route string
	level slog.Level
	attrs []slog.Attr
}

func newEvent(client netip.Addr) *event {
	return &event{id: rand.Text(), client: client}
}

func eventFrom(ctx context.Context) *event {
	e, _ := ctx.Value(eventKey{}).(*event)
	return e
}

// RequestID returns the id of the request, 26 letters and digits, or "" outside Wrap.
func RequestID(ctx context.Context) string {
	if e := eventFrom(ctx); e != nil {
		return e.id
	}
	return ""
}

// ClientIP returns the address the request came from, as Wrap worked it out from the connection and the trusted
// proxies. It is the zero Addr outside Wrap and for a listener without IP addresses.
func ClientIP(ctx context.Context) netip.Addr {
	if e := eventFrom(ctx); e != nil {
		return e.client
	}
	return netip.Addr{}
}

// Annotate adds a field to the one log event of the request; a second value for a key replaces the first. Outside
// Wrap it does nothing. Keys are snake_case names of the domain (grant_id, verdict, user_id); a key the wrapper uses
// itself is logged with the prefix "handler_", and a string is cut after 512 bytes. Values must not be credentials: the redacting log handler is the net
// below, not the plan.
func Annotate(ctx context.Context, key string, value any) {
	e := eventFrom(ctx)
	if e == nil {
		return
	}
	if slices.Contains([]string{"method", "route", "status", "duration_ms", "bytes", "request_id", "client_ip"}, key) {
		key = "handler_" + key
	}
	if s, ok := value.(string); ok && len(s) > maxAnnotation {
		value = strings.ToValidUTF8(s[:maxAnnotation], "") + "…"
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	attr := slog.Any(key, value)
	if i := slices.IndexFunc(e.attrs, func(a slog.Attr) bool { return a.Key == key }); i >= 0 {
		e.attrs[i] = attr
		return
	}
	e.attrs = append(e.attrs, attr)
}

// Raise makes the event of the request at least that serious, whatever its status: an alarm must not read like
// any other 400.
func Raise(ctx context.Context, level slog.Level) {
	if e := eventFrom(ctx); e != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.level = max(e.level, level)
	}
}

func (e *event) raised() slog.Level {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.level
}

// SetRoute names the route of the request for its event, where the pattern of http.ServeMux cannot be seen: below a
// middleware that copied the request, or in a table of routes that is not a ServeMux.
func SetRoute(ctx context.Context, pattern string) {
	if e := eventFrom(ctx); e != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.route = pattern
	}
}

// fields returns a copy of what was annotated and the route, which is the given pattern unless SetRoute named one.
func (e *event) fields(pattern string) ([]slog.Attr, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.route != "" {
		pattern = e.route
	}
	if pattern == "" {
		pattern = "unmatched" // the path itself may hold an id or a pasted token
	}
	return slices.Clone(e.attrs), pattern
}
