package pipeline

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// trainStage trains the network, or goes on where an earlier process was
// stopped, and records how it ended.
func (r *session) trainStage(ctx context.Context) error {
	started := time.Now()
	shown := newProgress(r.env, r.settings.Epochs)
	defer shown.clear()
	outcome, err := train.Run(ctx, r.trainJob(shown))
	if err != nil {
		return err
	}
	if outcome.Stopped != "" {
		r.env.Log.Info("stopped early", "epoch", outcome.Epochs, "reason", outcome.Stopped)
	}
	r.env.Log.Info("training finished", "epochs", outcome.Epochs, "best_epoch", outcome.BestEpoch, "took", seconds(time.Since(started)))
	if err := r.noteTraining(outcome); err != nil {
		return err
	}
	history, err := metric.ReadHistory(r.dir.file(train.HistoryFile))
	if err != nil {
		return err
	}
	r.warnOfNothingLearned(history, outcome.BestEpoch)
	return fileio.WriteAtomic(r.dir.file(historyCSV), func(w io.Writer) error { return metric.WriteHistoryCSV(w, history) })
}

// warnOfNothingLearned warns of a model that always giving one answer would equal, and
// of a loss that never fell, as after training that diverged.
func (r *session) warnOfNothingLearned(history []metric.Epoch, best int) {
	if r.settings.OverfitBatch { // which nothing that holds elsewhere is learnt from
		return
	}
	const advice = "try another --learning-rate, a lower one first, and look at the labels"
	counts := dataset.Counts(r.data.all, r.data.split.Validation)
	most := slices.Max(counts)
	constant := float64(most) / float64(len(r.data.split.Validation))
	if reached := history[best-1].ValidationAccuracy; reached <= constant {
		r.env.Log.Warn(fmt.Sprintf("the model has learnt nothing: it is right on %s %% of the validation part, where always answering %q is right on %s %%; %s",
			metric.Percent(reached), r.data.all.Classes()[slices.Index(counts, most)], metric.Percent(constant), advice))
	}
	first := history[0].TrainLoss
	if fell := func(e metric.Epoch) bool { return e.TrainLoss < first }; len(history) > 1 && !slices.ContainsFunc(history, fell) {
		r.env.Log.Warn(fmt.Sprintf("the training loss never fell below that of the first epoch, %.4g; %s", first, advice))
	}
}

// stepsPerEpoch is the number of steps of an epoch with batches of the given size.
func (r *session) stepsPerEpoch(batch int) int {
	if r.settings.OverfitBatch {
		return 1
	}
	images := len(r.data.trainList(r.settings))
	return (images + batch - 1) / batch
}

const (
	fewSteps      = 100 // below which weights that were drawn have hardly moved
	smallestBatch = 8   // below which the statistics of batch normalisation are poor
)

// warnOfFewSteps warns of training that ends before it has got anywhere, as with
// the default batch and a few hundred images.
func (r *session) warnOfFewSteps() {
	s := r.settings
	steps := s.Epochs * r.stepsPerEpoch(s.BatchSize)
	if s.OverfitBatch || steps >= fewSteps {
		return
	}
	smaller := smallestBatch
	for 2*smaller < s.BatchSize && s.Epochs*r.stepsPerEpoch(2*smaller) >= fewSteps {
		smaller *= 2
	}
	advice := "more --epochs give more"
	if smaller < s.BatchSize {
		advice = fmt.Sprintf("a smaller --batch-size, such as %d, gives %d", smaller, s.Epochs*r.stepsPerEpoch(smaller))
	}
	r.env.Log.Warn(fmt.Sprintf("training has %s in all: %s", counted(steps, "step"), advice))
}

// trainJob is the run's training, of which the observer is told.
func (r *session) trainJob(observer train.Observer) train.Job {
	s, d := r.settings, r.data
	return train.Job{
		Options: r.trainOptions(), Dir: r.dir.path, Graph: r.graph, Params: r.params,
		Loss: r.modules.loss, Optimizer: r.modules.optimizer, Schedule: r.modules.schedule,
		Train: d.loader(s, r.modules.augment), Validation: d.loader(s, nil),
		TrainList: d.trainList(s), ValidList: d.split.Validation, Observer: observer,
	}
}

func (r *session) trainOptions() train.Options {
	s, i := r.settings, &r.record.Identity
	return train.Options{
		Epochs: s.Epochs, BatchSize: s.BatchSize, ShardSize: s.ShardSize, Seed: uint64(s.Seed),
		LearningRate: float64(i.LearningRate), WeightDecay: float64(i.WeightDecay), Warmup: s.Warmup, GradientClip: s.GradientClip, EMA: s.EMA,
		Frozen: s.Freeze, Balanced: s.Sampling == "balanced", OverfitBatch: s.OverfitBatch,
		Stopping: train.Stopping{Monitor: s.Monitor, MinDelta: s.MinDelta, Patience: s.Patience},
		Workers:  s.workers(), CheckpointInterval: time.Duration(s.CheckpointInterval) * time.Second,
	}
}

// noteTraining writes the outcome, with the digest of the best weights, to the
// record. Weights that are not those of the best epoch in the history are
// refused: somebody has put others in their place.
func (r *session) noteTraining(outcome train.Outcome) error {
	best, err := weights.ReadFile(r.dir.bestWeights())
	if err != nil {
		return err
	}
	history, err := metric.ReadHistory(r.dir.file(train.HistoryFile))
	if err != nil {
		return err
	}
	digest := weights.Digest(best.Tensors)
	if want := r.record.digestIn(history[outcome.BestEpoch-1]); digest != want {
		return fmt.Errorf("%s: the weights' digest is %s, that of epoch %d, the best, is %s: the file was changed; train again in a new run directory",
			r.dir.bestWeights(), digest, outcome.BestEpoch, want)
	}
	r.record.Training = &TrainingNote{
		Epochs: outcome.Epochs, BestEpoch: outcome.BestEpoch, Stopped: outcome.Stopped, WeightsSHA256: digest,
	}
	if err := r.noteFiles(settingsFile, splitFile, duplicatesFile, train.HistoryFile); err != nil {
		return err
	}
	return r.dir.writeRecord(r.record)
}

// digestIn is the digest, in a line of the history, of the weights that the run
// evaluates.
func (record *Record) digestIn(e metric.Epoch) string {
	if record.Weights == "ema" {
		return e.EMASHA256
	}
	return e.WeightsSHA256
}

// bestWeights is the file of the weights that are evaluated and packaged.
func (d *runDir) bestWeights() string { return d.file(train.CheckpointDir, train.BestFile) }
