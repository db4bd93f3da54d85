package pipeline

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/train"
)

// baseline is an earlier model that a run's model must not be worse than.
type baseline struct {
	*trained
	otherModel
	data dataset.Dataset // the run's, with the classes in the baseline's order
}

// openBaseline reads the baseline that the settings name. Its classes must be the
// run's, and it must not be the run itself.
func (r *session) openBaseline() (*baseline, error) {
	path := r.settings.Baseline
	record, t, err := openModel(path, "")
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	switch {
	case record.Training == nil:
		return nil, config.Usagef("baseline %s has not been trained to its end: name a finished run, or a package", path)
	case record.IdentitySHA256 == r.record.IdentitySHA256 && record.Started.Equal(r.record.Started):
		return nil, config.Usagef("baseline %s is this run itself, which is no worse than itself: name an earlier model", path)
	}
	splitPath := filepath.Join(path, splitFile)
	split, err := record.readSplit(splitPath)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	data, err := dataset.Remap(r.data.all, record.Identity.Classes)
	if err != nil {
		return nil, usage(fmt.Errorf("baseline %s: %w", path, err))
	}
	return &baseline{t, otherModel{record, split, splitPath}, data}, nil
}

// readSplit reads the split list of a run or package, which must be the one that
// its record names.
func (record *Record) readSplit(path string) (*dataset.Split, error) {
	split, err := dataset.ReadSplit(path)
	if err != nil {
		return nil, err
	}
	if split.Digest() != record.Identity.Split.SHA256 {
		return nil, fmt.Errorf("%s has SHA-256 %s, the %s beside it names a list with %s: the file was changed", path, split.Digest(), recordFile, record.Identity.Split.SHA256)
	}
	return split, nil
}

// compareBaseline runs the baseline's weights on this run's test part.
func (r *session) compareBaseline(ctx context.Context, candidate *trained) (*criterion.Baseline, error) {
	b, err := r.openBaseline()
	if err != nil {
		return nil, err
	}
	test, workers := r.data.split.Test, r.settings.workers()
	own, labels, err := train.Probabilities(ctx, candidate.graph, candidate.params, r.data.loader(r.settings, nil), test, workers)
	if err != nil {
		return nil, err
	}
	l := &dataset.Loader{Dataset: b.data, Rule: b.record.Identity.Input, Workers: workers}
	theirs, _, err := train.Probabilities(ctx, b.graph, b.params, l, test, workers)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	comparison, err := metric.Compare(own, inOrder(theirs, b.record.Identity.Classes, r.record.Identity.Classes), labels)
	if err != nil {
		return nil, err
	}
	count, known, err := r.trainedOn(ctx, b.otherModel, test)
	return &criterion.Baseline{Name: r.settings.Baseline, Comparison: comparison, TrainedOn: count, Unknown: !known}, err
}

// inOrder rearranges the columns of probabilities [N,K] from one order of the
// classes to another.
func inOrder(probabilities []float32, from, to []string) []float32 {
	k := len(to)
	ordered := make([]float32, len(probabilities))
	for c, class := range to {
		source := slices.Index(from, class)
		for row := 0; row < len(probabilities); row += k {
			ordered[row+c] = probabilities[row+source]
		}
	}
	return ordered
}
