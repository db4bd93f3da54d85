package settings

import (
	"errors"
	"fmt"
	"maps"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
)

// checkSequence refuses what does not go with a model of several networks.
func (s *Settings) checkSequence(m *Modules) error {
	sequence, is := m.Model.(model.Sequence)
	if !is {
		return nil
	}
	for _, given := range []struct {
		flag string
		set  bool
	}{{"test-image-size", s.TestImageSize != ""}, {"init-from", s.InitFrom != ""}, {"freeze", len(s.Freeze) > 0}} {
		if given.set {
			return config.Usagef("--%s does not go with model %s, which has several networks: leave it out, or use a model of one network", given.flag, s.Model)
		}
	}
	var errs []error
	for k, n := range sequence.First() {
		_, _, err := s.OfNetwork(m, k, n.Model)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// OfFold gives what the network on crops is trained by that does without fold k of the training part,
// from 1: the settings of the run, with a seed of its own. What of the part is used is said
// by a list.
func (s *Settings) OfFold(k int) (*Settings, *Modules, error) {
	own := *s
	own.Seed += k * seedStride
	own.LimitTrain, own.Exporters, own.Visualizations = 0, nil, []string{"none"}
	m, err := own.MakeModules()
	return &own, m, err
}

// decisionSettings are those by which the networks on tracks are trained. They are part of the
// reproducibility contract. Classes count the same, since how frequent they are is already known
// to the network on crops, whose probabilities are multiplied by those of this one.
var decisionSettings = map[string]string{
	"loss": "cross-entropy", "loss-options": "class-weights=balanced", "optimizer": "adamw", "optimizer-options": "", "schedule": "cosine", "schedule-options": "",
	"epochs": "20", "batch-size": "32", "shard-size": "8", "learning-rate": "0.003", "weight-decay": "0.05", "gradient-clip": "0", "warmup": "0",
	"sampling": "shuffle", "monitor": "validation_loss", "min-delta": "0", "patience": "0", "augment": "none", "criteria": Default, "exporters": "", "visualizations": "none",
}

// OfLater gives what a network is trained by that comes after the one that is judged, of a run
// with so many folds.
func (s *Settings) OfLater(name string, folds int) (*Settings, *Modules, error) {
	for k := 1; k <= folds; k++ {
		switch name {
		case layout.FoldNetwork(k):
			return s.OfFold(k)
		case layout.TrackFoldNetwork(k):
			return s.ofTracks(folds + 1 + k)
		}
	}
	return s.ofTracks(folds + 1)
}

// ofTracks gives what a network on tracks is trained by, with a seed of its own.
func (s *Settings) ofTracks(stride int) (*Settings, *Modules, error) {
	input := maps.Clone(decisionSettings)
	input["model"], input["model-options"] = layout.DecisionModel()
	own, o := &Settings{Contract: s.Contract}, config.NewOptions(input)
	own.Declare(o)
	if err := o.Err(); err != nil {
		return nil, nil, err
	}
	own.Origins = config.Origins{}
	own.Seed, own.EMA = s.Seed+stride*seedStride, s.EMA
	own.Workers, own.CheckpointInterval = s.Workers, s.CheckpointInterval
	m, err := own.MakeModules()
	return own, m, err
}

// seedStride is between the seeds of the networks of a run.
const seedStride = 1 << 32

// OfNetwork gives what network k of a model of several is trained by: m is its own model.
// Each draws by a seed of its own. Images are augmented for the first network alone, since
// the later ones see what this made of them. Networks before the last are trained with the
// default loss of their target, and watched by the validation loss.
func (s *Settings) OfNetwork(all *Modules, k int, m model.Model) (*Settings, *Modules, error) {
	own, modules := *s, *all
	own.Seed += k * seedStride
	if k > 0 {
		modules.Augment = nil
	}
	if last := len(all.Model.(model.Sequence).First()); k == last { //nolint:forcetypeassert // no other model has several
		return &own, &modules, nil
	}
	modules.Model = m
	var err error
	if modules.Target, err = targetOf(m); err != nil {
		return nil, nil, err
	}
	p := modules.Target.Properties()
	own.Monitor = target.LossMonitor
	modules.Loss, modules.LossNote, err = Noted(loss.MakeLoss, p.Loss, "")
	if err != nil {
		return nil, nil, err
	}
	if name := all.Augment.Mixer(); name != "" && k == 0 {
		if err := p.CheckMixup(name, modules.Loss); err != nil {
			return nil, nil, fmt.Errorf("network %d: %w", k, err)
		}
	}
	return &own, &modules, nil
}

// checkHead refuses phases of a network that has no last layer to train, or has several
// parts.
func (s *Settings) checkHead(m *Modules) error {
	if s.Head == train.HeadNone {
		return nil
	}
	_, several := m.Model.(model.Sequence)
	if several || !m.Target.Properties().Labelled {
		return config.Usagef("--head %s is for classifiers of one network: leave it out, or use another model than %s", s.Head, s.Model)
	}
	return nil
}

// checkNormalize refuses the normalisation of a network that has none of its own.
func (s *Settings) checkNormalize(m *Modules) error {
	if s.Normalize != NormalizeNetwork {
		return nil
	}
	p, is := m.Model.(model.Published)
	if !is {
		return config.Usagef("--normalize %s: model %s was not published with a normalisation of its own: want --normalize %s, or one of the networks that have weights", NormalizeNetwork, s.Model, NormalizeData)
	}
	if n := len(p.Preparation().Mean); s.Channels != n {
		return config.Usagef("--normalize %s: the normalisation of %s is for %d channels: want --channels %d with it, or --normalize %s", NormalizeNetwork, s.Model, n, n, NormalizeData)
	}
	return nil
}
