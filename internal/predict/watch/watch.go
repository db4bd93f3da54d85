package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/video"
)

// ErrUnread is wrapped by the error that counts the videos that could not be read to their end.
var ErrUnread = errors.New("not every video could be read to its end")

// Watcher predicts on videos with the model of a predictor.
type Watcher struct {
	*predict.Predictor
	Request
	Decision Decision

	sources []Source
	finder  finder
	rate    int // frames a second of folders
	ffmpeg  *video.FFmpeg
	names   predict.Names
	speed   speed
}

// New makes a Watcher for videos that Sources has found.
func New(ctx context.Context, p *predict.Predictor, sources []Source, r Request) (*Watcher, error) {
	if name := p.Target.Properties().Name; name != metric.TargetClass {
		return nil, config.Usagef("%s is a video, and the model's target is %s: want a model for classes, or images", sources[0].Name, name)
	}
	w := &Watcher{Predictor: p, Request: r, Decision: Mean{}, sources: sources}
	if err := w.findTargets(); err != nil {
		return nil, err
	}
	need := p.Request().Annotate != ""
	for _, s := range sources {
		need = need || s.ffmpeg
	}
	if need {
		var err error
		if w.ffmpeg, err = video.Find(ctx, ""); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Run predicts on all videos, in their order, and returns their summaries. What could be read of
// a damaged video is predicted on; the error then wraps ErrUnread, when all are done.
func (w *Watcher) Run(ctx context.Context, to Writer) ([]*Summary, error) {
	w.speed.begun = time.Now()
	if err := to.Begin(); err != nil {
		return nil, err
	}
	var summaries []*Summary
	failed := 0
	for _, s := range w.sources {
		summary, err := w.clip(ctx, s, to)
		var unread *unopened
		switch {
		case errors.As(err, &unread):
			w.Log().ErrorContext(ctx, unread.Error(), "source", s.Name)
			failed++
			if err := to.Failure(&Failure{KindError, s.Name, unread.Error()}); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		}
		summaries = append(summaries, summary)
		if summary.Damage != "" {
			failed++
		}
	}
	w.speed.log(ctx, w.Log())
	if failed > 0 {
		return summaries, fmt.Errorf("%w: %d of %d, see their lines and summaries", ErrUnread, failed, len(w.sources))
	}
	return summaries, nil
}

// unopened is the error of a video of which nothing could be read.
type unopened struct{ error }

// options are those of reading.
func (w *Watcher) options() video.Options {
	return video.Options{
		FFmpeg: w.ffmpeg, Threads: w.Workers(), Stall: w.Stall, Damage: video.Warn, Timing: video.Warn,
		Rate: video.Rational{Num: int64(w.rate), Den: 1}, KeepDepth: w.keepsDepth(), Retries: w.Retries,
		Warn: w.Log().Warn,
	}
}

// keepsDepth says whether values of 16 bits are read, be it to refuse them. Under contracts before
// version 3, models were trained on what was cut to 8 bits.
func (w *Watcher) keepsDepth() bool {
	return w.Rule.Levels != nil || w.Sensor() != nil || w.Record().Identity.ContractVersion >= 3
}

// checkDepth refuses frames of more than 8 bits where nothing says which levels are black and white.
func (w *Watcher) checkDepth(s Source, r *video.Reader) error {
	format := r.Info().Format
	if !format.Deep() || w.Rule.Levels != nil || clips.Brings(w.Sensor(), format) || !w.keepsDepth() && w.Raw == nil {
		return nil
	}
	return config.Usagef("%s: frames have values of %d bits, and the model takes 8, so that nothing says which are black and white: want a model that was trained with --levels LOW,HIGH or with --sensor and a profile of this camera, or frames that were brought to 8 bits%s",
		s.Name, format.Depth(), clips.RangeText(r))
}

// clip predicts on one video.
func (w *Watcher) clip(ctx context.Context, s Source, to Writer) (*Summary, error) {
	r, err := s.open(ctx, w.options())
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		return nil, &unopened{err}
	}
	defer r.Close()
	info := r.Info()
	if err := w.checkDepth(s, r); err != nil {
		return nil, err
	}
	v := &view{Watcher: w, source: s.Name, to: to, tally: tally{counts: make([]int, len(w.Labels))}}
	v.tally.Summary = Summary{
		Kind: KindSummary, Source: s.Name, Width: info.Format.Width, Height: info.Format.Height, DecidedBy: w.Decision.Name(), Every: w.Every.String(), Smooth: postprocess.SmoothWindow,
	}
	if _, found := w.finder.(targets); found {
		v.tally.Lag = &w.Lag
	}
	if err := v.run(ctx, r); err != nil {
		return nil, err
	}
	v.tally.Damage = cmp.Or(v.tally.Damage, r.Summary().Damage)
	summary := v.tally.finish(w.Labels, w.Predictor.Request().Top)
	summary.log(ctx, w)
	return summary, to.Summary(summary)
}

// log tells the outcome of a clip.
func (s *Summary) log(ctx context.Context, w *Watcher) {
	attributes := []any{"source", s.Source, "frames", s.Frames, "label", s.Label}
	if s.Probability != nil {
		attributes = append(attributes, "probability", fmt.Sprintf("%.3f", *s.Probability))
	}
	w.Log().InfoContext(ctx, "clip classified", attributes...)
}

// speed measures how fast frames go through.
type speed struct {
	begun   time.Time
	frames  int
	lines   int
	total   time.Duration // from the arrival of frames to their lines
	longest time.Duration
}

func (s *speed) line(arrived time.Time) {
	took := time.Since(arrived)
	s.lines++
	s.total += took
	s.longest = max(s.longest, took)
}

// log tells frames a second, and the time from the arrival of a frame to its line, which has the
// wait for later frames in it.
func (s *speed) log(ctx context.Context, log interface {
	InfoContext(ctx context.Context, message string, attributes ...any)
}) {
	seconds := time.Since(s.begun).Seconds()
	log.InfoContext(ctx, "frames classified", "frames", s.frames, "lines", s.lines, "seconds", fmt.Sprintf("%.1f", seconds),
		"frames_per_second", fmt.Sprintf("%.1f", float64(s.frames)/seconds),
		"latency_ms", fmt.Sprintf("%.0f", float64(s.total.Milliseconds())/float64(max(1, s.lines))), "longest_ms", s.longest.Milliseconds())
}
