// Package outline says for a dry run in which phases a network is trained, and how much memory
// that takes.
package outline

import (
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/head"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/train"
)

// Column is where the words of a line begin, after its name.
const Column = 16

// Training is what is trained.
type Training struct {
	Settings *settings.Settings
	Steps    int // of an epoch
	Batch    int // examples of a step
	Looked   int // images of all views that the solver looks at
	Mirrored bool
}

// Lines say how long and in which phases training goes on. The first has no name before it;
// every other one has a line break before it.
func (t *Training) Lines() string {
	s := t.Settings
	steps := fmt.Sprintf("%s of %s", config.Counted(t.Steps, "step"), config.Counted(t.Batch, "image"))
	if s.Head == train.HeadNone {
		return fmt.Sprintf("%s of %s, shards of %d, seed %d", config.Counted(s.TotalEpochs(), "epoch"), steps, s.ShardSize, s.Seed) + t.care()
	}
	lines := fmt.Sprintf("%s in all, seed %d", config.Counted(s.TotalEpochs(), "epoch"), s.Seed)
	if s.Head == train.HeadSolver {
		lines += line("last layer", "1 epoch, by the solver on features of %s: %s; penalties %s", config.Counted(t.Looked, "image"), t.views(), t.penalties())
	} else {
		lines += line("last layer", "%s of %s, shards of %d, by the optimizer", config.Counted(s.Epochs, "epoch"), steps, s.ShardSize)
	}
	if s.FinetuneEpochs == 0 {
		return lines + line("fine-tuning", "none: --finetune-epochs is 0")
	}
	return lines + line("fine-tuning", "%s of %s, shards of %d", config.Counted(s.FinetuneEpochs, "epoch"), steps, s.ShardSize) + t.care()
}

// line has a line break and its name before it.
func line(name, format string, args ...any) string {
	return fmt.Sprintf("\n%-*s", Column, name) + fmt.Sprintf(format, args...)
}

// care is how all layers are trained, as far as that is not the usual way.
func (t *Training) care() (words string) {
	if t.Settings.BatchNorm == settings.NormFixed {
		words += ", batch normalisation fixed"
	}
	if t.Settings.LayerDecay > 0 {
		words += fmt.Sprintf(", each layer at %s of the learning rate of the one after it", config.Short(t.Settings.LayerDecay))
	}
	return words
}

// views says how the solver looks at a training image.
func (t *Training) views() string {
	n := t.Settings.Views
	words := []string{"each training image as it is"}
	if t.Mirrored && n > 1 {
		words = append(words, "mirrored")
	}
	switch more := n - len(words); {
	case more == 1:
		words = append(words, "once as --augment varies it")
	case more > 1:
		words = append(words, fmt.Sprintf("%d times as --augment varies it", more))
	}
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " and " + words[last]
	}
	return words[0]
}

func (t *Training) penalties() string {
	var all []string
	for _, p := range head.Penalties(t.Settings.Penalties()) {
		all = append(all, config.Short(p))
	}
	return strings.Join(all, ", ")
}

// Memory is what a run keeps in memory, in bytes.
type Memory struct {
	Images   rundata.Memory
	Training int64 // 0: not known
	Features int64 // and the solver that sees them; 0: there are none
}

// Lines say so of a run by the settings. The first has no name before it.
func (m *Memory) Lines(s *settings.Settings) string {
	budget := "half of the machine's; --memory sets another budget"
	if s.Memory != "" {
		budget = "by --memory"
	}
	lines := fmt.Sprintf("images %s, of %s set aside for them (%s)", Bytes(m.Images.Need), Bytes(m.Images.Budget), budget)
	if s.Mode() == dataset.ModeDisk {
		lines = fmt.Sprintf("images none, since they are decoded each time they are used; in memory they would take %s, of %s (%s)", Bytes(m.Images.Need), Bytes(m.Images.Budget), budget)
	}
	if m.Training > 0 {
		lines += line("", "activations, gradients and the optimizer's state %s: --batch-size, --shard-size and --workers change that", Bytes(m.Training))
	}
	if m.Features > 0 {
		lines += line("", "features and the solver %s: --views and --limit-train change that", Bytes(m.Features))
	}
	return lines
}

// Bytes is a size in words.
func Bytes(n int64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
