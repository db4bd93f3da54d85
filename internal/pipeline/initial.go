package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pipeline/published"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// Initial are weights that training begins with, instead of drawn ones.
type Initial struct {
	SHA256  string // of the file; of published weights, over the tensors
	tensors []weights.Tensor
	labels  []string            // classes that the file itself says its weights tell apart
	from    *release.OtherModel // the run or package that the file lies in, nil where it lies in none
	classes []string            // that the weights tell apart, nil where nobody knows
	Anew    []string            // names of tensors that are drawn although the file's would fit
	drawn   []string            // names of all tensors that are drawn

	published *published.Weights // nil where no others published them
}

// From is what weights are read from.
type From struct {
	Word         string // a path, or a name of the catalogue; empty: from nothing
	Model        string // of the run
	MaxPackageMB int
}

// ReadInitial reads the weights that --init-from names: a file, or those of a run or
// package, in which case archives too are taken, or published ones by their name. There are
// none where nothing is named.
func ReadInitial(ctx context.Context, f From) (*Initial, error) {
	if published.IsName(f.Word) && fileio.Exists(f.Word) && !published.IsKnown(f.Word) { // as older programs took it
		f.Word = "./" + f.Word
	}
	return f.read(ctx, func(*Initial, *rundir.Source, string) error { return nil })
}

// ReadPublished reads the published weights of a record again, from where weights are kept.
func ReadPublished(r *rundir.Record) (*Initial, error) {
	w, err := published.Again(r.Initial.Published, r.Identity.InitSHA256)
	if err != nil {
		return nil, err
	}
	return ofPublished(w), nil
}

func ofPublished(w *published.Weights) *Initial {
	return &Initial{SHA256: w.Digest, tensors: w.Tensors, published: w}
}

// readNewInitial is ReadInitial for a new run, which decides what of the weights it
// takes: where they come from is found out too.
func readNewInitial(ctx context.Context, f From) (*Initial, error) {
	path := f.Word
	return f.read(ctx, func(i *Initial, source *rundir.Source, file string) (err error) {
		if i.from, err = i.origin(path, source, file); err != nil {
			return err
		}
		i.classes = i.labels
		if i.from != nil {
			i.classes = i.from.Record.Identity.Classes
		}
		return nil
	})
}

// read reads weights and looks at where they lie, in the source that is a run or package,
// nil for a file that was named itself. Published weights lie in none.
func (f From) read(ctx context.Context, look func(i *Initial, source *rundir.Source, file string) error) (_ *Initial, err error) {
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
	i := &Initial{tensors: read.Tensors}
	if i.labels, err = exporter.Labels(read); err != nil {
		return nil, config.Usagef("--init-from %s: its metadata: %w", path, err)
	}
	if i.SHA256, err = fileio.SHA256(file); err != nil {
		return nil, err
	}
	return i, look(i, source, file)
}

// noteInitial records where the weights come from, and refuses those of a model that
// was trained on images which the run's model is to be judged by. Which images a
// file's weights have seen is known of the weights of runs and packages alone.
func (p *Prepared) noteInitial(ctx context.Context) error {
	if p.Initial == nil {
		return nil
	}
	path := p.Settings.InitFrom
	note, count, err := p.describeInitial(ctx, path)
	if err != nil {
		return err
	}
	p.Record.Initial = note
	switch origin := p.Initial.from; {
	case p.Initial.published != nil:
		return nil
	case origin == nil:
		p.Env.Log.Warn("the file lies in no run or package that it is of: nobody can tell whether its weights have seen images of the test part", "init-from", path)
	case count > 0:
		return config.Usagef("--init-from %s: the weights were trained on %d of the %d images of this run's test part, whose result would say nothing: use the same split list (--split %s), or other weights",
			path, count, len(p.Data.Split.Test), filepath.Join(origin.Path, rundir.SplitFile))
	case !note.Unseen:
		p.Env.Log.Warn("nobody can tell whether the weights have seen images of the test part: the data that they were trained on is not where it was, or they began with weights of a file themselves", "init-from", path)
	}
	return nil
}

// describeInitial says where the weights in the file at path come from, and how many
// images of the test part they are known to have been trained on.
func (p *Prepared) describeInitial(ctx context.Context, path string) (note *rundir.InitialNote, seen int, err error) {
	note = &rundir.InitialNote{File: path, Unknown: true}
	origin := p.Initial.from
	if w := p.Initial.published; w != nil {
		note.Published = &w.Note
		return note, 0, nil
	}
	if origin == nil {
		return note, 0, nil
	}
	note.Model = origin.Record.Title()
	note.Datasets, note.Unknown = origin.Record.LearntFrom()
	seen, known, err := origin.TrainedOn(ctx, p.Env, &p.Record.Identity, p.Data.All, p.Data.Split.Test)
	note.Unseen = known && seen == 0 && origin.Record.Identity.InitSHA256 == ""
	return note, seen, err
}

// TraceInitial is what can be said of the weights that training begins with, from the run
// or package that the file at path, which has them, lies in; its Model is empty where
// that is none. Seen counts the images of the test part that they were trained on.
func (p *Prepared) TraceInitial(ctx context.Context, path string, maxPackageMB int) (note *rundir.InitialNote, seen int, err error) {
	again, err := readNewInitial(ctx, From{path, p.Settings.Model, maxPackageMB})
	if err != nil {
		return nil, 0, err
	}
	p.Initial.from = again.from
	return p.describeInitial(ctx, path)
}

// origin is the run or package that the weights, named by path, are of, if their file
// lies in one.
func (i *Initial) origin(path string, source *rundir.Source, file string) (*release.OtherModel, error) {
	for _, dir := range rundir.HomesOf(file) {
		record, err := rundir.ReadRecord(filepath.Join(dir, rundir.RecordFile))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("--init-from %s: %w", path, err)
		case !record.Trained(weights.Digest(i.tensors)):
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
