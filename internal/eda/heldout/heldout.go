// Package heldout runs trained networks over the examples that were held out of their training.
package heldout

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/target"
)

// Predictions are probabilities of classes for examples that the networks which gave them were
// not trained on.
type Predictions struct {
	Words         string    // whose they are
	Indexes       []int     // of the examples, each once
	Probabilities []float32 // [len(Indexes),classes]
}

// Rows returns the row of each of so many examples, nil of one without, by its index. Rows that do not fit are an error.
func (p *Predictions) Rows(examples, classes int) ([][]float32, error) {
	if len(p.Probabilities) != len(p.Indexes)*classes {
		return nil, fmt.Errorf("predictions: %d probabilities for %d examples of %d classes, want %d", len(p.Probabilities), len(p.Indexes), classes, len(p.Indexes)*classes)
	}
	rows := make([][]float32, examples)
	for k, i := range p.Indexes {
		if i < 0 || i >= examples || rows[i] != nil {
			return nil, fmt.Errorf("predictions: example %d comes twice, or is not one of the dataset's %d: want each once", i, examples)
		}
		rows[i] = p.Probabilities[k*classes:][:classes]
	}
	return rows, nil
}

// Runs are the trained networks of a folder.
type Runs struct {
	Dirs []string // run directories, in the order of their names
	// Folds says that they are those of a cross-validation: the test part of each is what
	// was held out of it. Else there is one run, of which that is the validation part.
	Folds bool
}

// FindRuns finds the runs in a folder: a run directory itself, or those that lie in it or in
// folders of it, which are the folds of a cross-validation.
func FindRuns(dir string) (*Runs, error) {
	if fileio.Exists(filepath.Join(dir, rundir.RecordFile)) {
		return &Runs{Dirs: []string{dir}}, nil
	}
	var found []string
	for _, pattern := range []string{"*", "*/*"} {
		records, err := filepath.Glob(filepath.Join(escaped(dir), pattern, rundir.RecordFile))
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			found = append(found, filepath.Dir(record))
		}
		if len(found) > 0 {
			break
		}
	}
	if len(found) < 2 {
		return nil, config.Usagef("%s is no run directory, and no folder of a cross-validation, which holds the run directories of its folds", dir)
	}
	slices.Sort(found)
	return &Runs{Dirs: found, Folds: true}, nil
}

// escaped is a path as a pattern that is no other path's.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// splits reads the split of each run.
func (r *Runs) splits() ([]*dataset.Split, error) {
	var all []*dataset.Split
	for _, dir := range r.Dirs {
		split, err := dataset.ReadSplit(filepath.Join(dir, rundir.SplitFile))
		if err != nil {
			return nil, err
		}
		all = append(all, split)
	}
	return all, nil
}

// Split is the split by which data is looked at: that of the run. Of folds, the training part is
// all that was held out once, and what no fold has held out, such as an official test part, is
// the test part.
func (r *Runs) Split(d dataset.Dataset) (*dataset.Split, error) {
	splits, err := r.splits()
	if err != nil {
		return nil, err
	}
	for k, split := range splits {
		if err := split.Check(d); err != nil {
			return nil, config.Usage(fmt.Errorf("%s: %w", r.Dirs[k], err))
		}
	}
	if !r.Folds {
		return splits[0], nil
	}
	held := make([]bool, d.Len())
	for k, split := range splits {
		for _, i := range split.Test {
			if held[i] {
				return nil, config.Usagef("%s has example %d (%s) in its test part, as another run beside it has: these are not the folds of one cross-validation", r.Dirs[k], i, d.Source(i))
			}
			held[i] = true
		}
	}
	whole := &dataset.Split{Schema: dataset.SplitSchema, Dataset: splits[0].Dataset, Seed: splits[0].Seed, Ratios: splits[0].Ratios, Group: splits[0].Group}
	for i := range d.Len() {
		if held[i] {
			whole.Train = append(whole.Train, i)
		} else {
			whole.Test = append(whole.Test, i)
		}
	}
	return whole, nil
}

// Predict runs each network over the examples that were held out of its training. Those of a
// single run are its validation part, by which its epoch was chosen.
func (r *Runs) Predict(ctx context.Context, d dataset.Dataset, workers int) (*Predictions, error) {
	splits, err := r.splits()
	if err != nil {
		return nil, err
	}
	p := &Predictions{Words: fmt.Sprintf("the predictions of %s on its validation part, by which its epoch was chosen", filepath.Base(r.Dirs[0]))}
	if r.Folds {
		p.Words = fmt.Sprintf("the predictions of %d folds, each on what was held out of its training", len(r.Dirs))
	}
	for k, dir := range r.Dirs {
		list := splits[k].Validation
		if r.Folds {
			list = splits[k].Test
		}
		probabilities, err := predict(ctx, dir, d, list, workers)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		p.Indexes, p.Probabilities = append(p.Indexes, list...), append(p.Probabilities, probabilities...)
	}
	return p, nil
}

// predict gives the probabilities, [len(list),classes], of a run's network.
func predict(ctx context.Context, dir string, d dataset.Dataset, list []int, workers int) (_ []float32, err error) {
	source, err := rundir.OpenModelSource(ctx, dir, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	model, record, err := classifier.Open(source, "")
	if err != nil {
		return nil, err
	}
	if record.Identity.DatasetSHA256 != d.Digest() {
		return nil, config.Usagef("the run has other data (SHA-256 %.12s) than what is looked at (%.12s): want the run's own", record.Identity.DatasetSHA256, d.Digest())
	}
	if !slices.Equal(model.Labels, d.Classes()) {
		return nil, config.Usagef("the run's network tells no classes apart, or others than the data has: want a classifier of these classes")
	}
	tally, err := model.Tally(ctx, &dataset.Loader{Dataset: d, Rule: model.Rule, Workers: workers}, list, workers)
	if err != nil {
		return nil, err
	}
	classes, is := tally.(*target.ClassTally)
	if !is {
		return nil, config.Usagef("the run's network tells no classes apart: want a classifier")
	}
	return classes.Probabilities, nil
}
