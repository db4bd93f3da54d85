package rundata

import (
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
)

// StepsPerEpoch is the number of steps of an epoch with batches of the given size.
func (d *Data) StepsPerEpoch(s *settings.Settings, batch int) int {
	if s.OverfitBatch {
		return 1
	}
	images := len(d.TrainList(s))
	return (images + batch - 1) / batch
}

const (
	fewSteps      = 100 // below which weights that were drawn have hardly moved
	smallestBatch = 8   // below which the statistics of batch normalisation are poor
)

// WarnOfFewSteps warns of training that ends before it has got anywhere, as with
// the default batch and a few hundred images.
func (d *Data) WarnOfFewSteps(env *rundir.Environment, s *settings.Settings) {
	steps := s.StepEpochs() * d.StepsPerEpoch(s, s.BatchSize)
	if s.OverfitBatch || steps >= fewSteps || s.Head != train.HeadNone { // the last layer alone needs few
		return
	}
	smaller := smallestBatch
	for 2*smaller < s.BatchSize && s.StepEpochs()*d.StepsPerEpoch(s, 2*smaller) >= fewSteps {
		smaller *= 2
	}
	advice := "more --epochs give more"
	if smaller < s.BatchSize {
		advice = fmt.Sprintf("a smaller --batch-size, such as %d, gives %d", smaller, s.StepEpochs()*d.StepsPerEpoch(s, smaller))
	}
	env.Log.Warn(fmt.Sprintf("training has %s in all: %s", config.Counted(steps, "step"), advice))
}

// WarnOfNothingLearned warns of a classifier that always giving one answer would equal, and of a
// loss that never fell, as after training that diverged. The network is the run's own if its name
// is none of a fold.
func (d *Data) WarnOfNothingLearned(env *rundir.Environment, s *settings.Settings, t target.Target, name string, history []metric.Epoch, best int) {
	if s.OverfitBatch { // from which nothing is learnt that holds elsewhere
		return
	}
	called := "the model"
	if layout.IsFold(name) {
		called = "network " + name
	}
	advice := "try another --learning-rate, a lower one first, and look at the labels"
	if history[best-1].Head != nil { // which a solver found
		advice = "look at the labels, and at the images as the network sees them, in plots/sample-grid.png: --alpha and --levels say how those with transparency or 16 bits are read"
	}
	if t.Properties().Labelled {
		list := d.ValidationList(s)
		counts := dataset.Counts(d.All, list)
		most := slices.Max(counts)
		constant := float64(most) / float64(len(list))
		if reached := history[best-1].ValidationAccuracy; reached <= constant {
			env.Log.Warn(fmt.Sprintf("%s has learnt nothing: it is right on %s %% of the validation part, where always answering %q is right on %s %%; %s",
				called, metric.Percent(reached), d.All.Classes()[slices.Index(counts, most)], metric.Percent(constant), advice))
		}
	}
	if history[0].Phase != "" { // phases measure the loss on images that are varied in other ways
		return
	}
	first, last := history[0].TrainLoss, history[len(history)-1].TrainLoss
	fell := func(e metric.Epoch) bool { return e.TrainLoss < first }
	switch {
	case len(history) == 1:
	case !slices.ContainsFunc(history, fell):
		env.Log.Warn(fmt.Sprintf("the training loss of %s never fell below that of the first epoch, %.4g; %s", called, first, advice))
	case !fell(history[len(history)-1]):
		env.Log.Warn(fmt.Sprintf("the training loss of %s was %.4g in the first epoch and is %.4g in the last, as after training that diverged; %s", called, first, last, advice))
	}
}

// SayUselessFinetuning says so where training all layers brought nothing over the last one alone.
func SayUselessFinetuning(env *rundir.Environment, history []metric.Epoch, best int) {
	reached, tried := 0.0, false
	for _, e := range history {
		if e.Phase == metric.PhaseFinetune {
			reached, tried = max(reached, e.ValidationAccuracy), true
		}
	}
	if tried && history[best-1].Phase == metric.PhaseHead {
		env.Log.Warn("fine-tuning did not help on the validation part, so that the weights of before it are kept: --finetune-epochs 0 gives the same in less time",
			"last_layer", metric.Percent(history[best-1].ValidationAccuracy), "fine_tuned", metric.Percent(reached))
	}
}
