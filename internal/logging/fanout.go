package logging

import (
	"context"
	"errors"
	"log/slog"
	"slices"
)

// fanOut hands each record to every handler of a set. Attributes and groups of
// derived loggers are kept as steps and applied at each record, since the set may
// grow after the logger was derived; records are few.
type fanOut struct {
	sinks *sinks
	steps []func(slog.Handler) slog.Handler
}

// Enabled implements slog.Handler.
func (f *fanOut) Enabled(ctx context.Context, level slog.Level) bool {
	return slices.ContainsFunc(f.sinks.all(), func(h *slog.Handler) bool { return (*h).Enabled(ctx, level) })
}

// Handle implements slog.Handler.
func (f *fanOut) Handle(ctx context.Context, record slog.Record) error {
	var errs []error
	for _, entry := range f.sinks.all() {
		handler := *entry
		if !handler.Enabled(ctx, record.Level) {
			continue
		}
		for _, step := range f.steps {
			handler = step(handler)
		}
		errs = append(errs, handler.Handle(ctx, record.Clone()))
	}
	return errors.Join(errs...)
}

// WithAttrs implements slog.Handler.
func (f *fanOut) WithAttrs(attrs []slog.Attr) slog.Handler {
	return f.with(func(h slog.Handler) slog.Handler { return h.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (f *fanOut) WithGroup(name string) slog.Handler {
	return f.with(func(h slog.Handler) slog.Handler { return h.WithGroup(name) })
}

func (f *fanOut) with(step func(slog.Handler) slog.Handler) slog.Handler {
	return &fanOut{f.sinks, append(slices.Clip(f.steps), step)}
}
