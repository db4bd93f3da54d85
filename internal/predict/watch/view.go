package watch

import (
	"context"
	"errors"
	"time"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/video"
)

// view is the work on one video.
type view struct {
	*Watcher
	source string
	to     Writer
	tally  tally
	movie  *movie // nil: no pictures are drawn

	begun     bool
	track     int
	decider   Decider
	smoother  smoother
	frames    int // of the track
	told      time.Time
	lastFrame video.Rational
}

// sample is a frame on its way to a line.
type sample struct {
	arrival
	seen
}

// run reads the video to its end.
func (v *view) run(ctx context.Context, r *video.Reader) error {
	folder := v.Predictor.Request().Annotate
	f := newFeed(r, v.Rule.Levels != nil, v.Sensor(), v.Every, folder != "")
	if folder == "" {
		return v.follow(ctx, f)
	}
	return v.draw(ctx, f, r.Info(), folder)
}

// follow reads, finds and classifies: reading and finding are a goroutine of their own, which is
// a batch ahead.
func (v *view) follow(ctx context.Context, f *feed) error {
	ctx, cancel := context.WithCancel(ctx)
	samples := make(chan sample, v.BatchSize())
	var failed error
	go func() {
		defer logging.ExitOnPanic()
		defer close(samples)
		failed = v.find(ctx, f, samples)
	}()
	defer func() {
		if v.decider != nil {
			v.decider.Close()
		}
	}()
	err := v.collect(samples)
	cancel()
	for range samples { // the other goroutine uses the reader until it ends
	}
	if err != nil {
		return err
	}
	var broken *video.Error
	if errors.As(failed, &broken) {
		v.Log().WarnContext(ctx, failed.Error()+"; what could be read is used", "source", v.source)
		v.tally.Damage, failed = failed.Error(), nil
	}
	v.endTrack()
	v.tally.Frames, v.tally.Duration = f.reader.Summary().Frames, Seconds(v.lastFrame)
	return failed
}

// find sends all frames of a video.
func (v *view) find(ctx context.Context, f *feed, samples chan<- sample) error {
	wanted := func() bool {
		front := f.front()
		return front.chosen || v.Decision.Asks(front.frame)
	}
	for one, err := range v.finder.find(ctx, f.frames(), wanted) {
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		}
		select {
		case samples <- sample{f.take(), one}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return context.Cause(ctx)
}

// batchWait is how long a frame waits for others to be classified with.
const batchWait = 100 * time.Millisecond

// collect classifies frames in batches.
func (v *view) collect(samples <-chan sample) error {
	for {
		batch := gather(samples, v.BatchSize())
		if len(batch) == 0 {
			return nil
		}
		if err := v.batch(batch); err != nil {
			return err
		}
	}
}

// gather takes up to n frames: what comes within batchWait of the first.
func gather(samples <-chan sample, n int) []sample {
	first, ok := <-samples
	if !ok {
		return nil
	}
	batch := []sample{first}
	timer := time.NewTimer(batchWait)
	defer timer.Stop()
	for len(batch) < n {
		select {
		case s, ok := <-samples:
			if !ok {
				return batch
			}
			batch = append(batch, s)
		case <-timer.C:
			return batch
		}
	}
	return batch
}

// batch classifies those of some frames that have lines, and writes these.
func (v *view) batch(batch []sample) error {
	var images []imaging.Image
	for _, s := range batch {
		if s.image != nil {
			images = append(images, *s.image)
		}
	}
	var probabilities [][]float32
	if len(images) > 0 {
		var err error
		if probabilities, err = v.Classify(images); err != nil {
			return err
		}
	}
	for i := range batch {
		s := &batch[i]
		var of []float32
		if s.image != nil {
			of, probabilities = probabilities[0], probabilities[1:]
		}
		if err := v.add(s, of); err != nil {
			return err
		}
	}
	return nil
}

// add takes the next frame.
func (v *view) add(s *sample, probabilities []float32) error {
	v.speed.frames++
	v.lastFrame = s.elapsed
	if !v.begun || s.track != v.track {
		if err := v.beginTrack(s.track); err != nil {
			return err
		}
	}
	v.frames++
	v.decider.Add(s.point, probabilities)
	var line *Line
	if s.chosen {
		line = v.line(s, probabilities)
		v.tally.add(line)
		if err := v.to.Line(line); err != nil {
			return err
		}
		v.speed.line(s.at)
	}
	v.tell()
	if v.movie != nil {
		return v.movie.add(s, line)
	}
	return nil
}

// beginTrack begins with a track, and ends the one before.
func (v *view) beginTrack(track int) (err error) {
	v.endTrack()
	v.begun, v.track, v.smoother, v.frames = true, track, smoother{}, 0
	v.decider, err = v.Decision.Begin()
	return err
}

// endTrack has the track decided that there is.
func (v *view) endTrack() {
	if v.begun && v.decider != nil {
		v.tally.decided(v.decider.Decide(), v.frames)
		v.decider.Close()
		v.decider = nil
	}
}

// line is what is said of a frame.
func (v *view) line(s *sample, probabilities []float32) *Line {
	top := v.Predictor.Request().Top
	l := &Line{Kind: KindFrame, Source: v.source, Frame: s.frame, Time: Seconds(s.elapsed), Track: s.track}
	if s.point != nil {
		box, score := Box(s.point.Box), s.point.Score
		l.Box, l.Score = &box, &score
	}
	l.Top = predict.Ranked(probabilities, v.Labels, top)
	best := l.Top[0]
	l.Label, l.Index, l.Probability = best.Label, best.Index, best.Probability
	smoothed := predict.Ranked(v.smoother.add(s.frame, probabilities), v.Labels, 1)[0]
	l.Smoothed, l.smoothed, l.SmoothedProbability = smoothed.Label, smoothed.Index, smoothed.Probability
	return l
}

// tell says how many frames are classified, where that is asked for and time.
func (v *view) tell() {
	every := v.Predictor.Request().Tell
	if v.told.IsZero() {
		v.told = time.Now()
	}
	if every > 0 && time.Since(v.told) >= every {
		v.told = time.Now()
		v.Log().Info("frames so far", "source", v.source, "frames", v.speed.frames, "time_s", Seconds(v.lastFrame).String())
	}
}
