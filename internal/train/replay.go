package train

import (
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/optimizer"
)

// Replay says how a training of at most so many epochs with this history ends: after
// which epoch, which is the best, and why it stops early. It goes by the monitored
// figure alone. Where the history ends before the training would, ended is false.
func (r Stopping) Replay(history []metric.Epoch, epochs int) (outcome Outcome, ended bool) {
	var s stopper
	for _, e := range history {
		_, ended = s.next(r, e, epochs)
		if outcome.Epochs++; ended {
			break
		}
	}
	outcome.BestEpoch, outcome.Stopped = s.BestEpoch, s.Reason
	return outcome, ended
}

// Rates is the learning rate over a training.
type Rates struct {
	schedule optimizer.Schedule
	highest  float32
	PerEpoch int // steps
	total    int // steps
}

// NewRates is the learning rate of a training on so many examples, at least one, by the
// options' epochs, batch size, learning rate and warm-up.
func NewRates(o Options, schedule optimizer.Schedule, examples int) Rates {
	if o.OverfitBatch {
		examples = min(examples, o.BatchSize)
	}
	batch := min(o.BatchSize, examples)
	perEpoch := (examples + batch - 1) / batch
	return Rates{optimizer.WithWarmup(schedule, int(o.Warmup*float64(perEpoch))), float32(o.LearningRate), perEpoch, perEpoch * o.Epochs}
}

// At is the learning rate of a step, counted from 0.
func (r Rates) At(step int) float32 { return r.highest * r.schedule.Factor(step, r.total) }
