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

// Followed is the track of a clip.
type Followed struct {
	dataset.TargetClip
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
func Asked(p *track.Point) bool { return p.Frame%postprocess.AskedEvery == 0 && !p.Missed }

// follow finds the target of a clip in every frame, and prepares its crops by the rule of the
// network.
func follow(ctx context.Context, c dataset.TargetClip, input imaging.Rule) (*Followed, error) {
	f := &Followed{TargetClip: c, size: input.Height * input.Width * input.Channels}
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
func Follow(ctx context.Context, list []dataset.TargetClip, input imaging.Rule, workers int) ([]*Followed, error) {
	followed := make([]*Followed, len(list))
	err := dataset.EachClip(ctx, len(list), workers, func(within context.Context, at int) (err error) {
		followed[at], err = follow(within, list[at], input)
		return err
	})
	return followed, err
}
