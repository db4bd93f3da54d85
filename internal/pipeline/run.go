package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/pipeline/initial"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/train"
)

// stages are what a run does once its data is split, in order. A stage that refuses
// ends the run, but for what tells people of the refusal.
var stages = []stage{
	trainStage,
	decisionStage,
	evaluateStage,
	gateStage,
	reportStage,
	exportStage,
	packageStage,
}

// task is what a command does with a run.
type task struct {
	stages []stage
	path   func(d *rundir.Dir, record *rundir.Record) string // of what the stages make
	again  string                                            // the command that goes on with it; %s is the run directory
}

// wholeRun is every stage, and ends with a package.
func wholeRun() task { return task{stages, (*rundir.Dir).Archive, "blocktrain run --run %s --resume"} }

// trainingAlone is the first two stages.
func trainingAlone() task {
	return task{stages[:2], func(d *rundir.Dir, _ *rundir.Record) string { return d.Path }, "blocktrain train --run %s"}
}

// judges says whether the task decides on the model.
func (t task) judges() bool {
	return slices.ContainsFunc(t.stages, func(s stage) bool { return s.judges })
}

// after is what of the task is left to do.
func (t task) after(found *standing) task {
	t.stages = slices.DeleteFunc(slices.Clone(t.stages), func(s stage) bool { return s.stands != nil && s.stands(found) })
	return t
}

// Run does the whole pipeline in a new run directory. A model that the gate refuses is
// an error that wraps rundir.ErrRefused; nothing is exported or packaged then.
func Run(ctx context.Context, env *rundir.Environment, s *settings.Settings) (*Result, error) {
	return begin(ctx, env, s, wholeRun())
}

// Train trains, no more, in a new run directory or, where dir is not empty, in that
// one, in which it goes on.
func Train(ctx context.Context, env *rundir.Environment, s *settings.Settings, dir string) (*Result, error) {
	if dir == "" {
		return begin(ctx, env, s, trainingAlone())
	}
	return resume(ctx, env, s, dir, trainingAlone())
}

// Resume goes on with the run in dir from its last checkpoint, or from the start
// where it has none, through all stages that are left.
func Resume(ctx context.Context, env *rundir.Environment, s *settings.Settings, dir string) (*Result, error) {
	return resume(ctx, env, s, dir, wholeRun())
}

// begin prepares a new run and its directory and does the task.
func begin(ctx context.Context, env *rundir.Environment, s *settings.Settings, t task) (result *Result, err error) {
	if err := release.CheckCommit(s, nil); err != nil {
		return nil, err
	}
	path := s.RunDir(time.Now())
	if err := rundir.CheckNew(path); err != nil {
		return nil, err
	}
	if err := rundir.CheckWritable(path, "--output-dir"); err != nil {
		return nil, err
	}
	p, err := prepareNew(ctx, env, s, t)
	if err != nil {
		return nil, err
	}
	if s.DryRun {
		plan, err := p.plan(ctx, path, t)
		return &Result{Dir: path, Plan: plan}, err
	}
	d, err := rundir.Create(env, path)
	if err != nil {
		return nil, err
	}
	defer func() { err = d.End(env, fileio.ExplainFullDisk(err, "repeat the command")) }()
	env.Log.Info("run begun", "directory", path, "identity_sha256", p.Record.IdentitySHA256)
	if err := p.WriteBeginning(d); err != nil {
		return nil, err
	}
	p.Data.WarnOfFewSteps(env, s)
	return (&session{Prepared: p, Dir: d}).do(ctx, t)
}

// prepareNew makes all of a new run that comes before its directory, and refuses
// what the task would refuse later, or what cannot be meant.
func prepareNew(ctx context.Context, env *rundir.Environment, s *settings.Settings, t task) (*Prepared, error) {
	first, err := initial.ReadNew(ctx, initial.From{Word: s.InitFrom, Model: s.Model, MaxPackageMB: s.MaxPackageMB})
	if err != nil {
		return nil, err
	}
	if err := initial.TakePreparation(s, first); err != nil {
		return nil, err
	}
	if t.judges() {
		if err := initial.CheckModelSize(s); err != nil {
			return nil, err
		}
	}
	p, err := prepare(ctx, env, s, s.SplitFile, first, rundir.RecordSchema)
	if err != nil {
		return nil, err
	}
	// Of new runs alone: what was trained so once can still be continued and verified.
	if err := p.Modules.Augment.CheckSize(p.Data.Rule.Width, p.Data.Rule.Height); err != nil {
		return nil, config.Usage(err)
	}
	if err := p.checkInitial(); err != nil {
		return nil, err
	}
	if err := p.checkTask(ctx, t); err != nil {
		return nil, err
	}
	return p, p.noteInitial(ctx)
}

// checkTask finds out before training what a later stage would refuse.
func (p *Prepared) checkTask(ctx context.Context, t task) error {
	if !t.judges() {
		return nil
	}
	if err := p.Settings.CheckSizeOf(p.Graph.CountWeights(func(*nn.Param) bool { return true })); err != nil {
		return err
	}
	if err := errors.Join(p.checkNoFold(), release.CheckRuntime(p.Settings, p.Modules)); err != nil || p.Settings.Baseline == "" {
		return err
	}
	return release.CheckBaseline(ctx, p.Settings, p.Record, p.Data.All)
}

// WriteBeginning writes what a run directory holds before training. run.env comes
// last: a directory without it is no run yet.
func (p *Prepared) WriteBeginning(d *rundir.Dir) error {
	if err := dataset.WriteSplit(d.File(rundir.SplitFile), p.Data.Split); err != nil {
		return err
	}
	if err := fileio.WriteJSON(d.File(rundir.DuplicatesFile), p.Data.Duplicates); err != nil {
		return err
	}
	if err := d.NoteFiles(p.Record, rundir.SplitFile, rundir.DuplicatesFile); err != nil {
		return err
	}
	if err := p.writeProfile(d); err != nil {
		return err
	}
	text, err := p.Settings.RecordText()
	if err != nil {
		return err
	}
	p.Record.Files[rundir.SettingsFile] = fileio.SHA256Of(text)
	p.Record.Execution.StartedIn = rundir.WayBack(d.Path)
	if err := d.WriteRecord(p.Record); err != nil {
		return err
	}
	return fileio.WriteBytes(d.File(rundir.SettingsFile), text)
}

// writeProfile writes the sensor profile, where there is one, for those who use the model: the run
// itself goes by the record.
func (p *Prepared) writeProfile(d *rundir.Dir) error {
	note := p.Record.Identity.Sensor
	if note == nil {
		return nil
	}
	if err := note.Profile.Write(d.File(layout.ProfileFile)); err != nil {
		return err
	}
	return d.NoteFiles(p.Record, layout.ProfileFile)
}

// do does the task and says where what it made is.
func (s *session) do(ctx context.Context, t task) (*Result, error) {
	result := &Result{Dir: s.Dir.Path}
	s.judges = t.judges()
	if s.Env.Resumable != nil {
		s.Env.Resumable(t.advice(s.Dir.Path))
	}
	if err := s.run(ctx, t.stages, result); err != nil {
		return result, explain(err, t.advice(s.Dir.Path))
	}
	result.Path = t.path(s.Dir, s.Record)
	return result, nil
}

// advice says how the task is gone on with, no further than it goes itself: who asked for a
// training alone has not asked for the test part to be scored.
func (t task) advice(dir string) string {
	return "continue with: " + fmt.Sprintf(t.again, config.ShellWord(dir))
}

// explain adds to an interruption, and to a full disk, how to go on.
func explain(err error, resume string) error {
	if !errors.Is(err, context.Canceled) {
		return fileio.ExplainFullDisk(err, resume)
	}
	hint := &rundir.Interrupted{Advice: resume}
	if errors.Is(err, train.ErrNotSaved) {
		return errors.Join(err, hint)
	}
	return hint
}

// run does stages in order. Once the model is refused, it ends at the first stage that
// tells nobody of it.
func (s *session) run(ctx context.Context, stages []stage, result *Result) error {
	var refused error
	for _, stage := range stages {
		if refused != nil && !stage.tells {
			return refused
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := s.Dir.Check(); err != nil {
			return err
		}
		s.Env.Log.Debug("stage", "name", stage.name)
		product, err := stage.run(ctx, s)
		if product != nil {
			result.products = append(result.products, product)
		}
		switch {
		case errors.Is(err, rundir.ErrRefused):
			refused = err
		case err != nil:
			return fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	return refused
}

// Result is what a command came to.
type Result struct {
	Dir      string // the run directory
	Path     string // of what the command makes: the package's archive, or the run directory
	Plan     *Plan  // of a dry run, which makes nothing else
	products []any
}

// Made returns what a stage made, by its type, such as *Trained or *criterion.Release.
func Made[T any](r *Result) (product T, found bool) {
	for _, p := range r.products {
		if product, found = p.(T); found {
			return product, true
		}
	}
	return product, false
}
