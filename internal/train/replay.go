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
	PerEpoch int // steps, of an epoch that has some
	phases   []phase
}

// NewRates is the learning rate of a training on so many examples, at least one, by the
// options' epochs, batch size, learning rate and warm-up. Each phase goes through the whole
// schedule.
func NewRates(o Options, schedule optimizer.Schedule, examples int) Rates {
	if o.OverfitBatch {
		examples = min(examples, o.BatchSize)
	}
	batch := min(o.BatchSize, examples)
	perEpoch := (examples + batch - 1) / batch
	return Rates{optimizer.WithWarmup(schedule, int(o.Warmup*float64(perEpoch))), float32(o.LearningRate), perEpoch, o.phases()}
}

// At is the learning rate of a step of a phase, both counted from 0.
func (r Rates) at(p *phase, step int) float32 {
	return r.highest * r.schedule.Factor(step-r.before(p), r.PerEpoch*p.epochs)
}

// AtEnd is the learning rate of the last step of an epoch, counted from 1, or 0 where it has
// none.
func (r Rates) AtEnd(epoch int) float32 {
	p := phaseOf(r.phases, epoch-1)
	if p.solved {
		return 0
	}
	return r.at(p, r.before(p)+r.PerEpoch*(epoch-p.first)-1)
}

// PhaseOf is the name of the phase of an epoch, counted from 1, and whether it has steps.
func (r Rates) PhaseOf(epoch int) (name string, stepped bool) {
	p := phaseOf(r.phases, epoch-1)
	return p.name, !p.solved
}

// before counts the steps of the training before a phase.
func (r Rates) before(p *phase) int {
	if p.first == 0 || r.phases[0].solved {
		return 0
	}
	return r.PerEpoch * p.first
}

// beforeEpoch counts the steps of the training before an epoch, counted from 0.
func (r Rates) beforeEpoch(epoch int) int {
	if r.phases[0].solved {
		epoch = max(0, epoch-1)
	}
	return r.PerEpoch * epoch
}
