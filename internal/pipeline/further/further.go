// Package further says what a run trains and does besides training the networks of its model, for
// a dry run.
package further

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/controls"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Run is the run that it is about.
type Run struct {
	Data      dataset.Dataset
	Split     *dataset.Split
	Record    *rundir.Record
	Evaluated bool   // evaluations come after the training
	LeftOut   string // why no network is trained with painted-over targets
	Workers   int
}

// folds are those of the decision on tracks.
func (r *Run) folds() int { return r.Record.Identity.DecisionFolds }

// painted says whether a network is trained with painted-over targets.
func (r *Run) painted() bool {
	return r.Evaluated && r.LeftOut == "" && r.Record.Identity.ShowsClips() &&
		len(dataset.ClipsOf(r.Data, r.Split.Train)) > 0 && controls.Paintable(r.Data)
}

// Work is what a network of the model is to do, and what comes with it. The small network that
// decides on tracks is left out.
func (r *Run) Work(main progress.Work) []progress.Work {
	all := []progress.Work{main}
	if n := r.folds(); n > 0 {
		all = append(all, progress.Work{Epochs: n * main.Epochs, Train: main.Train * (n - 1) / n, Validation: main.Validation})
	}
	if r.painted() {
		main.Epochs = controls.Epochs(main.Epochs)
		all = append(all, main)
	}
	return all
}

// Lines say what is trained besides the networks of the model, which is trained for so many
// epochs. Each line has a line break and the name before it.
func (r *Run) Lines(name string, epochs int) (lines string) {
	if n := r.folds(); n > 0 {
		lines += fmt.Sprintf("\n%s%d networks like it, each without a fold of the training part, and small ones on how targets move", name, n)
	}
	if r.painted() {
		atMost := fmt.Sprintf("%d epochs", controls.Epochs(epochs))
		if atMost == "1 epochs" {
			atMost = "1 epoch"
		}
		lines += fmt.Sprintf("\n%sa network like it with every target painted over, for at most %s, unless one is kept of an earlier run", name, atMost)
	}
	return lines
}
