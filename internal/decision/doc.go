// Package decision decides what a track of a clip shows. It follows the target of each clip
// of a run, cuts its track into windows, and describes each by what the crop network says of
// it and by how it moves. A small network learns from these windows. Those of the training
// part are described by networks that were trained without their clips, so that they are as
// windows of clips which nobody has seen.
package decision

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/track"
)

// Every says of which frames the crop network is asked: those whose number is a multiple.
const Every = postprocess.AskedEvery

// Clip is a clip of a part, with the label of its class.
type Clip struct {
	*dataset.Clip
	Label   int
	Example int // the first of its examples in the list
}

// ClipsOf lists the clips of the examples of a list that were cut out around targets, in the
// order of their first examples.
func ClipsOf(d dataset.Dataset, list []int) []Clip {
	var found []Clip
	seen := map[*dataset.Clip]bool{}
	for _, i := range list {
		if p := d.Info(i).Place; p != nil && !seen[p.Clip] && !p.Clip.Cutting().Whole {
			seen[p.Clip] = true
			found = append(found, Clip{p.Clip, p.Stratum, i})
		}
	}
	return found
}

// Followed is the track of a clip.
type Followed struct {
	Clip
	points []track.Point // without crops
	asked  []int         // points, of which there are images
	images []uint8       // [len(asked),H,W,C], as the crop network takes them
	size   int           // H*W*C
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
func Asked(p *track.Point) bool { return p.Frame%Every == 0 && !p.Missed }

// follow finds the target of a clip in every frame, and prepares its crops by the rule of the
// network.
func follow(ctx context.Context, c Clip, input imaging.Rule) (*Followed, error) {
	f := &Followed{Clip: c, size: input.Height * input.Width * input.Channels}
	for p, err := range track.FollowWith(ctx, track.RuleOf(c.Cutting()), 1, c.Decode(ctx)) {
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

// Follow follows the targets of clips, so many clips at a time, on which nothing depends.
func Follow(ctx context.Context, list []Clip, input imaging.Rule, workers int) ([]*Followed, error) {
	followed, failures := make([]*Followed, len(list)), make([]error, len(list))
	within, stop := context.WithCancel(ctx)
	defer stop()
	next, done := make(chan int), make(chan struct{})
	for range max(1, workers) {
		go func() {
			defer func() { done <- struct{}{} }()
			for at := range next {
				if followed[at], failures[at] = follow(within, list[at], input); failures[at] != nil {
					stop()
				}
			}
		}()
	}
	for at := range list {
		next <- at
	}
	close(next)
	for range max(1, workers) {
		<-done
	}
	return followed, firstOf(ctx, failures)
}

// firstOf is the first error that does not come of the others; the reason of ctx if that has
// ended.
func firstOf(ctx context.Context, failures []error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var other error
	for _, err := range failures {
		if err != nil && !isCancelled(err) {
			return err
		}
		if err != nil {
			other = err
		}
	}
	return other
}
