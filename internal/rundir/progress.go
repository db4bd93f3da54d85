package rundir

import (
	"fmt"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/train"
)

// plainInterval is the time between progress lines where nothing else shows it.
const plainInterval = 10 * time.Second

// progress reports a training: how far it is, on the environment's display or in log
// lines, and one log line per epoch.
type progress struct {
	env     *Environment
	display Display // nil where nobody watches
	pace    pace
	shown   time.Time
}

// Observe returns what reports a training with so much work, and what removes it from
// the screen.
func Observe(env *Environment, work Work) (observer train.Observer, remove func()) {
	p := &progress{env: env, pace: pace{Work: work, now: time.Now}, shown: time.Now()}
	if env.Progress != nil {
		p.display = env.Progress()
	}
	if p.display == nil {
		return p, func() {}
	}
	return p, p.display.Clear
}

// ObserveScoring returns what reports how many examples of a list are scored, and what
// removes that from the screen. Words say what the list is.
func ObserveScoring(env *Environment, words string) (seen func(done, total int), remove func()) {
	p := &progress{env: env, shown: time.Now()}
	if env.Progress != nil {
		p.display = env.Progress()
	}
	scoring := speed{last: time.Now()}
	seen = func(done, total int) {
		scoring.add(done-scoring.done, time.Now())
		scoring.done = done
		at := Progress{Words: words, Share: float64(done) / float64(max(total, 1)), Rate: scoring.perSecond(), Left: -1}
		if at.Rate > 0 {
			at.Left = duration(float64(total-done) / at.Rate)
		}
		p.show(at, done < total, words, "done", fmt.Sprintf("%d/%d", done, total))
	}
	if p.display == nil {
		return seen, func() {}
	}
	return seen, p.display.Clear
}

// Step implements train.Observer.
func (p *progress) Step(epoch, done, total int, loss float64) {
	p.pace.step(epoch, done, total)
	at := p.pace.progress(fmt.Sprintf("epoch %d/%d  loss %.4f", epoch, p.pace.Epochs, loss), p.pace.training.perSecond())
	p.show(at, done < total, "training", "epoch", fmt.Sprintf("%d/%d", epoch, p.pace.Epochs),
		"done", fmt.Sprintf("%d/%d", done, total), "train_loss", logging.Rounded(loss))
}

// Validation implements train.Observer.
func (p *progress) Validation(epoch, done, total int) {
	p.pace.validation(epoch, done, total)
	at := p.pace.progress(fmt.Sprintf("epoch %d/%d  validating", epoch, p.pace.Epochs), p.pace.scoring.perSecond())
	p.show(at, done < total, "validating", "epoch", fmt.Sprintf("%d/%d", epoch, p.pace.Epochs), "done", fmt.Sprintf("%d/%d", done, total))
}

// show draws on the display, or now and then, if worth it, logs a line with the time that
// is left.
func (p *progress) show(at Progress, worth bool, message string, attributes ...any) {
	switch {
	case p.display != nil:
		p.display.Show(at)
	case worth && time.Since(p.shown) >= plainInterval:
		p.shown = time.Now()
		if at.Left >= 0 {
			attributes = append(attributes, "left", config.Minutes(at.Left))
		}
		p.env.Log.Info(message, attributes...)
	}
}

// Epoch implements train.Observer.
func (p *progress) Epoch(e metric.Epoch, epochs int, best bool) {
	if p.display != nil {
		p.display.Clear()
	}
	p.pace.epoch(e.Epoch)
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
