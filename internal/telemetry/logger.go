package telemetry

import (
	"context"
	"io"
	"log/slog"
	"slices"
)

// The formats NewLogger knows.
const (
	FormatText = "text"
	FormatJSON = "json"
)

// NewLogger writes records from level upwards to w, one a line, times in UTC, through the redacting handler. A format
// other than FormatText is FormatJSON. A change of a *slog.LevelVar given as level takes effect at once.
func NewLogger(w io.Writer, format string, level slog.Leveler) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	var inner slog.Handler = slog.NewJSONHandler(w, opts)
	if format == FormatText {
		inner = slog.NewTextHandler(w, opts)
	}
	return slog.New(handler{inner: inner, red: newRedactor()})
}

// handler cleans every record and attribute before inner sees it.
type handler struct {
	inner slog.Handler
	red   *redactor
	// hidden is set below a group whose name is that of a credential: all its values are dropped.
	hidden bool
}

var _ slog.Handler = handler{}

func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.inner.Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time.UTC(), r.Level, h.red.text(r.Message), r.PC)
	attrs := make([]slog.Attr, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, h.red.attr(a, h.hidden))
		return true
	})
	clean.AddAttrs(attrs...)
	return h.inner.Handle(ctx, clean)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := slices.Clone(attrs)
	for i, a := range clean {
		clean[i] = h.red.attr(a, h.hidden)
	}
	h.inner = h.inner.WithAttrs(clean)
	return h
}

func (h handler) WithGroup(name string) slog.Handler {
	h.hidden = h.hidden || h.red.namesCredential(name)
	h.inner = h.inner.WithGroup(h.red.text(name))
	return h
}
