package pipeline

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/train"
)

// compareBaseline runs the baseline's weights on this run's test part.
func (r *session) compareBaseline(ctx context.Context, candidate *trained) (*criterion.Baseline, error) {
	path := r.settings.Baseline
	record, baseline, err := openModel(path, "")
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	split, err := dataset.ReadSplit(filepath.Join(path, splitFile))
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	theirs, err := dataset.Remap(r.data.all, record.Identity.Classes)
	if err != nil {
		return nil, fmt.Errorf("baseline %s: %w", path, err)
	}
	test, workers := r.data.split.Test, r.settings.workers()
	own, labels, err := train.Probabilities(ctx, candidate.graph, candidate.params, r.data.loader(r.settings, nil), test, workers)
	if err != nil {
		return nil, err
	}
	l := &dataset.Loader{Dataset: theirs, Rule: record.Identity.Input, Workers: workers}
	other, otherLabels, err := train.Probabilities(ctx, baseline.graph, baseline.params, l, test, workers)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	comparison, err := metric.Compare(own, inOrder(other, otherLabels, labels), labels)
	if err != nil {
		return nil, err
	}
	trainedOn := countShared(identify(record.Identity.Datasets, split.Train), identify(r.record.Identity.Datasets, test))
	return &criterion.Baseline{Name: path, Comparison: comparison, TrainedOn: trainedOn}, nil
}

// inOrder rearranges the columns of probabilities [N,K] from one order of the
// classes to another. The orders are known by the labels of the same examples.
func inOrder(probabilities []float32, from, to []int) []float32 {
	k := len(probabilities) / len(from)
	column := make([]int, k)
	for i := range column {
		column[i] = i
	}
	for n, label := range to {
		column[label] = from[n]
	}
	ordered := make([]float32, len(probabilities))
	for n := range from {
		for c, source := range column {
			ordered[n*k+c] = probabilities[n*k+source]
		}
	}
	return ordered
}
