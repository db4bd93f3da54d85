package train

import (
	"context"
	"time"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// Speed is how fast a network is trained and scored, in images a second.
type Speed struct{ Train, Score float64 }

// What a measurement takes at most: enough for the speed to be steady, if the network is
// small.
const (
	measuredSteps = 20
	measuredScore = 2000 // images
)

// ScoringShare is how long scoring an image takes, compared with training on it, where
// that is not measured: forward alone, instead of forward and the two halves of backward.
const ScoringShare = 1.0 / 3

// scoredAtOnce is how many images a validator may score before it says so.
const scoredAtOnce = 128

// Measure finds out how fast the job goes. It trains a copy of the weights for a few
// steps, and scores a few batches, until about the limit has passed, and writes nothing.
// The learning rate is 0, which changes no time and lets nothing diverge. A large network
// takes one shard at a time, or one for each worker, if a whole batch would take too long.
func Measure(ctx context.Context, job Job, limit time.Duration) (speed Speed, err error) {
	deadline := time.Now().Add(limit)
	job.Observer, job.Params = unwatched{}, job.Params.Clone()
	job.LearningRate, job.CheckpointInterval = 0, 0
	if job.Head.Kind == HeadSolver && job.Epochs == 1 { // which takes no steps
		return measureScoring(ctx, job, deadline)
	}
	job.Head = Head{}
	whole := min(job.BatchSize, len(job.TrainList))
	for _, batch := range []int{job.ShardSize, job.ShardSize * max(1, job.Workers), whole} {
		if batch > whole {
			continue
		}
		twoSteps := seconds(2 * float64(batch) / max(speed.Train, 1e-9))
		if speed.Train > 0 && twoSteps > time.Until(deadline)/2 {
			break
		}
		job.BatchSize = batch
		if speed, err = measure(ctx, job, deadline, batch == whole); err != nil {
			return speed, err
		}
	}
	return speed, nil
}

// Memory is how many bytes training takes in the phase that takes most: activations, gradients,
// the optimizer's state, and the parameters with their averages. It allocates them and trains
// nothing.
func Memory(job Job) (int64, error) {
	const floatSize = 4
	job.Observer, job.Params = unwatched{}, job.Params.Clone()
	if job.Head.Kind != HeadSolver || job.Epochs > 1 { // else there are no steps
		job.Head = Head{}
	}
	l, err := begin(job)
	if err != nil {
		return 0, err
	}
	defer l.close()
	total := int64(floatSize * len(job.Params.Values))
	if l.ema != nil {
		total *= 2
	}
	if l.trainer != nil {
		total += int64(l.trainer.Memory().Total())
	}
	return total, nil
}

// measureScoring does so for a job without steps. A step is taken to take what it usually
// does.
func measureScoring(ctx context.Context, job Job, deadline time.Time) (speed Speed, err error) {
	l, err := begin(job)
	if err != nil {
		return speed, err
	}
	defer l.close()
	speed.Score, err = l.scoringRate(ctx, deadline)
	speed.Train = speed.Score * ScoringShare
	return speed, err
}

// measure does so with batches of one size, for one step if another size may follow.
func measure(ctx context.Context, job Job, deadline time.Time, last bool) (speed Speed, err error) {
	l, err := begin(job)
	if err != nil {
		return speed, err
	}
	defer l.close()
	until := time.Now().Add(time.Until(deadline) * 2 / 3)
	if !last {
		until = time.Now()
	}
	if speed.Train, err = l.trainingRate(ctx, until); err != nil {
		return speed, err
	}
	speed.Score = speed.Train / ScoringShare
	if !last || seconds(2*scoredAtOnce/speed.Score) > time.Until(deadline) {
		return speed, nil
	}
	speed.Score, err = l.scoringRate(ctx, deadline)
	return speed, err
}

// trainingRate trains until a time, for one step at least. The first step, which finds
// nothing in the caches, counts only if there is no other.
func (l *loop) trainingRate(ctx context.Context, until time.Time) (float64, error) {
	s, started, steps, images := &l.state, time.Now(), 0, 0
	most := min(measuredSteps, l.perEpoch*l.Epochs)
	elapsed := func() time.Duration { return time.Since(started) }
	for s.Step < most {
		epoch := uint32(s.Step / l.perEpoch)
		s.Examples = 0
		for batch, err := range l.loader.Batches(ctx, l.order(epoch), epoch, 0, l.BatchSize) {
			if err == nil {
				err = l.step(batch, epoch)
			}
			switch {
			case err != nil:
				return 0, err
			case s.Step == 1 && most > 1 && elapsed() < time.Until(until):
				started = time.Now()
			default:
				steps, images = steps+1, images+batch.N
			}
			if steps > 0 && (s.Step >= most || time.Now().After(until)) {
				return perSecond(images, elapsed()), nil
			}
		}
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
	}
	return perSecond(images, elapsed()), nil
}

// scoringRate scores until a time, for one batch at least.
func (l *loop) scoringRate(ctx context.Context, until time.Time) (float64, error) {
	within, enough := context.WithCancel(ctx)
	defer enough()
	started, before, scored := time.Now(), 0, 0
	var took time.Duration
	_, err := l.validator.Validate(within, func(done, total int) {
		scored, took = done, time.Since(started)
		if before == 0 && done < total && time.Now().Before(until) { // as after the first step
			before, started = done, time.Now()
		} else if done >= measuredScore || time.Now().After(until) {
			enough()
		}
	})
	if err != nil && (ctx.Err() != nil || scored == 0) {
		return 0, err
	}
	return perSecond(scored-before, took), nil
}

func perSecond(images int, took time.Duration) float64 {
	return float64(max(images, 1)) / max(took.Seconds(), 1e-6)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// unwatched is an Observer that tells nobody.
type unwatched struct{}

func (unwatched) Step(int, int, int, float64)   {}
func (unwatched) Features(int, int, int)        {}
func (unwatched) Validation(int, int, int)      {}
func (unwatched) Epoch(metric.Epoch, int, bool) {}
