package rundata

import (
	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Loader makes batches of the run's data to train with, varied by the pipeline.
func (d *Data) Loader(s *settings.Settings, p *augment.Pipeline) *dataset.Loader {
	l := &dataset.Loader{
		Dataset: d.Fitted, Rule: d.Rule, Augment: p, Seed: uint64(s.Seed), Workers: s.WorkerCount(),
		Apart: s.Sampling == "balanced" && s.ContractVersion() >= 3,
	}
	if p.First() {
		l.KeepSize = s.ReducedSide(d.Rule)
		if d.Reduced != nil {
			l.Dataset = d.Reduced
		}
	}
	if d.Native != nil {
		l.Dataset, l.Sensor = d.Native, d.Sensor(s)
	}
	return l
}

// TestLoader makes batches of the run's data to judge by.
func (d *Data) TestLoader(s *settings.Settings) *dataset.Loader {
	return &dataset.Loader{Dataset: d.TestFitted, Rule: d.TestRule, Workers: s.WorkerCount()}
}

// ForgetPlain gives up what memory holds of the images of training as the rule makes them, where
// training takes random parts of larger ones, which memory holds too.
func (d *Data) ForgetPlain(s *settings.Settings) {
	if d.Reduced != nil {
		dataset.Forget(d.TestFitted, d.TrainList(s))
	}
}
