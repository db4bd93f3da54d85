package pipeline

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/train"
)

func resume(ctx context.Context, env *Environment, s *Settings, dir string, t task) error {
	if err := s.checkResume(); err != nil {
		return err
	}
	return withRunDir(env, dir, func(d *runDir, record *Record) error {
		found, err := d.standing(record)
		if err != nil {
			return err
		}
		if found.release != nil && t.judges() {
			if err := s.checkJudged(dir, found.release); err != nil {
				return err
			}
		}
		if renamed := record.rename(s); !renamed && d.finished(record, found) {
			return d.sayFinished(env, record, found.release, t)
		}
		r, err := reopen(ctx, env, s, d, record)
		if err != nil {
			return err
		}
		if err := r.checkTask(t.after(found)); err != nil {
			return err
		}
		if err := r.sayResumed(); err != nil {
			return err
		}
		if t.judges() {
			r.sayStanding(found)
		}
		return r.finish(ctx, t, found)
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

// restoreOrRepeat is what to do where a file of a finished training is lost.
const restoreOrRepeat = "restore the file from a copy, or train in a new run directory, which gives the same bits"

// checkpointRemedy says what to do without the last checkpoint.
func (r *session) checkpointRemedy() string {
	if r.trainingFinished() {
		return restoreOrRepeat
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
	return fmt.Errorf("%w: %s; %s has the figures; to see what another threshold would decide: blocktrain gate --run %s%s --dry-run",
		ErrRefused, release.Reason, d.file(reportFile), shellWord(d.path), thresholdFlag(release))
}

// thresholdFlag is the flag, with a word for its value, of a threshold that the model
// misses, empty if none of those missed has a flag.
func thresholdFlag(release *criterion.Release) string {
	for _, name := range release.Failed() {
		flag := strings.ReplaceAll(name, "_", "-")
		if isThreshold := func(v NamedValue) bool { return v.Name == flag }; slices.ContainsFunc(new(Settings).Values(config.Threshold), isThreshold) {
			return " --" + flag + " NUMBER"
		}
	}
	return ""
}

// packaged says whether the package of the last decision is there.
func (d *runDir) packaged(record *Record) bool {
	digest, err := fileio.SHA256(d.file(packageDir, record.packageName(), releaseFile))
	return err == nil && digest == record.Files[releaseFile] && exists(d.archive(record))
}
