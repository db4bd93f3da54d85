package track

import (
	"context"
	"iter"
	"runtime"

	"github.com/blocktrain/blocktrain/internal/clips"
)

// Follow yields a point for every frame, in their order, Lag frames late or a few more, and
// the rest when the frames end. The memory that it takes does not grow with their number. An
// error ends it; the points of the frames before come first, unless ctx was cancelled.
func Follow(ctx context.Context, r Rule, frames iter.Seq2[clips.Frame, error]) iter.Seq2[*Point, error] {
	return FollowWith(ctx, r, runtime.GOMAXPROCS(0), frames)
}

// FollowWith is Follow with so many workers, on which the points do not depend. Frames are
// read by a goroutine of its own, so that decoding goes on while points are used.
func FollowWith(ctx context.Context, r Rule, workers int, frames iter.Seq2[clips.Frame, error]) iter.Seq2[*Point, error] {
	return func(yield func(*Point, error) bool) {
		if err := r.Check(); err != nil {
			yield(nil, err)
			return
		}
		workers = max(workers, 1)
		s := newStage(r, workers)
		defer s.close()
		f := &follower{rule: r, stage: s, ahead: 2 * workers, yield: yield, track: -1}
		err := f.run(ctx, frames)
		if err == nil || ctx.Err() == nil {
			f.finish()
		}
		if err != nil && !f.stopped {
			yield(nil, err)
		}
	}
}

// run takes all frames.
func (f *follower) run(ctx context.Context, frames iter.Seq2[clips.Frame, error]) error {
	for frame, err := range ahead(ctx, frames) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = f.take(frame)
		}
		if err != nil {
			return err
		}
		if f.stopped {
			break
		}
	}
	return nil
}

// ahead yields the same frames, and reads a few of them ahead.
func ahead(ctx context.Context, frames iter.Seq2[clips.Frame, error]) iter.Seq2[clips.Frame, error] {
	type item struct {
		frame clips.Frame
		err   error
	}
	return func(yield func(clips.Frame, error) bool) {
		items, stop := make(chan item, 4), make(chan struct{})
		go func() {
			defer close(items)
			for frame, err := range frames {
				select {
				case items <- item{frame, err}:
				case <-stop:
					return
				}
			}
		}()
		defer func() {
			close(stop)
			for range items { // until the goroutine has ended
			}
		}()
		for {
			select {
			case i, more := <-items:
				if !more || !yield(i.frame, i.err) {
					return
				}
			case <-ctx.Done():
				yield(clips.Frame{}, ctx.Err())
				return
			}
		}
	}
}
