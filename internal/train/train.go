// Package train is the training loop: epochs of steps, validation after each,
// early stopping, the best and the last checkpoint, and a history that a resumed
// run continues to the bit.
package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/optimizer"
	"github.com/blocktrain/blocktrain/internal/target"
)

// Options are the settings of the loop.
type Options struct {
	Epochs       int  // of all phases
	Head         Head // the first phase, if there is one
	BatchSize    int
	ShardSize    int
	Seed         uint64
	LearningRate float32
	WeightDecay  float32
	Warmup       float64 // epochs in which the learning rate rises to where the schedule begins
	GradientClip float32 // largest Euclidean norm of a step's gradient; 0 means none
	EMA          float64 // decay of the averaged weights; 0 means none
	Frozen       []string
	FixedNorms   bool // see engine.TrainerOptions, like the next
	LayerDecay   float64
	Stopping     Stopping
	Balanced     bool // draw examples so that all classes come up equally often
	OverfitBatch bool // train on the first batch again and again, to see that it can be learnt

	Workers            int
	CheckpointInterval time.Duration // between checkpoints within an epoch; 0 means none
}

// Job is a training to be done. The parameters are changed in place.
type Job struct {
	Options
	Dir       string    // the run directory: history.jsonl, checkpoints/
	Graph     *nn.Graph // as its model built it
	Params    *nn.Parameters
	Target    target.Properties
	Task      target.Task // what is learnt of an example
	Loss      loss.Loss
	Optimizer optimizer.Optimizer
	Schedule  optimizer.Schedule
	Train     *dataset.Loader // with augmentation
	TrainList []int           // indexes of the training part
	Observer  Observer
	// CheckDir, where there is one, is an error once the run directory is gone. It is
	// asked before anything is written.
	CheckDir func() error
	// NewValidator makes what scores the weights, which training changes in place, on
	// the validation part.
	NewValidator func(params *nn.Parameters) (Validator, error)
	// Solve finds the last layer in the phase of that kind.
	Solve Solver
}

// Validator scores a network on the validation part.
type Validator interface {
	// Validate scores the weights as they are now, and tells seen, which may be nil, how
	// many of the examples it has scored.
	Validate(ctx context.Context, seen func(done, total int)) (metric.Result, error)
	Close()
}

// Observer is told what the loop does, from the loop's goroutine.
type Observer interface {
	// Step is called after every step; done of total examples of the epoch
	// have been seen, and loss is their mean loss.
	Step(epoch, done, total int, loss float64)
	// Features is called while a solver looks at the images of an epoch.
	Features(epoch, done, total int)
	// Validation is called while an epoch is validated; done of total examples of the
	// validation part have been scored.
	Validation(epoch, done, total int)
	// Epoch is called when an epoch's line is in the history; best says that its
	// weights are the best so far.
	Epoch(e metric.Epoch, epochs int, best bool)
}

// Outcome is how a training ended.
type Outcome struct {
	Epochs    int    // trained in all
	BestEpoch int    // whose weights are in best.safetensors
	Stopped   string // why it ended before the last epoch; empty if it did not
	Resumed   bool   // it began from a checkpoint
}

// loop is a training in progress.
type loop struct {
	Job
	graph     *nn.Graph       // with the loss's part of it
	phase     *phase          // the present one
	trainer   *engine.Trainer // of the phase; nil where that takes no steps
	validator Validator
	loader    dataset.Loader // of the training part, with targets
	ema       *nn.Parameters // averaged weights, nil without EMA
	state     state
	rates     Rates
	perEpoch  int // steps
	saved     time.Time
}

// ErrNotSaved says that training was interrupted and no checkpoint of its position
// could be written; the one before is kept.
var ErrNotSaved = errors.New("what was trained since the last checkpoint is not saved")

// Run trains until the last epoch, early stopping, an error or the end of ctx,
// and resumes from the last checkpoint where the run directory has one. When ctx
// ends, the present step is finished and a checkpoint written first.
func Run(ctx context.Context, job Job) (Outcome, error) {
	l, err := begin(job)
	if err != nil {
		return Outcome{}, err
	}
	defer l.close()
	resumed, err := l.resume()
	if err != nil {
		return Outcome{}, err
	}
	for !l.state.Finished {
		if err := l.enter(); err != nil {
			return Outcome{}, err
		}
		if err := l.epoch(ctx); err != nil {
			return Outcome{}, err
		}
	}
	if err := l.finished(); err != nil {
		return Outcome{}, err
	}
	s := l.state
	return Outcome{Epochs: s.Epoch, BestEpoch: s.Stopper.BestEpoch, Stopped: s.Stopper.Reason, Resumed: resumed}, nil
}

func begin(job Job) (*loop, error) {
	if err := job.check(); err != nil {
		return nil, err
	}
	if job.OverfitBatch {
		job.TrainList = job.TrainList[:min(len(job.TrainList), job.BatchSize)]
	}
	job.BatchSize = min(job.BatchSize, len(job.TrainList))
	rates := NewRates(job.Options, job.Schedule, len(job.TrainList))
	l := &loop{Job: job, rates: rates, perEpoch: rates.PerEpoch, saved: time.Now()}
	l.loader = *job.Train
	l.loader.Encoder = job.Task
	return l, l.compile()
}

func (j *Job) check() error {
	switch {
	case len(j.TrainList) == 0:
		return errors.New("no examples to train on: want at least one")
	case j.Epochs < 1 || j.BatchSize < 1:
		return fmt.Errorf("%d epochs, batches of %d: want at least 1 each", j.Epochs, j.BatchSize)
	case j.Head.Kind == HeadSGD && (j.Head.Epochs < 1 || j.Head.Epochs > j.Epochs):
		return fmt.Errorf("%d epochs of %d are for the last layer: want at least 1, and no more than there are", j.Head.Epochs, j.Epochs)
	case j.Head.Kind == HeadSolver && j.Solve == nil:
		return errors.New("there is no solver for the last layer")
	}
	return nil
}

// compile makes the plans for training in the first phase and for validation.
func (l *loop) compile() (err error) {
	if l.graph, err = l.Task.Trained(l.Graph, l.Loss); err != nil {
		return err
	}
	if l.EMA > 0 {
		l.ema = l.Params.Clone()
	}
	if err := l.enter(); err != nil {
		return err
	}
	l.validator, err = l.NewValidator(l.judged())
	if err != nil {
		l.leave()
	}
	return err
}

// close ends the workers.
func (l *loop) close() {
	l.leave()
	l.validator.Close()
}

// judged are the weights that validation sees and best.safetensors keeps.
func (l *loop) judged() *nn.Parameters {
	if l.ema != nil {
		return l.ema
	}
	return l.Params
}

// epoch does the rest of the present epoch and commits it.
func (l *loop) epoch(ctx context.Context) error {
	e, err := l.learn(ctx)
	if err != nil {
		return err
	}
	e.Phase = l.phase.name
	started := time.Now()
	validation, err := l.validator.Validate(ctx, func(done, total int) { l.Observer.Validation(e.Epoch, done, total) })
	switch {
	case err != nil && l.phase.solved && ctx.Err() != nil: // there is no position within its epoch that a checkpoint could have
		return context.Cause(ctx)
	case err != nil:
		return l.interrupted(ctx, l.lost("validation", err))
	}
	_, figure := validation.Measured()
	e.ValidationLoss = validation.MeanLoss()
	e.SetFigure(l.Target.Figure.Name, l.trainFigure(), figure)
	e.Seconds += time.Since(started).Seconds()
	best, finished := l.state.Stopper.next(l.Stopping, e, l.Epochs)
	l.state.beginEpoch(finished)
	if err := l.commit(e, best); err != nil {
		return err
	}
	l.Observer.Epoch(e, l.Epochs, best)
	return nil
}

// learn does what is left of the present epoch, up to its validation.
func (l *loop) learn(ctx context.Context) (metric.Epoch, error) {
	if l.phase.solved {
		return l.solve(ctx)
	}
	if err := l.steps(ctx); err != nil {
		return metric.Epoch{}, err
	}
	if err := l.checkFinite(); err != nil {
		return metric.Epoch{}, l.lost("after its last step", err)
	}
	return l.record(), nil
}

// order is the order in which an epoch sees the training part.
func (l *loop) order(epoch uint32) []int {
	if l.Balanced {
		return dataset.Weighted(l.Train.Dataset, l.TrainList, l.Seed, epoch)
	}
	return dataset.Shuffled(l.TrainList, l.Seed, epoch)
}

// steps trains on what is left of the present epoch's order.
func (l *loop) steps(ctx context.Context) error {
	epoch := uint32(l.state.Epoch)
	order := l.order(epoch)
	started := time.Now()
	for batch, err := range l.loader.Batches(ctx, order, epoch, l.state.Examples, l.BatchSize) {
		if err != nil {
			return l.interrupted(ctx, err)
		}
		if err := l.step(batch, epoch); err != nil {
			return err
		}
		now := time.Now()
		l.state.Seconds += now.Sub(started).Seconds()
		started = now
		if l.CheckpointInterval > 0 && now.Sub(l.saved) >= l.CheckpointInterval {
			if err := l.save(); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return l.interrupted(ctx, nil)
		}
	}
	return nil
}

// interrupted passes err on, unless ctx has ended: then it writes a checkpoint of
// the present position and returns the reason.
func (l *loop) interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if err := l.save(); err != nil {
		return errors.Join(context.Cause(ctx), fmt.Errorf("%w: %w", ErrNotSaved, err))
	}
	return context.Cause(ctx)
}

// lost says where training cannot go on, what to do, and whether there is a
// checkpoint from before.
func (l *loop) lost(where string, err error) error {
	var diverged *engine.NonFiniteError
	if errors.As(err, &diverged) {
		err = fmt.Errorf("%w in a new run, for this one keeps its settings", err)
	}
	kept := "the last good checkpoint is kept"
	if _, missing := os.Stat(l.path(LastFile)); missing != nil {
		kept = "there is no checkpoint from before"
	}
	return fmt.Errorf("epoch %d, %s: %w; %s", l.state.Epoch+1, where, err, kept)
}

// step trains on one batch.
func (l *loop) step(batch *dataset.Batch, epoch uint32) error {
	s := &l.state
	rate := l.rates.at(l.phase, s.Step)
	result, err := l.trainer.Step(engine.Step{
		Number: s.Step - l.rates.before(l.phase) + 1, Epoch: epoch, Position: uint32(s.Examples), Images: batch.Images, Targets: batch.Targets, Weights: batch.Weights,
		LearningRate: rate, WeightDecay: l.WeightDecay, GradientClip: l.GradientClip,
	})
	if err != nil {
		return l.lost(fmt.Sprintf("step %d of %d (learning rate %g)", s.Steps+1, l.perEpoch, rate), err)
	}
	s.add(result, batch.N, rate)
	if l.ema != nil {
		l.trainer.Average(l.ema.Values, averagingRate(l.EMA, s.Step-l.rates.before(l.phase)))
	}
	l.Observer.Step(s.Epoch+1, s.Examples, len(l.TrainList), s.meanLoss())
	return nil
}

// trainFigure is the mean of the target's figure over the epoch's examples.
func (l *loop) trainFigure() float64 { return l.state.FigureSum / float64(l.state.Examples) }

// record sums up the epoch's steps.
func (l *loop) record() metric.Epoch {
	s := l.state
	e := metric.Epoch{
		Epoch: s.Epoch + 1, TrainLoss: s.meanLoss(),
		LearningRate: float64(s.LearningRate), GradientNorm: s.NormSum / float64(s.Steps), Seconds: s.Seconds,
		WeightsSHA256: l.Params.Digest(), OptimizerSHA256: digestOf(l.optimizerTensors()),
	}
	if s.Seconds > 0 { // a coarse clock may not have moved
		e.ImagesPerSecond = float64(s.Examples) / s.Seconds
	}
	if l.ema != nil {
		e.EMASHA256 = l.ema.Digest()
	}
	return e
}
