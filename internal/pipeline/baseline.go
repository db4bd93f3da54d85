package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/train"
)

// openModel finds the record and the weights of a run or of a package.
func openModel(path string) (record *Record, t *trained, err error) {
	record, err = readRecord(filepath.Join(path, recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, config.Usagef("%s is neither a run directory nor a package: it has no %s", path, recordFile)
	}
	if err != nil {
		return nil, nil, err
	}
	file := filepath.Join(path, exporter.WeightsFile)
	if !exists(file) {
		file = filepath.Join(path, train.CheckpointDir, train.BestFile)
	}
	if !exists(file) {
		return nil, nil, config.Usagef("%s has no weights: its training has not finished an epoch", path)
	}
	graph, params, err := record.restore(file)
	if err != nil {
		return nil, nil, err
	}
	return record, &trained{graph, params}, nil
}

// compareBaseline runs the baseline's weights on this run's test part.
func (r *session) compareBaseline(ctx context.Context, candidate *trained) (*criterion.Baseline, error) {
	path := r.settings.Baseline
	record, baseline, err := openModel(path)
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
