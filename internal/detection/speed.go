package detection

import (
	"context"
	"errors"
	"iter"
	"math"
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/track"
)

// Speed is how fast targets are found, in the first clip of a part. It is a measurement of the machine named, outside of
// the reproducibility contract.
type Speed struct {
	Milliseconds float64 `json:"ms_per_frame"`      // with one worker, without decoding
	PerSecond    float64 `json:"frames_per_second"` // with decoding
	Workers      int     `json:"workers"`           // of frames_per_second
	Machine      string  `json:"machine"`
}

// Bounds of what is measured.
const (
	measuredFrames = 320
	measuredBytes  = 64 << 20
)

// MeasureSpeed follows the target of the first clip once more; nil where there is none.
func (s *Scan) MeasureSpeed(ctx context.Context, workers int, machine string) (*Speed, error) {
	if len(s.clips) == 0 {
		return nil, nil
	}
	c := &s.clips[0]
	var kept []clips.Frame
	bytes := 0
	for f, err := range c.Decode(ctx) {
		if err != nil {
			return nil, err
		}
		kept = append(kept, f)
		if bytes += len(f.Image.Pix) + 2*len(f.Image.Wide); len(kept) == measuredFrames || bytes > measuredBytes {
			break
		}
	}
	speed := &Speed{Workers: workers, Machine: machine}
	r := track.RuleOf(c.Cutting())
	alone, err := timed(track.FollowWith(ctx, r, 1, yielding(kept)))
	if err != nil {
		return nil, err
	}
	decoded, err := timed(track.FollowWith(ctx, r, workers, firstOf(c.Decode(ctx), len(kept))))
	speed.Milliseconds = alone.Seconds() * 1000 / float64(len(kept))
	speed.PerSecond = float64(len(kept)) / max(decoded.Seconds(), 1e-9)
	return speed, err
}

// timed is how long all points take.
func timed(points iter.Seq2[*track.Point, error]) (time.Duration, error) {
	begun := time.Now()
	for _, err := range points {
		if err != nil {
			return 0, err
		}
	}
	return time.Since(begun), nil
}

func yielding(frames []clips.Frame) iter.Seq2[clips.Frame, error] {
	return func(yield func(clips.Frame, error) bool) {
		for _, f := range frames {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// firstOf are the first n frames.
func firstOf(frames iter.Seq2[clips.Frame, error], n int) iter.Seq2[clips.Frame, error] {
	return func(yield func(clips.Frame, error) bool) {
		seen := 0
		for f, err := range frames {
			if seen++; !yield(f, err) || seen == n {
				return
			}
		}
	}
}

// check refuses what no measurement gives.
func (s *Speed) check() error {
	for _, v := range []float64{s.Milliseconds, s.PerSecond} {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return errors.New("speed: want numbers of at least 0")
		}
	}
	if s.Workers < 1 {
		return errors.New("speed.workers: want at least 1")
	}
	return nil
}
