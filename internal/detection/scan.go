// Package detection says how well the targets of labelled clips are found: by the proposals
// of single frames and by the track, how well the boxes fit, and how many false alarms come
// with a threshold on the score of what is found.
package detection

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/track"
)

const (
	// Within is how far, in pixels, the middle of a box may lie outside of the labelled one
	// for the target to be found, along each axis.
	Within = 2
	// Best is how many of a frame's proposals are looked at.
	Best = 5
	// whole is 1 of what is counted in millionths.
	whole = 1_000_000
)

// kind is what the labels say of a frame.
type kind uint8

const (
	unknown kind = iota
	empty
	target
)

// frame is what became of a frame of a clip.
type frame struct {
	kind                 kind
	first, tracked, best bool          // the target was found by the best proposal, by the track, among the best
	overlap              int           // of the box on the track with the labelled one, in millionths
	score                float64       // of the proposal on the track
	painted              float64       // the same where the target is painted over
	length               time.Duration // of the frame
}

// clip is a clip whose target was followed.
type clip struct {
	*dataset.Clip
	line   Line // without what depends on thresholds
	frames []frame
}

// Scan is what became of the frames of the clips of a part.
type Scan struct {
	clips   []clip
	classes []string
	painted bool // frames were painted over, since too few are empty
}

// Clips is how many clips there are.
func (s *Scan) Clips() int { return len(s.clips) }

// Of follows the targets of those clips of the examples at indexes whose examples were cut out
// around boxes, so many clips at a time, on which nothing depends. There may be none.
func Of(ctx context.Context, d dataset.Dataset, indexes []int, workers int) (*Scan, error) {
	s := &Scan{classes: d.Classes()}
	var firsts []int
	for _, c := range dataset.TargetClips(d, indexes) {
		firsts = append(firsts, c.Example)
		s.clips = append(s.clips, clip{Clip: c.Clip, line: Line{Dataset: d.Info(c.Example).Member, Clip: c.Source, Class: c.Label}})
	}
	for at, group := range dataset.GroupNumbers(d, firsts) {
		s.clips[at].line.Group = group
	}
	if err := s.each(ctx, workers, (*clip).follow); err != nil {
		return nil, err
	}
	if s.length(empty) < enough {
		s.painted = true
		return s, s.each(ctx, workers, (*clip).followPainted)
	}
	return s, nil
}

// each does something for every clip.
func (s *Scan) each(ctx context.Context, workers int, do func(*clip, context.Context) error) error {
	return dataset.EachClip(ctx, len(s.clips), workers, func(within context.Context, at int) error {
		c := &s.clips[at]
		if err := do(c, within); err != nil {
			return fmt.Errorf("%s: %w", c.Path, err)
		}
		return nil
	})
}

// enough is the length of empty frames from which false alarms are counted on them.
const enough = 2 * time.Minute

// length is that of all frames of a kind.
func (s *Scan) length(k kind) time.Duration {
	total := time.Duration(0)
	for at := range s.clips {
		for _, f := range s.clips[at].frames {
			if f.kind == k {
				total += f.length
			}
		}
	}
	return total
}

// follow follows the target of the clip and compares it with the labels.
func (c *clip) follow(ctx context.Context) error {
	entries, err := c.Entries()
	if err != nil {
		return err
	}
	c.frames = make([]frame, len(entries))
	times := make([]time.Duration, len(entries))
	err = c.points(ctx, c.Decode(ctx), func(at int, p *track.Point) {
		c.frames[at] = compare(p, entries[at])
		times[at] = p.Time
	})
	for at := range c.frames {
		switch {
		case at+1 < len(times):
			c.frames[at].length = max(0, times[at+1]-times[at])
		case at > 0:
			c.frames[at].length = c.frames[at-1].length
		}
	}
	return err
}

// points calls visit for the point of every frame.
func (c *clip) points(ctx context.Context, frames iter.Seq2[clips.Frame, error], visit func(at int, p *track.Point)) error {
	seen := 0
	for p, err := range track.FollowWith(ctx, track.RuleOf(c.Cutting()), 1, frames) {
		if err == nil && (p.Frame != seen || seen >= len(c.frames)) {
			err = errors.New("it has other frames than before: repeat the command")
		}
		if err != nil {
			return err
		}
		visit(p.Frame, p)
		seen++
	}
	if seen != len(c.frames) {
		return fmt.Errorf("%d frames were followed, and it has %d: repeat the command", seen, len(c.frames))
	}
	return ctx.Err()
}

// compare compares a point with what the labels say of its frame. Of several targets of the
// frame, one must be found.
func compare(p *track.Point, e clips.Entry) frame {
	f := frame{score: p.Score}
	if e.Unknown {
		return f
	}
	if len(e.Targets) == 0 {
		f.kind = empty
		return f
	}
	f.kind, f.tracked = target, hits(p.Box, e)
	for _, t := range e.Targets {
		f.overlap = max(f.overlap, overlap(p.Box, t.Box))
	}
	proposals := p.Others
	if !p.Missed {
		better := 0
		for better < len(proposals) && proposals[better].Score > p.Score {
			better++
		}
		proposals = slices.Insert(slices.Clone(proposals), better, track.Proposal{Box: p.Box, Score: p.Score})
	}
	hit := func(o track.Proposal) bool { return hits(o.Box, e) }
	f.first = slices.ContainsFunc(proposals[:min(len(proposals), 1)], hit)
	f.best = slices.ContainsFunc(proposals[:min(len(proposals), Best)], hit)
	return f
}

// hits says whether the middle of a box lies in that of a target, or near it.
func hits(b clips.Box, e clips.Entry) bool {
	x, y := 2*b.X+b.W, 2*b.Y+b.H // in halves of a pixel
	for _, t := range e.Targets {
		in := t.Box.Grown(Within)
		if x >= 2*in.X && x <= 2*(in.X+in.W) && y >= 2*in.Y && y <= 2*(in.Y+in.H) {
			return true
		}
	}
	return false
}

// overlap is the intersection of two boxes over their union, in millionths, rounded down.
func overlap(a, b clips.Box) int {
	common := a.Common(b)
	if common == 0 {
		return 0
	}
	return common * whole / (a.W*a.H + b.W*b.H - common)
}

// followPainted follows what is left of the clip when its targets are painted over.
func (c *clip) followPainted(ctx context.Context) error {
	entries, err := c.Entries()
	if err != nil {
		return err
	}
	return c.points(ctx, painted(c.Decode(ctx), entries), func(at int, p *track.Point) { c.frames[at].painted = p.Score })
}

// painted paints over the targets of frames, with a quarter of their longer side, and at least
// 3 pixels, around them.
func painted(frames iter.Seq2[clips.Frame, error], entries []clips.Entry) iter.Seq2[clips.Frame, error] {
	return func(yield func(clips.Frame, error) bool) {
		at := 0
		for f, err := range frames {
			if err == nil && at < len(entries) {
				var areas []clips.Box
				for _, t := range entries[at].Targets {
					areas = append(areas, t.Box.Grown(max(3, (max(t.Box.W, t.Box.H)+3)/4)))
				}
				f.Image = clips.PaintOver(f.Image, areas...)
			}
			if !yield(f, err) {
				return
			}
			at++
		}
	}
}
