package pipeline

import (
	"context"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pipeline/initial"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

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
	switch origin := p.Initial.From; {
	case p.Initial.Published != nil:
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
	origin := p.Initial.From
	if w := p.Initial.Published; w != nil {
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
	again, err := initial.ReadNew(ctx, initial.From{Word: path, Model: p.Settings.Model, MaxPackageMB: maxPackageMB})
	if err != nil {
		return nil, 0, err
	}
	p.Initial.From = again.From
	return p.describeInitial(ctx, path)
}
