// Package initial has the weights that a training begins with, in place of drawn ones: how they
// are found and read, and what they want of images.
package initial

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/pipeline/published"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// Weights are those that training begins with, instead of drawn ones.
type Weights struct {
	SHA256  string // of the file; of published weights, over the tensors
	Tensors []weights.Tensor
	Labels  []string            // classes that the file itself says its weights tell apart
	From    *release.OtherModel // the run or package that the file lies in, nil where it lies in none
	Classes []string            // that the weights tell apart, nil where nobody knows
	Anew    []string            // names of tensors that are drawn although the file's would fit
	Drawn   []string            // names of all tensors that are drawn

	Published *published.Weights // nil where no others published them
}

// From is what weights are read from.
type From struct {
	Word         string // a path, or a name of the catalogue; empty: from nothing
	Model        string // of the run
	MaxPackageMB int
}

// Read reads the weights that --init-from names: a file, or those of a run or
// package, in which case archives too are taken, or published ones by their name. There are
// none where nothing is named.
func Read(ctx context.Context, f From) (*Weights, error) {
	return f.read(ctx, func(*Weights, *rundir.Source, string) error { return nil })
}

// ReadPublished reads the published weights of a record again, from where weights are kept.
func ReadPublished(r *rundir.Record) (*Weights, error) {
	w, err := published.Again(r.Initial.Published, r.Identity.InitSHA256)
	if err != nil {
		return nil, err
	}
	return ofPublished(w), nil
}

func ofPublished(w *published.Weights) *Weights {
	return &Weights{SHA256: w.Digest, Tensors: w.Tensors, Published: w}
}

// ReadNew is Read for a new run, which decides what of the weights it
// takes: where they come from is found out too.
func ReadNew(ctx context.Context, f From) (*Weights, error) {
	path := f.Word
	return f.read(ctx, func(i *Weights, source *rundir.Source, file string) (err error) {
		if i.From, err = i.origin(path, source, file); err != nil {
			return err
		}
		i.Classes = i.Labels
		if i.From != nil {
			i.Classes = i.From.Record.Identity.Classes
		}
		return nil
	})
}

// read reads weights and looks at where they lie, in the source that is a run or package,
// nil for a file that was named itself. Published weights lie in none.
func (f From) read(ctx context.Context, look func(i *Weights, source *rundir.Source, file string) error) (_ *Weights, err error) {
	path := f.Word
	switch {
	case path == "":
		return nil, nil
	case published.IsName(path):
		w, err := published.Named(path, f.Model)
		if err != nil {
			return nil, err
		}
		return ofPublished(w), nil
	}
	source, file, err := rundir.OpenWeights(ctx, path, f.MaxPackageMB)
	if err != nil {
		return nil, fmt.Errorf("--init-from: %w", err)
	}
	if source != nil {
		defer func() { err = errors.Join(source.Named(err), source.Close()) }()
	}
	read, err := weights.ReadFile(file)
	if source == nil {
		w, found, refused := published.Found(file, f.Model, err)
		switch {
		case refused != nil:
			return nil, config.Usagef("--init-from %w", refused)
		case found:
			return ofPublished(w), nil
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, config.Usagef("--init-from %s: %w", path, fs.ErrNotExist)
	case err != nil:
		return nil, config.Usagef("--init-from: %w", err)
	case train.IsCheckpoint(read):
		return nil, config.Usagef("--init-from %s: it is a checkpoint of a training, want the weights alone: %s beside it has them", path, train.BestFile)
	}
	if len(read.Tensors) == 0 {
		return nil, config.Usagef("--init-from %s: the file has no tensors: want the weights of a model", path)
	}
	i := &Weights{Tensors: read.Tensors}
	if i.Labels, err = exporter.Labels(read); err != nil {
		return nil, config.Usagef("--init-from %s: its metadata: %w", path, err)
	}
	if i.SHA256, err = fileio.SHA256(file); err != nil {
		return nil, err
	}
	return i, look(i, source, file)
}

// origin is the run or package that the weights, named by path, are of, if their file
// lies in one.
func (i *Weights) origin(path string, source *rundir.Source, file string) (*release.OtherModel, error) {
	for _, dir := range rundir.HomesOf(file) {
		record, err := rundir.ReadRecord(filepath.Join(dir, rundir.RecordFile))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("--init-from %s: %w", path, err)
		case !record.Trained(weights.Digest(i.Tensors)):
			return nil, nil
		}
		split, err := record.ReadSplit(filepath.Join(dir, rundir.SplitFile))
		if err != nil {
			return nil, fmt.Errorf("--init-from %s: %w", path, err)
		}
		if source != nil {
			dir = source.Path
		}
		return &release.OtherModel{Record: record, Split: split, Path: dir}, nil
	}
	return nil, nil
}

// Divide parts the file's tensors into those to take and the names, sorted, of those
// among anew that would fit.
func (i *Weights) Divide(p *nn.Parameters, anew []string) (take []weights.Tensor, left []string) {
	for _, t := range i.Tensors {
		param := p.Lookup(t.Name)
		if param != nil && slices.Equal(param.Shape, t.Shape) && slices.Contains(anew, t.Name) {
			left = append(left, t.Name)
		} else {
			take = append(take, t)
		}
	}
	slices.Sort(left)
	return take, left
}

// CheckFinite refuses values with which no training could begin.
func (i *Weights) CheckFinite(path string) error {
	for _, t := range i.Tensors {
		if at := slices.IndexFunc(t.Data, func(v float32) bool { return v-v != 0 }); at >= 0 {
			return config.Usagef("--init-from %s: value %d of tensor %s is %v: want a file of finite values", path, at, t.Name, t.Data[at])
		}
	}
	return nil
}

// TakePreparation has the settings of a new run prepare images as published weights want
// them, where nobody has chosen otherwise.
func TakePreparation(s *settings.Settings, first *Weights) error {
	m, _, err := model.MakeModel(s.Model, s.ModelOptions)
	if err != nil {
		return config.Usage(err)
	}
	if p, is := published.PreparationOf(m); is && first != nil && first.Published != nil {
		s.TakePreparation(p)
	}
	s.SettleNormalize()
	return nil
}

// CheckModelSize refuses, before an image is read, a model that the gate would refuse for its
// size whatever it learns.
func CheckModelSize(s *settings.Settings) error {
	m, _, err := model.MakeModel(s.Model, s.ModelOptions)
	if err != nil {
		return err
	}
	const likely = 224 // pixels, where the data says how large images are
	graph, err := m.Build(rundir.ShapeOf(s.InputRule(imaging.Image{Width: likely, Height: likely, Channels: 3}, nil)), 2)
	if err != nil {
		return nil //nolint:nilerr // the data may well have an input that the model takes
	}
	return s.CheckSizeOf(graph.CountWeights(dependsOnNothing))
}

// dependsOnNothing says that a tensor is as large for smaller images, or fewer classes.
func dependsOnNothing(p *nn.Param) bool { return len(p.Shape) == 4 }

// Statistics are what the network of a model was published with, as those of data are.
func Statistics(m model.Model) (*dataset.Statistics, error) {
	own, is := published.PreparationOf(m)
	if !is {
		return nil, errors.New("the model has no normalisation of its own")
	}
	s := &dataset.Statistics{}
	for c := range own.Mean {
		s.Mean = append(s.Mean, float64(own.Mean[c]))
		s.Deviation = append(s.Deviation, float64(own.Deviation[c]))
	}
	return s, nil
}
