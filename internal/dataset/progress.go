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
	begun time.Time
	done  atomic.Int64
	next  atomic.Int64 // when to tell again, in Unix nanoseconds
}

func newProgress(what string, total int) *progress {
	p := &progress{what: what, total: total, begun: time.Now()}
	p.next.Store(time.Now().Add(progressInterval).UnixNano())
	return p
}

// step counts one image more. It may be called from several goroutines.
func (p *progress) step(ctx context.Context) {
	done, next, now := p.done.Add(1), p.next.Load(), time.Now()
	if now.UnixNano() >= next && p.next.CompareAndSwap(next, now.Add(progressInterval).UnixNano()) {
		slog.InfoContext(ctx, p.what, "done", done, "of", p.total, "time_left", p.timeLeft(now, done).String())
	}
}

// timeLeft is how long the rest takes if it goes on as it went so far.
func (p *progress) timeLeft(now time.Time, done int64) time.Duration {
	each := now.Sub(p.begun).Seconds() / float64(done)
	return time.Duration(each*float64(int64(p.total)-done)) * time.Second
}
