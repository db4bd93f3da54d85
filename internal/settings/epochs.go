package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
)

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
	if different := slices.Compact(slices.Sorted(slices.Values(s.Penalties()))); len(different) < len(s.HeadPenalties) {
		refuse("--head-penalties %s: a penalty is there twice: want each once", strings.Join(s.HeadPenalties, ","))
	}
	if !solver && s.Views > 1 {
		refuse("--views %d is for the solver: want --head solver with it", s.Views)
	}
	if solver && s.Origins["epochs"] == config.OriginFlag {
		refuse("--epochs %d has no effect with --head solver, which takes no steps: --finetune-epochs gives the passes after it", s.Epochs)
	}
	if solver && s.FinetuneEpochs == 0 {
		for _, flag := range s.unusedBySolver() {
			refuse("--%s has no effect with --head solver and --finetune-epochs 0, which take no steps: leave it out", flag)
		}
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

// unusedBySolver are the flags that were given, and that only steps of training use. Of the loss,
// the solver takes the class weights.
func (s *Settings) unusedBySolver() (flags []string) {
	for _, flag := range []string{"optimizer", "optimizer-options", "learning-rate", "weight-decay", "schedule", "schedule-options", "warmup", "gradient-clip", "ema", "layer-decay", "patience"} {
		if s.Origins[flag] == config.OriginFlag {
			flags = append(flags, flag)
		}
	}
	if s.Origins["loss"] == config.OriginFlag && s.Loss != "cross-entropy" {
		flags = append(flags, "loss "+s.Loss)
	}
	if s.Origins["loss-options"] == config.OriginFlag && strings.Contains(s.LossOptions, "label-smoothing") {
		flags = append(flags, "loss-options label-smoothing")
	}
	return flags
}

// headEpochs are the epochs of --epochs, where these have steps.
func (s *Settings) headEpochs() int {
	if s.Head == train.HeadSolver {
		return 0
	}
	return s.Epochs
}
