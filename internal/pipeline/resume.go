package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/pipeline/initial"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/train"
)

func resume(ctx context.Context, env *rundir.Environment, s *settings.Settings, dir string, t task) (result *Result, err error) {
	if err := checkResume(s); err != nil {
		return nil, err
	}
	err = rundir.With(env, dir, func(d *rundir.Dir, record *rundir.Record) error {
		result, err = resumeIn(ctx, env, s, openRun{d, record}, t)
		return err
	})
	return result, err
}

// openRun is a run directory with its record.
type openRun struct {
	dir    *rundir.Dir
	record *rundir.Record
}

// resumeIn goes on with the run in a directory that is open.
func resumeIn(ctx context.Context, env *rundir.Environment, s *settings.Settings, run openRun, t task) (*Result, error) {
	d, record := run.dir, run.record
	found, err := standingOf(d, record)
	if err != nil {
		return nil, err
	}
	if found.release != nil && t.judges() {
		if err := release.CheckJudged(s, d.Path, found.release); err != nil {
			return nil, err
		}
	}
	title := record.Title()
	renamed, err := s.Rename(record)
	if err != nil {
		return nil, err
	}
	if !renamed && finished(d, record, found) {
		return sayFinished(env, run, found.release, t)
	}
	if record.Schema != rundir.RecordSchema {
		return nil, fmt.Errorf("%s was begun by an older version of the program (%s has schema %d, this program trains with %d), and cannot go on with this one: "+
			"start a new run, or finish this one with the program that began it. Evaluation, gate, prediction and verification take it as it is",
			d.Path, rundir.RecordFile, record.Schema, rundir.RecordSchema)
	}
	if err := release.CheckResumed(s, d, record, t.judges(), found.release != nil); err != nil {
		return nil, err
	}
	if reworded := renamed && record.Title() == title; reworded && t.judges() {
		if err := release.CheckNotPackaged(s, d, record); err != nil {
			return nil, err
		}
	}
	r, err := reopen(ctx, env, s, d, record)
	if err != nil {
		return nil, err
	}
	if err := r.checkTask(ctx, t.after(found)); err != nil {
		return nil, err
	}
	if err := r.sayResumed(); err != nil {
		return nil, err
	}
	if t.judges() {
		r.sayStanding(found)
	}
	return r.finish(ctx, t, found)
}

// reopen prepares an existing run again from the settings it was made with, and
// refuses data or settings that would make another run of it.
func reopen(ctx context.Context, env *rundir.Environment, s *settings.Settings, d *rundir.Dir, then *rundir.Record) (*session, error) {
	s.TakePaths(then, d.Path)
	s.Contract = then.Identity.ContractVersion
	first, err := initial.Read(ctx, initial.From{Word: s.InitFrom, Model: s.Model, MaxPackageMB: s.MaxPackageMB})
	if errors.Is(err, fs.ErrNotExist) && d.HasCheckpoint() { // which has made them unnecessary
		first, err = &initial.Weights{SHA256: then.Identity.InitSHA256}, nil
	}
	if err != nil {
		return nil, err
	}
	if first != nil {
		first.Anew = then.Identity.InitAnew
	}
	if s.ImageSize == "" { // which was decided then
		s.ImageSize = fmt.Sprintf("%dx%d", then.Identity.Input.Width, then.Identity.Input.Height)
	}
	p, err := prepare(ctx, env, s, d.File(rundir.SplitFile), first, then.Schema)
	if err != nil && then.Identity.Decoder != imaging.DecoderRules {
		return nil, fmt.Errorf("%w; the run was begun under version %d of the reproducibility contract, and this program decodes JPEG and GIF files, alpha and 16 bits by other rules: if its data has such files, use the program that began it",
			err, then.Identity.ContractVersion)
	}
	if err != nil {
		return nil, err
	}
	if then.IdentitySHA256 != p.Record.IdentitySHA256 {
		return nil, config.Usage(fmt.Errorf("%s was begun with another identity (%s): use its own settings and data, or begin a new run",
			d.Path, settings.Differences(&then.Identity, &p.Record.Identity)))
	}
	p.Record.KeepPaths(then, d.Path, s.Origins)
	p.Record.Resume(then)
	return &session{Prepared: p, Dir: d}, nil
}

// checkResume refuses settings that can only be meant for a new run.
func checkResume(s *settings.Settings) error {
	switch {
	case s.DryRun:
		return config.Usagef("--dry-run says what a new run would do: want it without --run")
	case s.Origins["output-dir"] == config.OriginFlag:
		return config.Usagef("--output-dir names a new run directory and --run an existing one: want one of them")
	case s.Origins["split"] == config.OriginFlag:
		return config.Usagef("--split is for a new run: an existing one keeps its own %s", rundir.SplitFile)
	}
	return nil
}

// sayResumed says from where the run goes on.
func (s *session) sayResumed() error {
	dir := s.inTraining()
	epochs, finished, found, err := train.Progress(dir.Path)
	switch {
	case errors.Is(err, train.ErrOlder):
		return err
	case err != nil:
		return fmt.Errorf("%w: without its last checkpoint a run cannot go on; %s", err, s.checkpointRemedy())
	case !found:
		return s.sayBegunAgain()
	case finished:
		s.Env.Log.Info("run resumed; its training is finished", "directory", dir.Path, "epochs", epochs)
	default:
		s.Env.Log.Info("run resumed", "directory", dir.Path, "finished_epochs", epochs)
	}
	return nil
}

// inTraining is the folder of the network that training has come to: of a single one, the
// run directory.
func (s *session) inTraining() *rundir.Dir {
	if s.Record.Training == nil && s.epochsInHistory() == 0 {
		for _, n := range slices.Backward(s.Networks) {
			if dir := s.Dir.Network(n.Name); dir.HasCheckpoint() {
				return dir
			}
		}
	}
	return s.Dir
}

// sayBegunAgain says that a run without checkpoint begins again, and refuses where
// that would put another training in the place of a finished one.
func (s *session) sayBegunAgain() error {
	switch epochs := s.epochsInHistory(); {
	case s.trainingFinished():
		return fmt.Errorf("%s has no %s, but its training is finished: %s", s.Dir.Path, path.Join(train.CheckpointDir, train.LastFile), s.checkpointRemedy())
	case epochs > 0:
		s.Env.Log.Warn(fmt.Sprintf("no checkpoint: training begins again; the history had %s", config.Counted(epochs, "epoch")), "directory", s.Dir.Path)
	default:
		s.Env.Log.Info("the run has no checkpoint yet and starts anew", "directory", s.Dir.Path)
	}
	return nil
}

// checkpointRemedy says what to do without the last checkpoint.
func (s *session) checkpointRemedy() string {
	if s.trainingFinished() {
		return rundir.RestoreOrRepeat
	}
	return "if there is no copy of it, remove the file to train again from the start"
}

// trainingFinished says whether the record or the history has the end of training.
// The first epoch alone is no proof: it enters the history before there is a
// checkpoint, and the process may have been killed between the two.
func (s *session) trainingFinished() bool {
	return s.Record.Training != nil || s.epochsInHistory() >= max(2, s.Settings.TotalEpochs())
}

// epochsInHistory counts the epochs of the history. One that cannot be read counts
// none: training that begins again begins it again too.
func (s *session) epochsInHistory() int {
	history, _ := metric.ReadHistory(s.Dir.File(train.HistoryFile))
	return len(history)
}

// sayFinished says that nothing is left to do, and where the result is or that the
// model is refused.
func sayFinished(env *rundir.Environment, run openRun, decided *criterion.Release, t task) (*Result, error) {
	env.Log.Info("the run is finished; nothing is left to do", "directory", run.dir.Path, "decision", decided.Decision())
	result := &Result{Dir: run.dir.Path, products: []any{decided}}
	if !decided.Approved && t.judges() {
		return result, release.Refused(run.dir, decided)
	}
	result.Path = t.path(run.dir, run.record)
	return result, nil
}
