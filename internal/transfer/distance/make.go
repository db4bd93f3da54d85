package distance

import (
	"context"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/features"
	"github.com/blocktrain/blocktrain/internal/head"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/transfer"
)

// Task is the model of a run whose reference is made, and its data.
type Task struct {
	Env      *rundir.Environment
	Settings *settings.Settings
	Data     *rundata.Data
	Record   *rundir.Record
	Trained  *rundir.Trained
	Fresh    bool // make no use of the cache of features
}

// Enter makes the reference and enters it into the directory of the run and its record. It does
// nothing where the network has none, and where a decision is taken on a run that was evaluated
// without one: its files stay as they are.
func (t *Task) Enter(ctx context.Context, d *rundir.Dir) error {
	if _, has := HeadOf(t.Record, t.Trained); !has {
		return nil
	}
	if t.Record.Decision != "" && (t.Record.Files[layout.ReferenceFile] == "" || d.CheckFile(t.Record, layout.ReferenceFile) == nil) {
		return nil
	}
	made, err := t.Make(ctx)
	if err != nil {
		return err
	}
	if err := d.MakeDir(rundir.EvaluationDir); err != nil {
		return err
	}
	if err := made.Write(d.File(layout.ReferenceFile)); err != nil {
		return err
	}
	return d.NoteFiles(t.Record, layout.ReferenceFile)
}

// Make makes the reference of the training part, and finds the distances of the images of the
// validation part. All images are seen as they are evaluated.
func (t *Task) Make(ctx context.Context) (*Reference, error) {
	x, err := features.New(t.Trained.Graph, t.Trained.Params, t.Settings.WorkerCount())
	if err != nil {
		return nil, err
	}
	defer x.Close()
	if t.solvedOn() {
		transfer.OpenStore(x, t.Settings)
	}
	learnt, err := t.extract(ctx, x, "training", chosen(t.Data.All, t.Data.TrainList(t.Settings)))
	if err != nil {
		return nil, err
	}
	judged, err := t.extract(ctx, x, "validation", t.Data.ValidationList(t.Settings))
	if err != nil {
		return nil, err
	}
	r := &Reference{weights: t.Record.Training.WeightsSHA256}
	if r.training, err = head.NewReference(ctx, learnt.Values, learnt.Width, t.Settings.WorkerCount()); err != nil {
		return nil, err
	}
	if r.validation, err = r.measure(ctx, judged.Values, t.Settings.WorkerCount()); err != nil {
		return nil, err
	}
	slices.Sort(r.validation)
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("features of the validation part: %w", err)
	}
	return r, nil
}

// solvedOn says whether the cache may have the features already: the layers below the head are
// those that its solver saw. Those of layers that were trained further are not worth the place.
func (t *Task) solvedOn() bool {
	return !t.Fresh && t.Settings.Head == train.HeadSolver && t.Settings.FinetuneEpochs == 0
}

// extract computes the features of images, and shows how far it is.
func (t *Task) extract(ctx context.Context, x *features.Extractor, part string, list []int) (*features.Set, error) {
	seen, remove := progress.ObserveScoring(t.Env.Log, t.Env.Progress, "features of the "+part+" part")
	defer remove()
	return x.Extract(ctx, t.Data.TestLoader(t.Settings), nil, list, features.Views{Count: 1}, seen)
}

// chosen are at most maxRows examples of a list, evenly spread over it in the order of classes,
// so that each class has its share.
func chosen(data dataset.Dataset, list []int) []int {
	ordered := slices.Clone(list)
	slices.SortStableFunc(ordered, func(a, b int) int { return data.Info(a).Label - data.Info(b).Label })
	some := make([]int, min(maxRows, len(ordered)))
	for i := range some {
		some[i] = ordered[i*len(ordered)/len(some)]
	}
	return some
}
