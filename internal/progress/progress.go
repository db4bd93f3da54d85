// Package progress reports how far a training or scoring is, on a display or in the log,
// and estimates how long the rest takes.
package progress

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

// Display shows on a screen how far work is.
type Display interface {
	Show(State)
	Clear() // removes it from the screen
}

// State is how far work is.
type State struct {
	Words string        // what is done at present: "epoch 1/3  loss 0.5000"
	Share float64       // of all the work, from 0 to 1
	Rate  float64       // images a second at present; 0 where it is not known
	Left  time.Duration // for all the work that is left; negative where it is not known
}

// progress reports a training: how far it is, on a display or in log lines, and one log
// line per epoch.
type progress struct {
	log     *logging.Log
	display Display // nil where nobody watches
	pace    pace
	shown   time.Time
}

func newProgress(log *logging.Log, open func() Display) *progress {
	p := &progress{log: log, shown: time.Now()}
	if open != nil {
		p.display = open()
	}
	return p
}

// Observe returns what reports a training with so much work, and what removes it from
// the screen. Open makes the display; nil, as its result may be, where nobody watches.
func Observe(log *logging.Log, open func() Display, work Work) (observer train.Observer, remove func()) {
	p := newProgress(log, open)
	p.pace = pace{Work: work, now: time.Now}
	if p.display == nil {
		return p, func() {}
	}
	return p, p.display.Clear
}

// ObserveScoring returns what reports how many examples of a list are scored, and what
// removes that from the screen. Words say what the list is.
func ObserveScoring(log *logging.Log, open func() Display, words string) (seen func(done, total int), remove func()) {
	p := newProgress(log, open)
	scoring := speed{last: time.Now()}
	seen = func(done, total int) {
		scoring.add(done-scoring.done, time.Now())
		scoring.done = done
		at := State{Words: words, Share: float64(done) / float64(max(total, 1)), Rate: scoring.perSecond(), Left: -1}
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

// Features implements train.Observer.
func (p *progress) Features(epoch, done, total int) {
	p.pace.features(epoch, done, total)
	at := p.pace.progress(fmt.Sprintf("epoch %d/%d  features", epoch, p.pace.Epochs), p.pace.scoring.perSecond())
	p.show(at, done < total, "features", "epoch", fmt.Sprintf("%d/%d", epoch, p.pace.Epochs), "done", fmt.Sprintf("%d/%d", done, total))
}

// Validation implements train.Observer.
func (p *progress) Validation(epoch, done, total int) {
	p.pace.validation(epoch, done, total)
	at := p.pace.progress(fmt.Sprintf("epoch %d/%d  validating", epoch, p.pace.Epochs), p.pace.scoring.perSecond())
	p.show(at, done < total, "validating", "epoch", fmt.Sprintf("%d/%d", epoch, p.pace.Epochs), "done", fmt.Sprintf("%d/%d", done, total))
}

// show draws on the display, or now and then, if worth it, logs a line with the time that
// is left.
func (p *progress) show(at State, worth bool, message string, attributes ...any) {
	switch {
	case p.display != nil:
		p.display.Show(at)
	case worth && time.Since(p.shown) >= plainInterval:
		p.shown = time.Now()
		if at.Left >= 0 {
			attributes = append(attributes, "left", config.Minutes(at.Left))
		}
		p.log.Info(message, attributes...)
	}
}

// Epoch implements train.Observer.
func (p *progress) Epoch(e metric.Epoch, epochs int, best bool) {
	if p.display != nil {
		p.display.Clear()
	}
	p.pace.epoch(e.Epoch)
	p.shown = time.Now()
	log := p.log.Info
	if p.pace.Small {
		log = p.log.Debug
	}
	log("epoch finished", logging.InWords(epochWords(e, epochs, best)), "epoch", e.Epoch, "epochs", epochs,
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
