package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// initial are weights that training begins with, instead of drawn ones.
type initial struct {
	sha256  string // of the file
	tensors []weights.Tensor
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
	return &initial{digest, file.Tensors}, err
}

// noteInitial records where the weights come from, and refuses those of a model that
// was trained on images which the run's model is to be judged by. Which images a
// file's weights have seen is known of the weights of runs and packages alone.
func (r *session) noteInitial(ctx context.Context) error {
	if r.initial == nil {
		return nil
	}
	path := r.settings.InitFrom
	note := &InitialNote{File: path}
	r.record.Initial = note
	origin, err := r.initial.origin(path)
	if err != nil {
		return err
	}
	if origin == nil {
		r.env.Log.Warn("the file lies in no run or package that it is of: nobody can tell whether its weights have seen images of the test part", "init-from", path)
		return nil
	}
	note.Model = origin.record.title()
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

// takeInitial gives the parameters the weights to begin with, by name. Those that
// do not fit, such as a head for other classes, keep their drawn values.
func (r *session) takeInitial() error {
	if r.initial == nil || r.initial.tensors == nil {
		return nil
	}
	path := r.settings.InitFrom
	kept, err := r.params.LoadMatching(r.initial.tensors)
	if err != nil {
		return usage(fmt.Errorf("--init-from %s: %w", path, err))
	}
	names := r.params.Names()
	taken := fmt.Sprintf("%d of %d", len(names)-len(kept), len(names))
	if r.mostAre(kept) {
		r.env.Log.Warn("few weights taken over: is the file of another model?", "from", path, "tensors", taken, "made_anew", strings.Join(kept, ","))
	} else {
		r.env.Log.Info("weights taken over", "from", path, "tensors", taken, "made_anew", strings.Join(kept, ","))
	}
	return r.checkFreeze(names)
}

// mostAre says whether the named tensors have most of the trainable values.
func (r *session) mostAre(names []string) bool {
	named, all := 0, 0
	for _, p := range r.params.All() {
		switch {
		case !p.Trainable:
			continue
		case slices.Contains(names, p.Name):
			named += p.Elements()
		}
		all += p.Elements()
	}
	return 2*named > all
}

// checkFreeze refuses prefixes that freeze nothing, or one of two averages that
// training moves together.
func (r *session) checkFreeze(names []string) error {
	for _, prefix := range r.settings.Freeze {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, prefix) }) {
			return config.Usagef("--freeze %s: no weight's name begins so; the model has %s", prefix, strings.Join(names, ", "))
		}
	}
	for _, mean := range names {
		layer, isMean := strings.CutSuffix(mean, "running_mean")
		if variance := layer + "running_variance"; isMean && r.freezes(mean) != r.freezes(variance) {
			return config.Usagef("--freeze %s: %s and %s move together: want both, by %srunning, or neither",
				strings.Join(r.settings.Freeze, ","), mean, variance, layer)
		}
	}
	return nil
}

// freezes says whether a weight keeps its value in training.
func (r *session) freezes(name string) bool {
	return slices.ContainsFunc(r.settings.Freeze, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
