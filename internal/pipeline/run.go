package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
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
	first, err := readInitial(s.InitFrom)
	if err != nil {
		return err
	}
	r, err := prepare(ctx, env, s, s.SplitFile, first)
	if err != nil {
		return err
	}
	if err := r.checkTask(t); err != nil {
		return err
	}
	if err := r.noteInitial(ctx); err != nil {
		return err
	}
	if s.DryRun {
		return r.describeTo(env.Stdout, path, t)
	}
	if r.dir, err = createRunDir(env, path); err != nil {
		return err
	}
	defer func() { err = r.dir.end(env, err) }()
	env.Log.Info("run begun", "directory", path, "identity_sha256", r.record.IdentitySHA256)
	if err := r.writeBeginning(); err != nil {
		return err
	}
	r.warnOfFewSteps()
	return r.do(ctx, t)
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
	if err := r.dir.writeRecord(r.record); err != nil {
		return err
	}
	return r.settings.WriteRecord(r.dir.file(settingsFile))
}

func resume(ctx context.Context, env *Environment, s *Settings, dir string, t task) error {
	if err := s.checkResume(); err != nil {
		return err
	}
	return withRunDir(env, dir, func(d *runDir, record *Record) error {
		release, err := d.finished(record)
		if err != nil {
			return err
		}
		if release != nil {
			return d.sayFinished(env, record, release, t)
		}
		r, err := reopen(ctx, env, s, d, record)
		if err != nil {
			return err
		}
		if err := r.checkTask(t); err != nil {
			return err
		}
		if err := r.sayResumed(); err != nil {
			return err
		}
		return r.do(ctx, t)
	})
}

// checkResume refuses settings that can only be meant for a new run.
func (s *Settings) checkResume() error {
	switch {
	case s.DryRun:
		return config.Usagef("--dry-run says what a new run would do: want it without --run")
	case s.Origins["output-dir"] == config.OriginFlag:
		return config.Usagef("--output-dir names a new run directory and --run an existing one: want one of them")
	case s.Origins["split"] == config.OriginFlag:
		return config.Usagef("--split is for a new run: an existing one keeps its own %s", splitFile)
	}
	return nil
}

// sayResumed says from where the run goes on.
func (r *session) sayResumed() error {
	epochs, finished, found, err := train.Progress(r.dir.path)
	switch {
	case err != nil:
		return fmt.Errorf("%w: without its last checkpoint a run cannot go on; %s", err, r.checkpointRemedy())
	case !found:
		return r.sayBegunAgain()
	case finished:
		r.env.Log.Info("run resumed; its training is finished", "directory", r.dir.path, "epochs", epochs)
	default:
		r.env.Log.Info("run resumed", "directory", r.dir.path, "finished_epochs", epochs)
	}
	return nil
}

// sayBegunAgain says that a run without checkpoint begins again, and refuses where
// that would put another training in the place of a finished one.
func (r *session) sayBegunAgain() error {
	switch epochs := r.epochsInHistory(); {
	case r.trainingFinished():
		return fmt.Errorf("%s has no %s, but its training is finished: %s", r.dir.path, path.Join(train.CheckpointDir, train.LastFile), r.checkpointRemedy())
	case epochs > 0:
		r.env.Log.Warn(fmt.Sprintf("no checkpoint: training begins again; the history had %s", counted(epochs, "epoch")), "directory", r.dir.path)
	default:
		r.env.Log.Info("the run has no checkpoint yet and starts anew", "directory", r.dir.path)
	}
	return nil
}

// checkpointRemedy says what to do without the last checkpoint.
func (r *session) checkpointRemedy() string {
	if r.trainingFinished() {
		return "restore the file from a copy, or train in a new run directory, which gives the same bits"
	}
	return "if there is no copy of it, remove the file to train again from the start"
}

// trainingFinished says whether the record or the history has the end of training.
// The first epoch alone is no proof: it enters the history before there is a
// checkpoint, and the process may have been killed between the two.
func (r *session) trainingFinished() bool {
	return r.record.Training != nil || r.epochsInHistory() >= max(2, r.settings.Epochs)
}

// epochsInHistory counts the epochs of the history. One that cannot be read counts
// none: training that begins again begins it again too.
func (r *session) epochsInHistory() int {
	history, _ := metric.ReadHistory(r.dir.file(train.HistoryFile))
	return len(history)
}

// counted is a number with what is counted, in the plural where it is not one.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// sayFinished says that nothing is left to do, and where the result is or that the
// model is refused.
func (d *runDir) sayFinished(env *Environment, record *Record, release *criterion.Release, t task) error {
	env.Log.Info("the run is finished; nothing is left to do", "directory", d.path, "decision", release.Decision())
	if !release.Approved && t.judges() {
		return d.refused(release)
	}
	_, err := fmt.Fprintln(env.Stdout, t.result(d, record))
	return err
}

// refused is the error for a model that the gate refused, with what can be done.
func (d *runDir) refused(release *criterion.Release) error {
	return fmt.Errorf("%w: %s; %s has the figures; to judge the model otherwise: blocktrain gate --run %s",
		ErrRefused, release.Reason, d.file(reportFile), shellWord(d.path))
}

// finished is the decision on a run of which nothing is left to do, nil where
// something is.
func (d *runDir) finished(record *Record) (*criterion.Release, error) {
	if record.Training == nil || !exists(d.file(releaseFile)) || !exists(d.file(reportFile)) {
		return nil, nil
	}
	if err := d.checkFile(record, releaseFile); err != nil {
		return nil, err
	}
	release, err := criterion.ReadRelease(d.file(releaseFile))
	if err != nil {
		return nil, err
	}
	if current := record.checkRelease(release) == nil; !current || release.Approved && !d.packaged(record) {
		return nil, nil
	}
	return release, nil
}

// packaged says whether the package of the last decision is there.
func (d *runDir) packaged(record *Record) bool {
	digest, err := fileio.SHA256(d.file(packageDir, record.packageName(), releaseFile))
	return err == nil && digest == record.Files[releaseFile] && exists(d.archive(record))
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

// explain adds to an interruption how to go on.
func explain(err error, dir string) error {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	hint := fmt.Errorf("interrupted; continue with: blocktrain run --run %s --resume (%w)", shellWord(dir), context.Canceled)
	if errors.Is(err, train.ErrNotSaved) {
		return errors.Join(err, hint)
	}
	return hint
}
