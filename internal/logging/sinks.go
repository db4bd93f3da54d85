package logging

import (
	"context"
	"log/slog"
	"slices"
	"sync"
)

// sinks is a set of handlers.
type sinks struct {
	mu       sync.Mutex
	handlers []*slog.Handler
	early    *backlog // nil where nothing is kept, or no longer
}

// add puts handlers into the set; the function returned takes them out.
func (s *sinks) add(handlers ...slog.Handler) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addLocked(handlers)
}

// attach adds handlers and gives them the records that were kept, which are then
// kept no longer.
func (s *sinks) attach(handlers ...slog.Handler) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.early != nil {
		s.early.replay(handlers)
		s.early = nil
	}
	return s.addLocked(handlers)
}

func (s *sinks) addLocked(handlers []slog.Handler) (remove func()) {
	var added []*slog.Handler
	for _, handler := range handlers {
		added = append(added, &handler)
	}
	s.handlers = slices.Concat(s.handlers, added) // anew: others may be reading the old one
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.handlers = slices.DeleteFunc(slices.Clone(s.handlers), func(h *slog.Handler) bool { return slices.Contains(added, h) })
	}
}

// enabled says whether records of the level are of use to anybody.
func (s *sinks) enabled(ctx context.Context, level slog.Level) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.early != nil && level >= s.early.level ||
		slices.ContainsFunc(s.handlers, func(h *slog.Handler) bool { return (*h).Enabled(ctx, level) })
}

// receive keeps the record for handlers to come, if there shall be some, and
// returns those that are there.
func (s *sinks) receive(record slog.Record, steps []step) []*slog.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.early != nil {
		s.early.keep(record, steps)
	}
	return s.handlers
}

// mostEarly bounds what a backlog keeps: some commands never attach a directory.
const mostEarly = 1000

// backlog keeps the records of before a directory is attached.
type backlog struct {
	level   slog.Level // of the records to keep
	records []earlyRecord
}

// earlyRecord is a record with the steps of the logger that it came by.
type earlyRecord struct {
	slog.Record
	steps []step
}

func (b *backlog) keep(record slog.Record, steps []step) {
	if record.Level >= b.level && len(b.records) < mostEarly {
		b.records = append(b.records, earlyRecord{record.Clone(), steps})
	}
}

// replay gives the records to the handlers. An error of one, such as a full disk,
// is as little use here as for any other record, where slog drops it too.
func (b *backlog) replay(handlers []slog.Handler) {
	for _, early := range b.records {
		for _, handler := range handlers {
			_ = handle(context.Background(), handler, early.steps, early.Record)
		}
	}
}
