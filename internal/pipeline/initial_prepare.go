package pipeline

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/pipeline/published"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// takePreparation has the settings of a new run prepare images as published weights want
// them, where nobody has chosen otherwise.
func takePreparation(s *settings.Settings, first *Initial) error {
	m, _, err := model.MakeModel(s.Model, s.ModelOptions)
	if err != nil {
		return config.Usage(err)
	}
	if p, is := published.PreparationOf(m); is && first != nil && first.published != nil {
		s.TakePreparation(p)
	}
	s.SettleNormalize()
	return nil
}

// checkModelSize refuses, before an image is read, a model that the gate would refuse for its
// size whatever it learns.
func checkModelSize(s *settings.Settings, t task) error {
	m, _, err := model.MakeModel(s.Model, s.ModelOptions)
	if err != nil || !t.judges() {
		return err
	}
	const likely = 224 // pixels, where the data says how large images are
	graph, err := m.Build(rundir.ShapeOf(s.InputRule(imaging.Image{Width: likely, Height: likely, Channels: 3}, nil)), 2)
	if err != nil {
		return nil //nolint:nilerr // the data may well have an input that the model takes
	}
	values := 0
	for _, p := range graph.Params {
		if p.IsWeight() && !dependsOnSize(p) {
			values += p.Elements()
		}
	}
	return s.CheckSizeOf(values)
}

// dependsOnSize says whether a tensor may be smaller for smaller images, or fewer classes.
func dependsOnSize(p *nn.Param) bool { return len(p.Shape) < 4 }

// statistics are what the input is normalised by.
func (p *Prepared) statistics(ctx context.Context) (*dataset.Statistics, error) {
	if p.Settings.Normalize != settings.NormalizeNetwork {
		return p.Data.Statistics(ctx, p.Settings)
	}
	own, is := published.PreparationOf(p.Modules.Model)
	if !is {
		return nil, fmt.Errorf("model %s has no normalisation of its own", p.Settings.Model)
	}
	s := &dataset.Statistics{}
	for c := range own.Mean {
		s.Mean = append(s.Mean, float64(own.Mean[c]))
		s.Deviation = append(s.Deviation, float64(own.Deviation[c]))
	}
	return s, nil
}
