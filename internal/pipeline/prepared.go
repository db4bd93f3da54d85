// Package pipeline turns data into a released model: what a run is made of, the
// stages in order, and how a run goes on that was interrupted.
package pipeline

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/machine"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/target"
)

// Prepared is all of a run that comes before its first batch.
type Prepared struct {
	Env      *rundir.Environment
	Settings *settings.Settings
	Modules  *settings.Modules
	Data     *Data
	Initial  *Initial        // nil where all weights are drawn
	Graph    *nn.Graph       // as the model builds it
	Params   *nn.Parameters  // as training begins
	Task     target.Task     // what is learnt of an example
	Network  *rundir.Trained // the same weights, as they are served
	Record   *rundir.Record
}

// prepare makes modules, data, network and record. splitPath names a split list to
// use, or is empty; first are the weights to begin with, or nil.
func prepare(ctx context.Context, env *rundir.Environment, s *settings.Settings, splitPath string, first *Initial) (*Prepared, error) {
	m, err := s.MakeModules()
	if err != nil {
		return nil, config.Usage(err)
	}
	d, err := openData(ctx, env, s, m, splitPath)
	if err != nil {
		return nil, err
	}
	p := &Prepared{Env: env, Settings: s, Modules: m, Data: d, Initial: first}
	return p, p.Assemble(ctx)
}

// Assemble makes what follows from a run's modules and data: network and record.
func (p *Prepared) Assemble(ctx context.Context) error {
	if err := p.buildNetwork(ctx); err != nil {
		return err
	}
	if err := p.describe(); err != nil {
		return err
	}
	return p.checkExporters()
}

// buildNetwork makes the graph and its first weights.
func (p *Prepared) buildNetwork(ctx context.Context) error {
	s, d := p.Settings, p.Data
	graph, err := p.Modules.Model.Build(rundir.ShapeOf(d.Rule), len(d.All.Classes()))
	if err != nil {
		return config.Usage(fmt.Errorf("model %s: %w", s.Model, err))
	}
	const loaded = 3 // one in use, the next ones being made
	demand := machine.Demand{Graph: graph, Batch: min(s.BatchSize, len(d.TrainList(s))), Shard: s.ShardSize, Workers: s.WorkerCount(), Batches: loaded}
	if err := demand.Check(); err != nil {
		return err
	}
	p.Graph, p.Params = graph, graph.NewParameters(uint64(s.Seed))
	statistics, err := dataset.Measure(ctx, d.Fitted, d.TrainList(s), d.Rule)
	if err != nil {
		return err
	}
	statistics.Normalize(p.Params)
	if err := p.takeTarget(); err != nil {
		return config.Usage(fmt.Errorf("model %s: %w", s.Model, err))
	}
	if p.Modules.Target.Properties().Kind == loss.Distribution {
		if err := p.Modules.Loss.Prepare(dataset.Counts(d.All, d.TrainList(s))); err != nil {
			return config.Usage(fmt.Errorf("loss %s: %w", p.Modules.LossNote.Name, err))
		}
	}
	return p.takeInitial()
}

// takeTarget makes what the network learns, and the network as it is served, which has
// another input where that is of another size outside of training.
func (p *Prepared) takeTarget() (err error) {
	classes := p.Data.All.Classes()
	trained, err := rundir.NewTrained(p.Graph, p.Params, p.Modules.Target, classes)
	if err != nil {
		return err
	}
	p.Task, p.Network = trained.Task, trained
	if rundir.ShapeOf(p.Data.TestRule) == p.Graph.Input().Shape {
		return nil
	}
	graph, err := p.Modules.Model.Build(rundir.ShapeOf(p.Data.TestRule), len(classes))
	if err != nil {
		return err
	}
	if err := p.Params.For(graph); err != nil {
		return fmt.Errorf("--test-image-size %s: the model's weights depend on the size of its input: %w; want a model that pools over the whole image, such as resnet20", p.Settings.TestImageSize, err)
	}
	p.Network, err = rundir.NewTrained(graph, p.Params, p.Modules.Target, classes)
	return err
}

// checkExporters finds out before training what exporting and packaging would
// refuse.
func (p *Prepared) checkExporters() error {
	a := p.Record.Artifact(p.Network)
	packaged, err := p.Settings.PackageExporters()
	if err != nil {
		return config.Usage(err)
	}
	for _, e := range slices.Concat(p.Modules.Exporters.List, packaged.List) {
		if err := e.Check(a); err != nil {
			return config.Usage(err)
		}
	}
	return nil
}

// describe makes the run's record.
func (p *Prepared) describe() (err error) {
	s, identity := p.Settings, p.identity()
	p.Record = &rundir.Record{
		Schema: rundir.RecordSchema, Name: s.ReleaseName(), ReleaseVersion: s.ReleaseVersion, Recipe: s.Recipe, Started: time.Now().UTC().Truncate(time.Second),
		Identity: *identity, Weights: "best", Execution: s.Execution(machine.Name()),
	}
	if s.EMA > 0 {
		p.Record.Weights = "ema"
	}
	p.Record.IdentitySHA256, err = identity.Digest()
	return err
}

func (p *Prepared) identity() *rundir.Identity {
	s, m, d := p.Settings, p.Modules, p.Data
	identity := &rundir.Identity{
		ContractVersion: engine.ContractVersion, DatasetSHA256: d.All.Digest(), Classes: d.All.Classes(), Input: d.Rule,
		Split: rundir.SplitNote{
			Seed: d.Split.Seed, Ratio: d.Split.Ratios, SHA256: d.Split.Digest(),
			Train: len(d.Split.Train), Validation: len(d.Split.Validation), Test: len(d.Split.Test),
		},
	}
	s.Describe(identity, m)
	if !reflect.DeepEqual(d.TestRule, d.Rule) {
		identity.TestInput = &d.TestRule
	}
	for i, member := range d.Members {
		identity.Datasets = append(identity.Datasets, rundir.DatasetNote{ModuleNote: m.SourceNotes[i], SHA256: member.Digest(), Examples: member.Len()})
	}
	if p.Initial != nil {
		identity.InitSHA256, identity.InitAnew = p.Initial.SHA256, p.Initial.Anew
	}
	return identity
}
