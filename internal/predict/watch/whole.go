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
	point *track.Point  // where its target is; nil where the whole frame is classified
	image imaging.Image // without pixels where the frame has no line
}

// A finder says what is classified of each frame of a segment, in order. wanted says of the next
// frame whether it has a line.
type finder interface {
	find(ctx context.Context, frames iter.Seq2[clips.Frame, error], wanted func() bool) iter.Seq2[seen, error]
}

// wholeFrames takes frames as they are, as training on whole frames does.
type wholeFrames struct {
	offsets []int // frames of an example, by how much they come after the one it is about
	window  int   // of the background that is subtracted; 0: none
}

// find implements finder. The first and last frame of the segment are repeated.
func (w wholeFrames) find(ctx context.Context, frames iter.Seq2[clips.Frame, error], wanted func() bool) iter.Seq2[seen, error] {
	return func(yield func(seen, error) bool) {
		s := &series{wholeFrames: w}
		if w.window > 0 {
			s.subtract = clips.NewBackground(w.window)
		}
		ahead := s.ahead()
		for frame, err := range frames {
			if err == nil {
				err = context.Cause(ctx)
			}
			if err == nil {
				err = s.add(frame.Image)
			}
			if err != nil {
				yield(seen{}, err)
				return
			}
			if at := s.seen - 1 - ahead; at >= 0 && !yield(s.example(at, wanted()), nil) {
				return
			}
		}
		for at := max(0, s.seen-ahead); at < s.seen; at++ {
			if !yield(s.example(at, wanted()), nil) {
				return
			}
		}
	}
}

// series are the last frames of a segment.
type series struct {
	wholeFrames
	subtract *clips.Background
	recent   []imaging.Image
	seen     int
}

// ahead is how many frames after the one that it is about an example needs.
func (s *series) ahead() int {
	ahead := 0
	for _, offset := range s.offsets {
		ahead = max(ahead, offset)
	}
	return ahead
}

// reach is how many frames are kept, so that those of an example are among them.
func (s *series) reach() int {
	back := 0
	for _, offset := range s.offsets {
		back = max(back, -offset)
	}
	return back + s.ahead() + 1
}

func (s *series) add(img imaging.Image) (err error) {
	if s.subtract != nil {
		if img, err = s.subtract.Subtract(img); err != nil {
			return err
		}
	}
	s.recent = append(s.recent, img)
	s.seen++
	if keep := s.reach(); len(s.recent) > 2*keep {
		s.recent = append([]imaging.Image(nil), s.recent[len(s.recent)-keep:]...)
	}
	return nil
}

// example puts the frames of an example together.
func (s *series) example(at int, wanted bool) seen {
	if !wanted {
		return seen{}
	}
	var frames []imaging.Image
	for _, offset := range s.offsets {
		k := min(max(at+offset, 0), s.seen-1) - (s.seen - len(s.recent))
		frames = append(frames, s.recent[k])
	}
	if len(frames) == 1 {
		return seen{image: frames[0]}
	}
	return seen{image: clips.CutOut(frames, clips.Box{W: frames[0].Width, H: frames[0].Height})}
}
