// Package decision decides what a track of a clip shows. It follows the target of each clip of
// a run and cuts its track into windows. A small network learns from their shape and motion what
// they show. What it says is pooled with what the crop network says. How much each of the two
// counts is measured on windows of the training part, by networks that were trained without
// their clips.
package decision

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/track"
)

// Followed is the track of a clip.
type Followed struct {
	dataset.TargetClip
	points []track.Point // without crops
	boxes  []track.Point // what each frame shows at the box of its label; missed where there is none
	asked  []int         // points, of which there are images
	images []uint8       // [len(asked),H,W,C], as the crop network takes them
	// windows are those that a network on tracks learns from: those of the track that count, and
	// those of the labelled boxes in which these are in enough frames. What a network on crops
	// says is not in them.
	windows []Window
}

// Frames is how many frames the clip has, Found in how many of them the target was found.
func (f *Followed) Frames() int { return len(f.points) }

// Found is in how many frames the target was found.
func (f *Followed) Found() int {
	n := 0
	for i := range f.points {
		if !f.points[i].Missed {
			n++
		}
	}
	return n
}

// Asked says whether the crop network is asked about a point.
func Asked(p *track.Point) bool { return p.Frame%postprocess.AskedEvery == 0 && !p.Missed }

// follow finds the target of a clip in every frame, and prepares its crops by the rule of the
// network.
func follow(ctx context.Context, c dataset.TargetClip, input imaging.Rule) (*Followed, error) {
	f := &Followed{TargetClip: c}
	frames, err := f.labelled(c.Decode(ctx))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Source, err)
	}
	for p, err := range track.FollowWith(ctx, track.RuleOf(c.Cutting()), 1, frames) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Source, err)
		}
		if Asked(p) {
			img, err := input.Apply(p.Crop)
			if err != nil {
				return nil, fmt.Errorf("%s: frame %d: %w", c.Source, p.Frame, err)
			}
			f.asked = append(f.asked, len(f.points))
			f.images = append(f.images, img.Pix...)
		}
		kept := *p
		kept.Crop, kept.Others = imaging.Image{}, nil
		f.points = append(f.points, kept)
	}
	return f, ctx.Err()
}

// labelled yields the frames, and measures what they show at the boxes of the labels. Where a
// frame has several targets, the first counts.
func (f *Followed) labelled(frames iter.Seq2[clips.Frame, error]) (iter.Seq2[clips.Frame, error], error) {
	entries, err := f.Entries()
	if err != nil {
		return nil, err
	}
	return func(yield func(clips.Frame, error) bool) {
		for frame, err := range frames {
			if n := len(f.boxes); err == nil && n < len(entries) {
				p := track.Point{Frame: n, Time: frame.Time, Missed: entries[n].Unknown || len(entries[n].Targets) == 0}
				if !p.Missed {
					p.Box = entries[n].Targets[0].Box
					p.Shape = track.Measure(frame.Image, p.Box)
				}
				f.boxes = append(f.boxes, p)
			}
			if !yield(frame, err) {
				return
			}
		}
	}, nil
}

// cutWindows cuts what a network on tracks learns from.
func (f *Followed) cutWindows() {
	few := func(w Window) bool { return w.Found < postprocess.LeastFound }
	f.windows = append(Chosen(cut(f.points)), slices.DeleteFunc(cut(f.boxes), few)...)
}

// cut are the windows of points.
func cut(points []track.Point) (windows []Window) {
	c := Collector{Emit: func(w Window) { windows = append(windows, w) }}
	for i := range points {
		c.Add(&points[i], nil)
	}
	c.End()
	return windows
}

// Follow follows the targets of clips, so many clips at a time, on which nothing depends.
func Follow(ctx context.Context, list []dataset.TargetClip, input imaging.Rule, workers int) ([]*Followed, error) {
	followed := make([]*Followed, len(list))
	err := dataset.EachClip(ctx, len(list), workers, func(within context.Context, at int) (err error) {
		followed[at], err = follow(within, list[at], input)
		return err
	})
	return followed, err
}
