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
	steps []step
}

// step adds the attributes or the group of a derived logger to a handler.
type step func(slog.Handler) slog.Handler

// Enabled implements slog.Handler.
func (f *fanOut) Enabled(ctx context.Context, level slog.Level) bool {
	return f.sinks.enabled(ctx, level)
}

// Handle implements slog.Handler.
func (f *fanOut) Handle(ctx context.Context, record slog.Record) error {
	var errs []error
	for _, handler := range f.sinks.receive(record, f.steps) {
		errs = append(errs, handle(ctx, *handler, f.steps, record))
	}
	return errors.Join(errs...)
}

// handle hands a record to a handler, if it wants it, by the steps of its logger.
func handle(ctx context.Context, handler slog.Handler, steps []step, record slog.Record) error {
	if !handler.Enabled(ctx, record.Level) {
		return nil
	}
	for _, step := range steps {
		handler = step(handler)
	}
	return handler.Handle(ctx, record.Clone())
}

// WithAttrs implements slog.Handler.
func (f *fanOut) WithAttrs(attrs []slog.Attr) slog.Handler {
	return f.with(func(h slog.Handler) slog.Handler { return h.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (f *fanOut) WithGroup(name string) slog.Handler {
	return f.with(func(h slog.Handler) slog.Handler { return h.WithGroup(name) })
}

func (f *fanOut) with(s step) slog.Handler {
	return &fanOut{f.sinks, append(slices.Clip(f.steps), s)}
}
