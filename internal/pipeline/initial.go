package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// initial are weights that training begins with, instead of drawn ones.
type initial struct {
	sha256  string // of the file
	tensors []weights.Tensor
	labels  []string    // classes that the file itself says its weights tell apart
	from    *otherModel // the run or package that the file lies in, nil where it lies in none
	classes []string    // that the weights tell apart, nil where nobody knows
	anew    []string    // names of tensors that are drawn although the file's would fit
	drawn   []string    // names of all tensors that are drawn
}

// readInitial reads the file that --init-from names; there is none where path is
// empty.
func readInitial(path string) (*initial, error) {
	if path == "" {
		return nil, nil
	}
	file, err := weights.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, config.Usagef("--init-from %s: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, config.Usagef("--init-from: %w", err)
	}
	if train.IsCheckpoint(file) {
		return nil, config.Usagef("--init-from %s: it is a checkpoint of a training, want the weights alone: %s beside it has them", path, train.BestFile)
	}
	digest, err := fileio.SHA256(path)
	return &initial{sha256: digest, tensors: file.Tensors, labels: exporter.Labels(file)}, err
}

// readNewInitial is readInitial for a new run, which decides what of the weights it
// takes: where they come from is found out too.
func readNewInitial(path string) (*initial, error) {
	i, err := readInitial(path)
	if i == nil || err != nil {
		return nil, err
	}
	if i.from, err = i.origin(path); err != nil {
		return nil, err
	}
	i.classes = i.labels
	if i.from != nil {
		i.classes = i.from.record.Identity.Classes
	}
	return i, nil
}

// noteInitial records where the weights come from, and refuses those of a model that
// was trained on images which the run's model is to be judged by. Which images a
// file's weights have seen is known of the weights of runs and packages alone.
func (r *session) noteInitial(ctx context.Context) error {
	if r.initial == nil {
		return nil
	}
	path := r.settings.InitFrom
	note := &InitialNote{File: path, Unknown: true}
	r.record.Initial = note
	origin := r.initial.from
	if origin == nil {
		r.env.Log.Warn("the file lies in no run or package that it is of: nobody can tell whether its weights have seen images of the test part", "init-from", path)
		return nil
	}
	note.Model = origin.record.title()
	note.Datasets, note.Unknown = origin.record.learntFrom()
	test := r.data.split.Test
	count, known, err := r.trainedOn(ctx, *origin, test)
	switch {
	case err != nil:
		return err
	case count > 0:
		return config.Usagef("--init-from %s: the weights were trained on %d of the %d images of this run's test part, whose result would say nothing: use the same split list (--split %s), or other weights",
			path, count, len(test), origin.splitPath)
	case !known || origin.record.Identity.InitSHA256 != "":
		r.env.Log.Warn("nobody can tell whether the weights have seen images of the test part: the data that they were trained on is not where it was, or they began with weights of a file themselves", "init-from", path)
		return nil
	}
	note.Unseen = true
	return nil
}

// origin is the run or package that the weights are of, if their file lies in one.
func (i *initial) origin(path string) (*otherModel, error) {
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
		record, err := readRecord(filepath.Join(dir, recordFile))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("--init-from %s: %w", path, err)
		case record.Training == nil || record.Training.WeightsSHA256 != weights.Digest(i.tensors):
			return nil, nil
		}
		splitPath := filepath.Join(dir, splitFile)
		split, err := record.readSplit(splitPath)
		if err != nil {
			return nil, fmt.Errorf("--init-from %s: %w", path, err)
		}
		return &otherModel{record, split, splitPath}, nil
	}
	return nil, nil
}

// learntFrom lists the datasets that set the weights of a model; unknown says whether
// there may be others.
func (record *Record) learntFrom() (all []InitialDataset, unknown bool) {
	for _, d := range record.Identity.Datasets {
		all = append(all, InitialDataset{record.datasetText(d.Name), d.SHA256, d.Examples})
	}
	before := record.Initial
	if before == nil {
		return all, record.Identity.InitSHA256 != ""
	}
	for _, d := range before.Datasets {
		if !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all, before.Unknown || len(before.Datasets) == 0 // which older records lack
}
