package sensorfit

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/sensor/measure"
	"github.com/blocktrain/blocktrain/internal/track"
	"github.com/blocktrain/blocktrain/internal/video"
)

const (
	// maxFollowed are the frames of a clip in which its target is followed, and minFollowed
	// those in which it must be found.
	maxFollowed = 300
	minFollowed = 10
	// How the size of targets was measured.
	byLabels   = "labels"
	byTracking = "tracking"
)

// targets measures how large targets are: by the labels that lie beside the clips or, where
// there are none, by following what moves.
func (r *Result) targets(ctx context.Context, sources []source, o Options) error {
	var labelled, followed []float64
	for i, s := range sources {
		sides := labelledSides(s, r.Clips[i])
		if len(sides) > 0 {
			labelled = append(labelled, middle(sides))
			continue
		}
		sides, err := followedSides(ctx, s, o)
		if err != nil {
			return err
		}
		if len(sides) >= minFollowed {
			followed = append(followed, middle(sides))
		}
	}
	sizes, by := labelled, byLabels
	if len(sizes) == 0 {
		sizes, by = followed, byTracking
	}
	if len(sizes) == 0 {
		return nil
	}
	spread := spreadOf(sizes, 0, measure.Clips)
	r.Summary.Target, r.Summary.TargetBy = &spread, by
	return nil
}

func middle(sides []int) float64 {
	slices.Sort(sides)
	return float64(sides[(len(sides)-1)/2])
}

// labelledSides are the longest sides of the boxes of a clip; none where it has no labels that
// fit it.
func labelledSides(s source, clip *measure.Report) []int {
	labels, err := clips.FindLabels(clips.Clip{Path: s.path, Frames: s.frames}, s.alone, clips.Reading{})
	if err != nil || labels == nil {
		return nil
	}
	if _, err := labels.Fit(clip.Width, clip.Height); err != nil {
		return nil
	}
	var sides []int
	for _, e := range labels.Entries {
		for _, t := range e.Targets {
			sides = append(sides, max(t.Box.W, t.Box.H))
		}
	}
	return sides
}

// followedSides are those of the target that is followed through the first frames.
func followedSides(ctx context.Context, s source, o Options) ([]int, error) {
	decoder := &clips.Video{FFmpeg: o.FFmpeg, Rate: 25}
	clip := clips.Clip{Path: s.path, Frames: s.frames}
	sides, err := follow(ctx, decoder, clip, false, o.Workers)
	if errors.Is(err, clips.ErrColour) {
		sides, err = follow(ctx, decoder, clip, true, o.Workers)
	}
	var flaw *video.Error
	if errors.As(err, &flaw) { // a damaged end, which was told
		err = nil
	}
	return sides, err
}

func follow(ctx context.Context, decoder clips.Decoder, clip clips.Clip, colour bool, workers int) ([]int, error) {
	var end clips.Ending
	var sides []int
	for point, err := range track.FollowWith(ctx, track.DefaultRule(), workers, first(decoder.Frames(ctx, clip, colour, &end))) {
		if err != nil {
			return sides, err
		}
		if !point.Missed {
			sides = append(sides, max(point.Box.W, point.Box.H))
		}
	}
	return sides, nil
}

// first yields the first frames.
func first(frames iter.Seq2[clips.Frame, error]) iter.Seq2[clips.Frame, error] {
	return func(yield func(clips.Frame, error) bool) {
		n := 0
		for frame, err := range frames {
			if n++; n > maxFollowed || !yield(frame, err) {
				return
			}
		}
	}
}
