package settings

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
)

// How batch normalisation normalises in training.
const (
	NormShard = "shard"
	NormFixed = "fixed"
)

// Phases are the settings of how a training that begins with weights of another goes on:
// its last layer first, then all of it, and that with care.
type Phases struct {
	Head           string   // train.HeadNone, HeadSGD or HeadSolver
	HeadPenalties  []string // of the solver; empty: its own
	Views          int      // at each image, of the solver
	FinetuneEpochs int      // after the head
	LayerDecay     float64  // 0: none
	BatchNorm      string   // NormShard or NormFixed
}

func (p *Phases) declare(o *config.Options) {
	const group = "Phases"
	o.Begin(group, config.Identity)
	o.Choice(&p.Head, "head", train.HeadNone, "how the last layer is trained before the rest: not at all, by the optimizer for --epochs, or by a solver on what the other layers make of the images", train.HeadNone, train.HeadSGD, train.HeadSolver)
	o.List(&p.HeadPenalties, "head-penalties", "", "with --head solver: penalties to choose from by the validation part; empty: 10 to 0.01", isPenalty)
	o.Int(&p.Views, "views", 1, "with --head solver: how often it looks at each training image: as it is, mirrored if --augment has flip, then as --augment varies it", config.Between(1, 100))
	o.Int(&p.FinetuneEpochs, "finetune-epochs", 0, "with --head sgd or solver: passes over the training part after that, with all layers", config.Between(0, 100_000))
	o.Float(&p.LayerDecay, "layer-decay", 0, "learning rate of each layer over that of the layer after it, such as 0.8; 0: the same", config.Between(0, 1))
	o.Choice(&p.BatchNorm, "batch-norm", NormShard, "batch normalisation in training: by the statistics of the shard, or by the running averages, which then stay as they are", NormShard, NormFixed)
}

func isPenalty(s string) error {
	if v, err := strconv.ParseFloat(s, 64); err != nil || !(v > 0) || v > 1e9 {
		return errors.New("want numbers above 0, such as 1,0.1,0.01")
	}
	return nil
}

// Penalties are those of --head-penalties; nil for those of the solver.
func (p *Phases) Penalties() []float64 {
	var all []float64
	for _, text := range p.HeadPenalties {
		v, _ := strconv.ParseFloat(text, 64) // checked when it was set
		all = append(all, v)
	}
	return all
}

// note is what a record has of the phases; nil where there are none.
func (p *Phases) note() *rundir.PhasesNote {
	n := &rundir.PhasesNote{
		Head: p.Head, Penalties: p.Penalties(), Views: p.Views, FinetuneEpochs: p.FinetuneEpochs, LayerDecay: p.LayerDecay, BatchNorm: p.BatchNorm,
	}
	if p.Head == train.HeadNone && p.Views == 1 && len(p.HeadPenalties) == 0 && p.FinetuneEpochs == 0 && p.LayerDecay == 0 && p.BatchNorm == NormShard {
		return nil
	}
	return n
}

// phasesField holds the phases in a record's identity.
var phasesField = field{
	words: "phases", settings: []string{"head", "head-penalties", "views", "finetune-epochs", "layer-decay", "batch-norm"},
	value:  func(i *rundir.Identity) any { return i.Phases },
	record: func(i *rundir.Identity, s *Settings, _ *Modules) { i.Phases = s.Phases.note() },
	recorded: func(i *rundir.Identity) []string {
		n := i.Phases
		if n == nil {
			return []string{train.HeadNone, "", "1", "0", "0", NormShard}
		}
		var penalties []string
		for _, v := range n.Penalties {
			penalties = append(penalties, config.Exact(v))
		}
		return []string{n.Head, strings.Join(penalties, ","), strconv.Itoa(n.Views), strconv.Itoa(n.FinetuneEpochs), config.Exact(n.LayerDecay), n.BatchNorm}
	},
}

// TotalEpochs are the epochs of all phases. A solver takes one.
func (s *Settings) TotalEpochs() int {
	switch s.Head {
	case train.HeadSGD:
		return s.Epochs + s.FinetuneEpochs
	case train.HeadSolver:
		return 1 + s.FinetuneEpochs
	}
	return s.Epochs
}

// StepEpochs are the epochs that have steps.
func (s *Settings) StepEpochs() int {
	if s.Head == train.HeadSolver {
		return s.FinetuneEpochs
	}
	return s.TotalEpochs()
}

// Stopping are the rules of early stopping of a network for a target with these properties.
func (s *Settings) Stopping(p target.Properties) train.Stopping {
	r := train.Stopping{Monitor: s.Monitor, Larger: p.LargerIsBetter(s.Monitor), MinDelta: s.MinDelta, Patience: s.Patience}
	if s.FinetuneEpochs > 0 {
		r.From = s.TotalEpochs() - s.FinetuneEpochs
	}
	return r
}

// SetTotalEpochs makes the phases so long in all, at least one epoch each, the last one as
// far as there is one.
func (s *Settings) SetTotalEpochs(epochs int) {
	switch {
	case s.Head == train.HeadSolver:
		s.FinetuneEpochs = min(s.FinetuneEpochs, max(0, epochs-1))
	case s.Head == train.HeadSGD && s.FinetuneEpochs > 0:
		s.Epochs = max(1, min(s.Epochs, epochs-1))
		s.FinetuneEpochs = max(1, epochs-s.Epochs)
	default:
		s.Epochs = epochs
	}
}

// checkPhases refuses phases that contradict each other.
func (s *Settings) checkPhases() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	solver := s.Head == train.HeadSolver
	if s.Head == train.HeadNone && s.FinetuneEpochs > 0 {
		refuse("--finetune-epochs %d come after the last layer was trained: want --head sgd or solver with it, or --epochs", s.FinetuneEpochs)
	}
	if !solver && len(s.HeadPenalties) > 0 {
		refuse("--head-penalties %s are for the solver: want --head solver with it", strings.Join(s.HeadPenalties, ","))
	}
	if !solver && s.Views > 1 {
		refuse("--views %d is for the solver: want --head solver with it", s.Views)
	}
	if solver && s.Origins["epochs"] == config.OriginFlag {
		refuse("--epochs %d has no effect with --head solver, which takes no steps: --finetune-epochs gives the passes after it", s.Epochs)
	}
	if solver && s.TestImageSize != "" {
		refuse("--test-image-size does not go with --head solver, which sees images as they are evaluated: leave it out")
	}
	if s.OverfitBatch && s.Head != train.HeadNone {
		refuse("--overfit-batch is for a training of one phase: leave --head out")
	}
	for _, phase := range []struct {
		flag   string
		epochs int
	}{{"epochs", s.headEpochs()}, {"finetune-epochs", s.FinetuneEpochs}} {
		if phase.epochs > 0 && s.Warmup >= float64(phase.epochs) {
			refuse("--warmup %v leaves nothing of %d %s", s.Warmup, phase.epochs, strings.ReplaceAll(phase.flag, "-", " "))
		}
	}
	return errors.Join(errs...)
}

// headEpochs are the epochs of --epochs, where these have steps.
func (s *Settings) headEpochs() int {
	if s.Head == train.HeadSolver {
		return 0
	}
	return s.Epochs
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
