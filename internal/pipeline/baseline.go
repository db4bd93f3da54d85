package pipeline

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/train"
)

// baseline is an earlier model that a run's model must not be worse than.
type baseline struct {
	*trained
	record *Record
	split  *dataset.Split
	data   dataset.Dataset // the run's, with the classes in the baseline's order
}

// openBaseline reads the baseline that the settings name. Its classes must be the
// run's.
func (r *session) openBaseline() (*baseline, error) {
	path := r.settings.Baseline
	record, t, err := openModel(path, "")
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	split, err := dataset.ReadSplit(filepath.Join(path, splitFile))
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	data, err := dataset.Remap(r.data.all, record.Identity.Classes)
	if err != nil {
		return nil, usage(fmt.Errorf("baseline %s: %w", path, err))
	}
	return &baseline{t, record, split, data}, nil
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
	trainedOn := countShared(identify(b.record.Identity.Datasets, b.split.Train), identify(r.record.Identity.Datasets, test))
	return &criterion.Baseline{Name: r.settings.Baseline, Comparison: comparison, TrainedOn: trainedOn}, nil
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
