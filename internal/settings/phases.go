package settings

import (
	"errors"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
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
	o.List(&p.HeadPenalties, "head-penalties", "", "with --head solver: penalties to choose from by the validation part; empty: 3 to 0.003", isPenalty)
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
func (p *Phases) note() *notes.Phases {
	n := &notes.Phases{
		Head: p.Head, Penalties: p.Penalties(), Views: p.Views, FinetuneEpochs: p.FinetuneEpochs, LayerDecay: p.LayerDecay, BatchNorm: p.BatchNorm,
	}
	if p.Head == train.HeadNone && p.Views == 1 && len(p.HeadPenalties) == 0 && p.FinetuneEpochs == 0 && p.LayerDecay == 0 && p.BatchNorm == NormShard {
		return nil
	}
	return n
}

// By what the network's input is normalised.
const (
	NormalizeAuto    = "auto"
	NormalizeData    = "data"
	NormalizeNetwork = "network"
)
