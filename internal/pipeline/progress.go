package pipeline

import (
	"fmt"
	"io"
	"math"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// progress reports training: a bar with rate and time left on a terminal, and
// one log line per epoch everywhere.
type progress struct {
	env   *Environment
	bar   *progressbar.ProgressBar
	epoch int
	shown time.Time
}

// plainInterval is the time between progress lines where there is no terminal.
const plainInterval = 10 * time.Second

func newProgress(env *Environment) *progress { return &progress{env: env, shown: time.Now()} }

// Step implements train.Observer.
func (p *progress) Step(epoch, done, total int, loss float64) {
	if !p.env.Terminal {
		if done < total && time.Since(p.shown) >= plainInterval {
			p.shown = time.Now()
			p.env.Log.Info("training", "epoch", epoch, "done", fmt.Sprintf("%d/%d", done, total), "train_loss", rounded(loss))
		}
		return
	}
	if p.bar == nil || p.epoch != epoch {
		p.epoch = epoch
		p.bar = newBar(p.env.Stderr, total, fmt.Sprintf("epoch %d", epoch))
	}
	p.bar.Describe(fmt.Sprintf("epoch %d  loss %.4f", epoch, loss))
	_ = p.bar.Set(done) // only the terminal can fail here
}

func newBar(w io.Writer, total int, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("images"), progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
}

// Epoch implements train.Observer.
func (p *progress) Epoch(e metric.Epoch, epochs int, best bool) {
	if p.bar != nil {
		_ = p.bar.Clear() // only the terminal can fail here
		p.bar = nil
	}
	p.shown = time.Now()
	p.env.Log.Info("epoch finished", "epoch", fmt.Sprintf("%d/%d", e.Epoch, epochs),
		"train_loss", rounded(e.TrainLoss), "train_accuracy", rounded(e.TrainAccuracy),
		"validation_loss", rounded(e.ValidationLoss), "validation_accuracy", rounded(e.ValidationAccuracy),
		"images_per_second", int(e.ImagesPerSecond), "seconds", rounded(e.Seconds), "best", best)
}

// rounded is a number for the log, where it stays one.
func rounded(v float64) float64 { return math.RoundToEven(v*1e4) / 1e4 }

// short is a number for people.
func short(v float64) string { return fmt.Sprintf("%.4g", v) }
