package pipeline

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/controls"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// twin is a network of the kind of a run's that learns from other images of its examples.
type twin struct{ *Prepared }

// Controls are what the run's evaluations are held against.
func (p *Prepared) Controls() *controls.Run {
	return &controls.Run{Env: p.Env, Settings: p.Settings, Modules: p.Modules, Data: p.Data, LeftOut: p.leftOut(), Twin: p.twin}
}

// leftOut says why no twin is trained; empty where one is.
func (p *Prepared) leftOut() string {
	switch {
	case p.Settings.Controls == "off":
		return controls.Off
	case p.Initial != nil && p.Initial.Tensors == nil:
		return controls.Lost
	}
	return ""
}

func (p *Prepared) twin(ctx context.Context, d *rundata.Data, epochs int) (controls.Twin, error) {
	s := *p.Settings
	s.Warmup *= float64(epochs) / float64(s.TotalEpochs())
	s.SetTotalEpochs(epochs)
	s.DecisionFolds = 0 // boxes are given
	m, err := s.MakeModules()
	if err != nil {
		return nil, err
	}
	t := twin{&Prepared{Env: p.Env, Settings: &s, Modules: m, Data: d, Initial: p.Initial, Schema: p.Schema, compared: true}}
	return t, t.Assemble(ctx)
}

// Record implements controls.Twin.
func (t twin) Record() *rundir.Record { return t.Prepared.Record }

// Train implements controls.Twin.
func (t twin) Train(ctx context.Context, d *rundir.Dir) error {
	if err := t.WriteBeginning(d); err != nil {
		return err
	}
	_, err := t.trainAll(ctx, d, false)
	return err
}

// Evaluate implements controls.Twin.
func (t twin) Evaluate(ctx context.Context, d *rundir.Dir, record *rundir.Record, part dataset.Part) (metric.Result, error) {
	t.Prepared.Record = record
	network, err := rundir.LoadTrained(d, record)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	e, err := t.EvaluatePart(ctx, classifier.Of(record, network), part)
	if err != nil {
		return nil, err
	}
	return e.Result, nil
}
