package cli

import (
	"context"
	"sync/atomic"
)

// LastWords are for whoever ends the program at once, and so gets no error to read: how
// to go on, once there is something to go on with. They may be read by another goroutine.
type LastWords struct{ text atomic.Pointer[string] }

// String is empty as long as there is nothing to say.
func (w *LastWords) String() string {
	if text := w.text.Load(); text != nil {
		return *text
	}
	return ""
}

func (w *LastWords) set(text string) { w.text.Store(&text) }

type lastWordsKey struct{}

// WithLastWords returns a context for Run, which keeps w up to date.
func WithLastWords(ctx context.Context, w *LastWords) context.Context {
	return context.WithValue(ctx, lastWordsKey{}, w)
}

// lastWords is what sets the last words; nil where nobody wants them.
func lastWords(ctx context.Context) func(string) {
	if w, wanted := ctx.Value(lastWordsKey{}).(*LastWords); wanted {
		return w.set
	}
	return nil
}
