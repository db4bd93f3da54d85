package pipeline

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// trainingAndEvaluation is what is done with a fold, which is never released.
func trainingAndEvaluation() task {
	return task{stages[:3], func(d *rundir.Dir, _ *rundir.Record) string { return d.Path }, "blocktrain run --run %s --resume"}
}

// Fold trains on a split list, that of the settings, and evaluates, no more, in the run
// directory dir, where it goes on if the run has begun.
func Fold(ctx context.Context, env *rundir.Environment, s *settings.Settings, dir string) (*Result, error) {
	own := *s
	if fileio.Exists(rundir.SettingsPath(dir)) {
		own.OutputDir, own.SplitFile = "", ""
		return resume(ctx, env, &own, dir, trainingAndEvaluation())
	}
	own.OutputDir = dir
	return begin(ctx, env, &own, trainingAndEvaluation())
}

// checkNoFold refuses to judge a run on the list of a fold.
func (p *Prepared) checkNoFold() error {
	if f := p.Data.Split.Fold; f != nil {
		return release.FoldError(fmt.Sprintf("the split list is that of %s", dataset.FoldWords(f)))
	}
	return nil
}
