package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/train"
)

// task is what a command does with a run.
type task struct {
	stages []stage
	result func(d *runDir, record *Record) string // path of what the stages made
}

// wholeRun is every stage, and ends with a package.
var wholeRun = task{stages, (*runDir).archive}

// trainingAlone is the first stage.
var trainingAlone = task{stages[:1], func(d *runDir, _ *Record) string { return d.path }}

// judges says whether the task decides on the model.
func (t task) judges() bool {
	return slices.ContainsFunc(t.stages, func(s stage) bool { return s.name == "gate" })
}

// Run does the whole pipeline in a new run directory and prints the path of the
// package. A model that the gate refuses is an error that wraps ErrRefused;
// nothing is exported or packaged then.
func Run(ctx context.Context, env *Environment, s *Settings) error {
	return begin(ctx, env, s, wholeRun)
}

// Train trains, no more, and prints the run directory: a new one or, where dir is
// not empty, that one, in which it goes on.
func Train(ctx context.Context, env *Environment, s *Settings, dir string) error {
	if dir == "" {
		return begin(ctx, env, s, trainingAlone)
	}
	return resume(ctx, env, s, dir, trainingAlone)
}

// Resume goes on with the run in dir from its last checkpoint, or from the start
// where it has none, through all stages that are left.
func Resume(ctx context.Context, env *Environment, s *Settings, dir string) error {
	return resume(ctx, env, s, dir, wholeRun)
}

// begin prepares a new run and its directory and does the task.
func begin(ctx context.Context, env *Environment, s *Settings, t task) (err error) {
	path := s.RunDir(time.Now())
	if err := checkNewRunDir(path); err != nil {
		return err
	}
	if err := checkWritable(path, "--output-dir"); err != nil {
		return err
	}
	r, err := prepareNew(ctx, env, s, t)
	if err != nil {
		return err
	}
	if s.DryRun {
		return r.describeTo(env.Stdout, path, t)
	}
	if r.dir, err = createRunDir(env, path); err != nil {
		return err
	}
	defer func() { err = r.dir.end(env, explainFullDisk(err, "repeat the command")) }()
	env.Log.Info("run begun", "directory", path, "identity_sha256", r.record.IdentitySHA256)
	if err := r.writeBeginning(); err != nil {
		return err
	}
	r.warnOfFewSteps()
	return r.do(ctx, t)
}

// prepareNew makes all of a new run that comes before its directory, and refuses
// what the task would refuse later, or what cannot be meant.
func prepareNew(ctx context.Context, env *Environment, s *Settings, t task) (*session, error) {
	first, err := readNewInitial(s.InitFrom)
	if err != nil {
		return nil, err
	}
	r, err := prepare(ctx, env, s, s.SplitFile, first)
	if err != nil {
		return nil, err
	}
	// Of new runs alone: what was trained so once can still be continued and verified.
	if err := r.modules.augment.CheckSize(r.data.rule.Width, r.data.rule.Height); err != nil {
		return nil, usage(err)
	}
	if err := r.checkInitial(); err != nil {
		return nil, err
	}
	if err := r.checkTask(t); err != nil {
		return nil, err
	}
	return r, r.noteInitial(ctx)
}

// checkTask finds out before training what a later stage would refuse.
func (r *session) checkTask(t task) error {
	if !t.judges() || r.settings.Baseline == "" {
		return nil
	}
	_, err := r.openBaseline()
	return err
}

// writeBeginning writes what a run directory holds before training. run.env comes
// last: a directory without it is no run yet.
func (r *session) writeBeginning() error {
	if err := dataset.WriteSplit(r.dir.file(splitFile), r.data.split); err != nil {
		return err
	}
	if err := fileio.WriteJSON(r.dir.file(duplicatesFile), r.data.duplicates); err != nil {
		return err
	}
	r.record.Execution.StartedIn = wayBack(r.dir.path)
	if err := r.dir.writeRecord(r.record); err != nil {
		return err
	}
	return r.settings.WriteRecord(r.dir.file(settingsFile))
}

// counted is a number with what is counted, in the plural where it is not one.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// do does the task and prints the path of what it made.
func (r *session) do(ctx context.Context, t task) error {
	if err := r.runStages(ctx, t.stages); err != nil {
		return explain(err, r.dir.path)
	}
	_, err := fmt.Fprintln(r.env.Stdout, t.result(r.dir, r.record))
	return err
}

// runStages does the stages in order. The report is written for a refused model
// too; what comes after it is not.
func (r *session) runStages(ctx context.Context, stages []stage) error {
	var refused error
	for _, stage := range stages {
		if refused != nil && stage.name != "report" {
			return refused
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		r.env.Log.Debug("stage", "name", stage.name)
		err := stage.run(r, ctx)
		switch {
		case errors.Is(err, ErrRefused):
			refused = err
		case err != nil:
			return fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	return refused
}

// explain adds to an interruption, and to a full disk, how to go on.
func explain(err error, dir string) error {
	resume := fmt.Sprintf("continue with: blocktrain run --run %s --resume", shellWord(dir))
	if !errors.Is(err, context.Canceled) {
		return explainFullDisk(err, resume)
	}
	hint := fmt.Errorf("interrupted; %s (%w)", resume, context.Canceled)
	if errors.Is(err, train.ErrNotSaved) {
		return errors.Join(err, hint)
	}
	return hint
}
