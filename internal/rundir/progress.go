package rundir

import (
	"fmt"
	"time"

	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/train"
)

// plainInterval is the time between progress lines where nothing else shows it.
const plainInterval = 10 * time.Second

// progress reports a training: the environment's display of steps, if it has one,
// and one log line per epoch.
type progress struct {
	env    *Environment
	epochs int            // that the training has at most
	steps  train.Observer // nil where nobody watches
	shown  time.Time
}

// Observe returns what reports a training of so many epochs, and what removes it from
// the screen.
func Observe(env *Environment, epochs int) (observer train.Observer, remove func()) {
	p := &progress{env: env, epochs: epochs, shown: time.Now()}
	if env.Progress == nil {
		return p, func() {}
	}
	display := env.Progress(epochs)
	p.steps = display
	if display == nil {
		return p, func() {}
	}
	return p, display.Clear
}

// Step implements train.Observer.
func (p *progress) Step(epoch, done, total int, loss float64) {
	if p.steps != nil {
		p.steps.Step(epoch, done, total, loss)
		return
	}
	if done < total && time.Since(p.shown) >= plainInterval {
		p.shown = time.Now()
		p.env.Log.Info("training", "epoch", fmt.Sprintf("%d/%d", epoch, p.epochs), "done", fmt.Sprintf("%d/%d", done, total), "train_loss", logging.Rounded(loss))
	}
}

// Epoch implements train.Observer.
func (p *progress) Epoch(e metric.Epoch, epochs int, best bool) {
	if p.steps != nil {
		p.steps.Epoch(e, epochs, best)
	}
	p.shown = time.Now()
	p.env.Log.Info("epoch finished", logging.InWords(epochWords(e, epochs, best)), "epoch", e.Epoch, "epochs", epochs,
		"train_loss", logging.Rounded(e.TrainLoss), "train_"+e.FigureName(), logging.Rounded(e.TrainFigure()),
		"validation_loss", logging.Rounded(e.ValidationLoss), "validation_"+e.FigureName(), logging.Rounded(e.ValidationFigure()),
		"images_per_second", int(e.ImagesPerSecond), "seconds", logging.Rounded(e.Seconds), "best", best)
}

// epochWords is a finished epoch in one line.
func epochWords(e metric.Epoch, epochs int, best bool) string {
	figure := func(v float64) string { // of classes; what other targets measure, their loss says
		if e.FigureName() != metric.Accuracy.Name {
			return ""
		}
		return ", " + metric.Percent(v) + " %"
	}
	text := fmt.Sprintf("epoch %d/%d: train loss %s%s; validation %s%s; %d images/s", e.Epoch, epochs,
		metric.LossText(e.TrainLoss), figure(e.TrainFigure()), metric.LossText(e.ValidationLoss), figure(e.ValidationFigure()), int(e.ImagesPerSecond))
	if best {
		text += "; best"
	}
	return text
}
