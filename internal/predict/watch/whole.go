package watch

import (
	"context"
	"iter"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/track"
)

// seen is what is classified of a frame.
type seen struct {
	track int            // one more after each cut of the stream
	point *track.Point   // where its target is; nil where the whole frame is classified
	image *imaging.Image // nil where the frame has no line
}

// A finder says what is classified of each frame, in order. wanted says of the next frame
// whether it has a line.
type finder interface {
	find(ctx context.Context, frames iter.Seq2[clips.Frame, error], wanted func() bool) iter.Seq2[seen, error]
}

// targets finds the target in each frame.
type targets struct {
	rule    track.Rule
	workers int
}

// find implements finder.
func (t targets) find(ctx context.Context, frames iter.Seq2[clips.Frame, error], wanted func() bool) iter.Seq2[seen, error] {
	return func(yield func(seen, error) bool) {
		for point, err := range track.FollowWith(ctx, t.rule, t.workers, frames) {
			if err != nil {
				yield(seen{}, err)
				return
			}
			s := seen{track: point.Track, point: point}
			if wanted() {
				s.image = &point.Crop
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

// wholeFrames takes frames as they are, as training on whole frames does.
type wholeFrames struct {
	offsets []int // frames of an example, by how much they come after the one it is about
	window  int   // of the background that is subtracted; 0: none
}

// find implements finder. The first and last frame before and after a cut are repeated.
func (w wholeFrames) find(ctx context.Context, frames iter.Seq2[clips.Frame, error], wanted func() bool) iter.Seq2[seen, error] {
	return func(yield func(seen, error) bool) {
		low, high := clips.Reach(w.offsets)
		s := &series{wholeFrames: w, ahead: high, keep: high - low + 1, wanted: wanted, yield: yield}
		for frame, err := range frames {
			if err == nil {
				err = context.Cause(ctx)
			}
			if err == nil {
				err = s.add(frame)
			}
			if err != nil {
				yield(seen{}, err)
				return
			}
			if s.stopped {
				return
			}
		}
		s.finish()
	}
}

// series are the last frames of a stream since its last cut.
type series struct {
	wholeFrames
	ahead    int // frames after the one that it is about, which an example needs
	keep     int // frames, so that those of an example are among them
	wanted   func() bool
	yield    func(seen, error) bool
	stopped  bool
	track    int
	subtract *clips.Background
	recent   []imaging.Image
	seen     int
	given    int // of those, examples that were yielded
}

// add takes a frame and yields the example that it completes.
func (s *series) add(frame clips.Frame) (err error) {
	img := frame.Image
	if s.seen > 0 && frame.Cut {
		s.finish()
		s.track, s.seen, s.given, s.recent = s.track+1, 0, 0, nil
	}
	if s.window > 0 {
		if s.seen == 0 {
			s.subtract = clips.NewBackground(s.window)
		}
		if img, err = s.subtract.Subtract(img); err != nil {
			return err
		}
	}
	s.recent = append(s.recent, img)
	s.seen++
	if len(s.recent) > 2*s.keep {
		s.recent = append([]imaging.Image(nil), s.recent[len(s.recent)-s.keep:]...)
	}
	if s.seen > s.ahead {
		s.give()
	}
	return nil
}

// finish yields the examples of the last frames.
func (s *series) finish() {
	for s.given < s.seen && !s.stopped {
		s.give()
	}
}

// give yields the next example.
func (s *series) give() {
	if s.stopped {
		return
	}
	one := seen{track: s.track}
	if s.wanted() {
		img := s.example(s.given)
		one.image = &img
	}
	s.given++
	s.stopped = !s.yield(one, nil)
}

// example puts the frames of an example together.
func (s *series) example(at int) imaging.Image {
	var frames []imaging.Image
	for _, offset := range s.offsets {
		k := min(max(at+offset, 0), s.seen-1) - (s.seen - len(s.recent))
		frames = append(frames, s.recent[k])
	}
	if len(frames) == 1 {
		return frames[0]
	}
	return clips.CutOut(frames, clips.Box{W: frames[0].Width, H: frames[0].Height})
}
