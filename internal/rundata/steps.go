package rundata

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
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
	steps := s.Epochs * d.StepsPerEpoch(s, s.BatchSize)
	if s.OverfitBatch || steps >= fewSteps {
		return
	}
	smaller := smallestBatch
	for 2*smaller < s.BatchSize && s.Epochs*d.StepsPerEpoch(s, 2*smaller) >= fewSteps {
		smaller *= 2
	}
	advice := "more --epochs give more"
	if smaller < s.BatchSize {
		advice = fmt.Sprintf("a smaller --batch-size, such as %d, gives %d", smaller, s.Epochs*d.StepsPerEpoch(s, smaller))
	}
	env.Log.Warn(fmt.Sprintf("training has %s in all: %s", config.Counted(steps, "step"), advice))
}
