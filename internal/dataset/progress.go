package dataset

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// progressInterval is the time between two lines about work that takes long.
const progressInterval = 5 * time.Second

// progress tells in the log how far work on many images has come.
type progress struct {
	what  string
	total int
	done  atomic.Int64
	next  atomic.Int64 // when to tell again, in Unix nanoseconds
}

func newProgress(what string, total int) *progress {
	p := &progress{what: what, total: total}
	p.next.Store(time.Now().Add(progressInterval).UnixNano())
	return p
}

// step counts one image more. It may be called from several goroutines.
func (p *progress) step(ctx context.Context) {
	done, next, now := p.done.Add(1), p.next.Load(), time.Now()
	if now.UnixNano() >= next && p.next.CompareAndSwap(next, now.Add(progressInterval).UnixNano()) {
		slog.InfoContext(ctx, p.what, "done", done, "of", p.total)
	}
}
