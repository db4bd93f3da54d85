package train

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// How the last layer of a network is trained before the rest of it.
const (
	HeadNone   = "none"   // it is not
	HeadSGD    = "sgd"    // by the optimizer, while all other weights stay as they are
	HeadSolver = "solver" // by Job.Solve, in one epoch without steps
)

// Head is the phase of a training in which the last layer alone learns.
type Head struct {
	Kind   string // HeadNone, which empty stands for too, HeadSGD or HeadSolver
	Epochs int    // of HeadSGD; HeadSolver takes one
	// Frozen are prefixes of the names of all weights but those of the last layer.
	Frozen []string
}

// Solved is how a solver found the last layer.
type Solved struct {
	metric.HeadNote
	Examples int // whose features it was found on
}

// phase is some epochs of a training that change the same weights by one schedule.
type phase struct {
	name          string
	first, epochs int // counted from 0
	frozen        []string
	solved        bool // takes no steps
}

// phases are those of a training, in order: one or two.
func (o *Options) phases() []phase {
	head := phase{name: metric.PhaseHead, epochs: o.Head.Epochs, frozen: slices.Concat(o.Frozen, o.Head.Frozen)}
	switch o.Head.Kind {
	case HeadSGD:
	case HeadSolver:
		head.epochs, head.solved = 1, true
	default:
		return []phase{{epochs: o.Epochs, frozen: o.Frozen}}
	}
	all := []phase{head}
	if rest := o.Epochs - head.epochs; rest > 0 {
		all = append(all, phase{name: metric.PhaseFinetune, first: head.epochs, epochs: rest, frozen: o.Frozen})
	}
	return all
}

// phaseOf finds the phase of an epoch, counted from 0. What comes after the last epoch is
// of the last phase.
func phaseOf(phases []phase, epoch int) *phase {
	for i := range phases {
		if epoch < phases[i].first+phases[i].epochs {
			return &phases[i]
		}
	}
	return &phases[len(phases)-1]
}

// enter makes the plan for training in the phase of the present epoch, unless it is there.
// A phase begins with an optimizer that knows nothing, and with averages of its own.
func (l *loop) enter() (err error) {
	p := phaseOf(l.rates.phases, l.state.Epoch)
	if l.phase != p {
		l.leave()
		if !p.solved {
			// What came before, such as decoding and the features, has left memory that the
			// system thinks in use. The plan may take as much again.
			debug.FreeOSMemory()
			l.trainer, err = engine.NewTrainer(l.graph, l.Params, engine.TrainerOptions{
				BatchSize: l.BatchSize, ShardSize: l.ShardSize, Workers: l.Workers, Seed: l.Seed,
				Frozen: p.frozen, FixedNorms: l.FixedNorms, LayerDecay: l.LayerDecay,
				Loss: l.Loss, Optimizer: l.Optimizer, TargetSize: l.Task.Size(), Figure: l.Task.Figure,
			})
			if err != nil {
				return err
			}
		}
		l.phase = p
	}
	if l.begins() && l.ema != nil {
		copy(l.ema.Values, l.Params.Values)
	}
	return nil
}

// begins says that no step of the present phase is done.
func (l *loop) begins() bool { return l.state.Epoch == l.phase.first && l.state.Steps == 0 }

// leave ends the workers of the present phase.
func (l *loop) leave() {
	if l.trainer != nil {
		l.trainer.Close()
	}
	l.trainer, l.phase = nil, nil
}

// solve has the last layer found in place of the epoch's steps.
func (l *loop) solve(ctx context.Context) (metric.Epoch, error) {
	started, epoch := time.Now(), l.state.Epoch+1
	solved, err := l.Solve(ctx, l.Params, func(done, total int) { l.Observer.Features(epoch, done, total) })
	switch {
	case ctx.Err() != nil:
		return metric.Epoch{}, context.Cause(ctx)
	case err != nil:
		return metric.Epoch{}, err
	}
	best := solved.Best()
	e := metric.Epoch{
		Epoch: epoch, TrainLoss: best.TrainLoss, GradientNorm: best.GradientNorm, Seconds: time.Since(started).Seconds(),
		WeightsSHA256: l.Params.Digest(), Head: &solved.HeadNote,
	}
	if e.Seconds > 0 {
		e.ImagesPerSecond = float64(solved.Examples) / e.Seconds
	}
	if l.ema != nil {
		copy(l.ema.Values, l.Params.Values)
		e.EMASHA256 = l.ema.Digest()
	}
	l.state.FigureSum, l.state.Examples = best.TrainAccuracy, 1 // as trainFigure divides them
	return e, nil
}

// Solver finds the last layer of params, which it changes in place, and tells seen how many
// of the images it has looked at.
type Solver func(ctx context.Context, params *nn.Parameters, seen func(done, total int)) (*Solved, error)
