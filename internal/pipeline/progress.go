package pipeline

import (
	"fmt"
	"io"
	"math"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// progress reports training: a bar with rate and time left on a terminal, and
// one log line per epoch everywhere.
type progress struct {
	env    *Environment
	epochs int // that the training has at most
	bar    *progressbar.ProgressBar
	shown  time.Time
}

const (
	// plainInterval is the time between progress lines where there is no bar.
	plainInterval = 10 * time.Second
	// barColumns is what a bar with its words takes. On a narrower terminal it
	// would not stay on one line.
	barColumns = 78
)

func newProgress(env *Environment, epochs int) *progress {
	return &progress{env: env, epochs: epochs, shown: time.Now()}
}

// Step implements train.Observer.
func (p *progress) Step(epoch, done, total int, loss float64) {
	if p.bar == nil && p.env.Terminal && logging.Columns(p.env.Stderr) >= barColumns {
		p.bar = newBar(p.env.Stderr, total)
	}
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("epoch %d/%d  loss %.4f", epoch, p.epochs, loss))
		_ = p.bar.Set(done) // only the terminal can fail here
		return
	}
	if done < total && time.Since(p.shown) >= plainInterval {
		p.shown = time.Now()
		p.env.Log.Info("training", "epoch", fmt.Sprintf("%d/%d", epoch, p.epochs), "done", fmt.Sprintf("%d/%d", done, total), "train_loss", rounded(loss))
	}
}

func newBar(w io.Writer, total int) *progressbar.ProgressBar {
	return progressbar.NewOptions(total, progressbar.OptionSetWriter(w),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("images"), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
}

// clear removes the bar, so that something else can be written.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear() // only the terminal can fail here
		p.bar = nil
	}
}

// Epoch implements train.Observer.
func (p *progress) Epoch(e metric.Epoch, epochs int, best bool) {
	p.clear()
	p.shown = time.Now()
	p.env.Log.Info("epoch finished", logging.InWords(epochWords(e, epochs, best)), "epoch", e.Epoch, "epochs", epochs,
		"train_loss", rounded(e.TrainLoss), "train_accuracy", rounded(e.TrainAccuracy),
		"validation_loss", rounded(e.ValidationLoss), "validation_accuracy", rounded(e.ValidationAccuracy),
		"images_per_second", int(e.ImagesPerSecond), "seconds", rounded(e.Seconds), "best", best)
}

// epochWords is a finished epoch in one line.
func epochWords(e metric.Epoch, epochs int, best bool) string {
	text := fmt.Sprintf("epoch %d/%d: train loss %.4f, %s %%; validation %.4f, %s %%; %d images/s", e.Epoch, epochs,
		e.TrainLoss, metric.Percent(e.TrainAccuracy), e.ValidationLoss, metric.Percent(e.ValidationAccuracy), int(e.ImagesPerSecond))
	if best {
		text += "; best"
	}
	return text
}

// rounded is a number for the log, where it stays one.
func rounded(v float64) float64 { return math.RoundToEven(v*1e4) / 1e4 }

// short is a number for people.
func short(v float64) string { return fmt.Sprintf("%.4g", v) }
