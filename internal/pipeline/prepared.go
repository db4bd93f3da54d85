// Package pipeline turns data into a released model: what a run is made of, the
// stages in order, and how a run goes on that was interrupted.
package pipeline

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/decision"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/machine"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/pipeline/initial"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/target"
)

// Prepared is all of a run that comes before its first batch.
type Prepared struct {
	Env      *rundir.Environment
	Settings *settings.Settings
	Modules  *settings.Modules
	Data     *rundata.Data
	Initial  *initial.Weights // nil where all weights are drawn
	Graph    *nn.Graph        // as the model builds it
	Params   *nn.Parameters   // as training begins
	Task     target.Task      // what is learnt of an example
	Network  *rundir.Trained  // the same weights, as they are served
	Name     string           // of the network among several; empty for the last and for a single one
	derived  bool             // the network sees what another one made
	compared bool             // the network is a control, which others are held against
	Networks []*Prepared      // those of the run in the order of training, itself where there is one; nil in those
	Schema   int              // of the record, whose rules the identity follows
	Record   *rundir.Record
	Known    *classifier.Known // what networks have made of images so far; nil: all is computed anew
}

// prepare makes modules, data, network and record. splitPath names a split list to
// use, or is empty; first are the weights to begin with, or nil. The record is of the
// given schema.
func prepare(ctx context.Context, env *rundir.Environment, s *settings.Settings, splitPath string, first *initial.Weights, schema int) (*Prepared, error) {
	m, err := s.MakeModules()
	if err != nil {
		return nil, config.Usage(err)
	}
	d, err := rundata.Open(ctx, env, s, m, splitPath)
	if err != nil {
		return nil, err
	}
	p := &Prepared{Env: env, Settings: s, Modules: m, Data: d, Initial: first, Schema: schema, Known: &classifier.Known{}}
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
	for _, n := range p.Networks {
		n.Record = p.Record
	}
	return p.checkExporters()
}

// buildNetwork makes the graphs and their first weights.
func (p *Prepared) buildNetwork(ctx context.Context) error {
	s, d := p.Settings, p.Data
	built, err := rundir.Build(p.Modules.Model, rundir.ShapeOf(d.Rule), len(d.All.Classes()))
	if err != nil {
		return config.Usage(fmt.Errorf("model %s: %w", s.Model, err))
	}
	if err := p.divide(built); err != nil {
		return err
	}
	if !s.DryRun { // which trains nothing, so that it need not decode the training part
		first := p.Networks[0] // which alone sees the images of the data
		statistics, err := p.statistics(ctx)
		if err != nil {
			return err
		}
		statistics.Normalize(first.Params)
	}
	for _, n := range p.Networks {
		if err := n.takeTarget(); err != nil {
			return err
		}
	}
	if err := p.transfer().Check(); err != nil {
		return err
	}
	p.Network, p.Task = p.chain(), p.Networks[len(built)-1].Task
	return p.takeInitial()
}

// statistics are what the input is normalised by.
func (p *Prepared) statistics(ctx context.Context) (*dataset.Statistics, error) {
	if p.Settings.Normalize == settings.NormalizeNetwork {
		return initial.Statistics(p.Modules.Model)
	}
	return p.Data.Statistics(ctx, p.Settings)
}

// draw takes a graph, which must not need more memory than there is, and draws its
// weights.
func (p *Prepared) draw(b rundir.Built) error {
	s := p.Settings
	const loaded = 3 // one in use, the next ones being made
	demand := machine.Demand{Graph: b.Graph, Batch: min(s.BatchSize, len(p.Data.TrainList(s))), Shard: s.ShardSize, Workers: s.WorkerCount(), Batches: loaded}
	if err := demand.Check(); err != nil {
		return err
	}
	p.Graph, p.Params = b.Graph, b.Graph.NewParameters(uint64(s.Seed))
	return nil
}

// takeTarget makes what the network learns, and the loss that measures it.
func (p *Prepared) takeTarget() error {
	if err := p.serve(); err != nil {
		return config.Usage(fmt.Errorf("model %s: %w", p.Settings.Model, err))
	}
	if p.Modules.Target.Properties().Kind != loss.Distribution {
		return nil
	}
	if err := p.Modules.Loss.Prepare(dataset.Counts(p.Data.All, p.Data.TrainList(p.Settings))); err != nil {
		return config.Usage(fmt.Errorf("loss %s: %w", p.Modules.LossNote.Name, err))
	}
	return nil
}

// serve makes the network as it is served, which has another input where that is of
// another size outside of training.
func (p *Prepared) serve() (err error) {
	classes := p.Data.All.Classes()
	trained, err := rundir.NewTrained(rundir.Built{Name: p.Name, Graph: p.Graph, Target: p.Modules.Target, Derived: p.derived}, p.Params, classes)
	if err != nil {
		return err
	}
	p.Task, p.Network = trained.Task, trained
	if p.Settings.TestImageSize == "" || rundir.ShapeOf(p.Data.TestRule) == p.Graph.Input().Shape {
		return nil
	}
	graph, err := p.Modules.Model.Build(rundir.ShapeOf(p.Data.TestRule), len(classes))
	if err != nil {
		return err
	}
	if err := p.Params.For(graph); err != nil {
		return fmt.Errorf("--test-image-size %s: the model's weights depend on the size of its input: %w; want a model that pools over the whole image, such as resnet20", p.Settings.TestImageSize, err)
	}
	p.Network, err = rundir.NewTrained(rundir.Built{Graph: graph, Target: p.Modules.Target}, p.Params, classes)
	return err
}

// checkExporters finds out before training what exporting and packaging would
// refuse.
func (p *Prepared) checkExporters() error {
	packaged, err := p.Settings.PackageExporters()
	if err != nil {
		return config.Usage(err)
	}
	for _, e := range slices.Concat(p.Modules.Exporters.List, packaged.List) {
		for _, t := range p.Network.All() {
			if err := e.Check(p.Record.Artifact(t)); err != nil {
				return config.Usage(err)
			}
		}
	}
	return nil
}

// describe makes the run's record.
func (p *Prepared) describe() (err error) {
	s, identity := p.Settings, p.identity()
	p.Record = &rundir.Record{
		Schema: p.Schema, Name: s.ReleaseName(), ReleaseVersion: s.ReleaseVersion, Recipe: s.Recipe, About: s.About(), Started: time.Now().UTC().Truncate(time.Second),
		Identity: *identity, Weights: "best", Execution: s.Execution(machine.Name()),
	}
	p.Record.Execution.ClipDecoders = rundir.ClipDecoders(p.Data.Members)
	if s.EMA > 0 {
		p.Record.Weights = "ema"
	}
	p.Record.IdentitySHA256, err = identity.Digest(p.Schema)
	return err
}

func (p *Prepared) identity() *rundir.Identity {
	s, m, d := p.Settings, p.Modules, p.Data
	identity := &rundir.Identity{
		ContractVersion: s.ContractVersion(), DatasetSHA256: d.All.Digest(), Classes: d.All.Classes(), Input: d.Rule,
		Split: rundir.SplitNote{
			Seed: d.Split.Seed, SHA256: d.Split.Digest(),
			Train: len(d.Split.Train), Validation: len(d.Split.Validation), Test: len(d.Split.Test),
		},
	}
	if identity.ContractVersion >= 3 { // which names them
		identity.Decoder = imaging.DecoderRules
	}
	s.Describe(identity, m, p.Schema)
	if !reflect.DeepEqual(d.TestRule, d.Rule) {
		identity.TestInput = &d.TestRule
	}
	for i, member := range d.Members {
		note := rundir.NoteDataset(m.SourceNotes[i], member, p.Schema)
		note.As = s.OwnName(i)
		identity.Datasets = append(identity.Datasets, note)
	}
	identity.DecisionFolds = decision.Folds(s, m, d)
	identity.Split.Ratio = identity.UsedRatio(d.Split.Ratios, p.Schema)
	if p.Initial != nil {
		identity.InitSHA256, identity.InitAnew = p.Initial.SHA256, p.Initial.Anew
	}
	return identity
}
