package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// session is a run that stages work on.
type session struct {
	env      *Environment
	settings *Settings
	modules  *modules
	data     *data
	initial  *initial // nil where all weights are drawn
	graph    *nn.Graph
	params   *nn.Parameters // as training begins
	record   *Record
	dir      *runDir // nil before it is made
}

// prepare makes all of a run that comes before its first batch: modules, data,
// network and record. splitPath names a split list to use, or is empty; first are
// the weights to begin with, or nil.
func prepare(ctx context.Context, env *Environment, s *Settings, splitPath string, first *initial) (*session, error) {
	m, err := makeModules(s)
	if err != nil {
		return nil, usage(err)
	}
	d, err := openData(ctx, env, s, m, splitPath)
	if err != nil {
		return nil, err
	}
	return assemble(ctx, env, s, m, d, first)
}

// assemble makes what follows from a run's modules and data: network and record.
func assemble(ctx context.Context, env *Environment, s *Settings, m *modules, d *data, first *initial) (*session, error) {
	r := &session{env: env, settings: s, modules: m, data: d, initial: first}
	if err := r.buildNetwork(ctx); err != nil {
		return nil, err
	}
	if err := r.describe(); err != nil {
		return nil, err
	}
	return r, r.checkExporters()
}

// usage marks an error as a mistake in what the user asked for.
func usage(err error) error { return &config.UsageError{Err: err} }

// buildNetwork makes the graph and its first weights.
func (r *session) buildNetwork(ctx context.Context) error {
	graph, err := r.modules.model.Build(shapeOf(r.data.rule), len(r.data.all.Classes()))
	if err != nil {
		return usage(fmt.Errorf("model %s: %w", r.settings.Model, err))
	}
	_, available := Memory()
	if err := r.demand(graph).check(available); err != nil {
		return err
	}
	r.graph, r.params = graph, graph.NewParameters(uint64(r.settings.Seed))
	statistics, err := dataset.Measure(ctx, r.data.fitted, r.data.trainList(r.settings), r.data.rule)
	if err != nil {
		return err
	}
	normalizeTo(r.params, statistics)
	if err := r.modules.loss.Prepare(dataset.Counts(r.data.all, r.data.trainList(r.settings))); err != nil {
		return usage(fmt.Errorf("loss %s: %w", r.settings.Loss, err))
	}
	return r.takeInitial()
}

func shapeOf(rule imaging.Rule) nn.Shape {
	return nn.Shape{H: rule.Height, W: rule.Width, C: rule.Channels}
}

// normalizeTo sets the constants of the input's normalisation so that the
// training part has mean 0 and deviation 1 in every channel.
func normalizeTo(p *nn.Parameters, s *dataset.Statistics) {
	scale, offset := p.Lookup("normalize.scale"), p.Lookup("normalize.offset")
	if scale == nil || offset == nil {
		return
	}
	for c, deviation := range s.Deviation {
		if deviation == 0 { // all images the same: nothing to learn from, but no NaN either
			deviation = 1
		}
		p.Of(scale)[c] = float32(1 / deviation)
		p.Of(offset)[c] = float32(-s.Mean[c] / deviation)
	}
}

// checkExporters finds out before training what exporting and packaging would
// refuse.
func (r *session) checkExporters() error {
	a := artifact(r.record, r.graph, r.params)
	packaged, err := r.packageExporters()
	if err != nil {
		return usage(err)
	}
	for _, e := range slices.Concat(r.modules.exporters.list, packaged.list) {
		if err := e.Check(a); err != nil {
			return usage(err)
		}
	}
	return nil
}

// describe makes the run's record.
func (r *session) describe() (err error) {
	s, identity := r.settings, r.identity()
	r.record = &Record{
		Schema: recordSchema, Name: s.ReleaseName(), ReleaseVersion: s.ReleaseVersion, Recipe: s.Recipe, Started: time.Now().UTC().Truncate(time.Second),
		Identity: *identity, Weights: "best", Execution: execution(s),
	}
	if s.EMA > 0 {
		r.record.Weights = "ema"
	}
	r.record.IdentitySHA256, err = identity.digest()
	return err
}

func (r *session) identity() *Identity {
	s, m, d := r.settings, r.modules, r.data
	rate, decay := m.optimizer.Defaults()
	identity := &Identity{
		ContractVersion: engine.ContractVersion, DatasetSHA256: d.all.Digest(), Classes: d.all.Classes(), Input: d.rule,
		Split: SplitNote{
			Seed: d.split.Seed, Ratio: d.split.Ratios, SHA256: d.split.Digest(),
			Train: len(d.split.Train), Validation: len(d.split.Validation), Test: len(d.split.Test),
		},
		Augment: m.augment.Resolved(), Model: m.modelNote, Loss: m.lossNote, Optimizer: m.optimizerNote, Schedule: m.scheduleNote,
		LearningRate: float32(s.LearningRate.Or(rate)), WeightDecay: float32(s.WeightDecay.Or(decay)), Settings: s.otherIdentity(),
	}
	for i, member := range d.members {
		identity.Datasets = append(identity.Datasets, DatasetNote{m.sourceNotes[i], member.Digest(), member.Len()})
	}
	if r.initial != nil {
		identity.InitSHA256, identity.InitAnew = r.initial.sha256, r.initial.anew
	}
	return identity
}

// otherIdentity lists the settings of the class identity that Identity has no
// field of its own for.
func (s *Settings) otherIdentity() []NamedValue {
	var values []NamedValue
	for _, v := range s.Values(config.Identity) {
		switch v.Name {
		case "epochs", "batch-size", "shard-size", "gradient-clip", "warmup", "ema", "seed", "sampling", "overfit-batch",
			"limit-train", "freeze", "monitor", "min-delta", "patience":
			values = append(values, v)
		}
	}
	return values
}

// seconds is a duration for the log.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s" }
