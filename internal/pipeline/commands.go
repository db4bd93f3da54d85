package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Commands on a run that was trained, each of which repeats a stage.

// Judged is a decision on a run.
type Judged struct {
	*criterion.Release
	File string // release.json; empty for a dry run, which changes no file
}

// Gate repeats the decision on the run in dir. A dry run says what the decision
// would be, and changes no file. A refusal comes with an error that wraps
// rundir.ErrRefused.
func Gate(ctx context.Context, env *rundir.Environment, s *settings.Settings, dir string) (judged *Judged, err error) {
	if s.DryRun {
		return tryGate(ctx, env, s, dir)
	}
	err = rundir.With(env, dir, func(d *rundir.Dir, record *rundir.Record) error {
		renamed, err := s.Rename(record)
		if err != nil {
			return err
		}
		c, test, err := candidateFor(ctx, env, s, d, record)
		if err != nil {
			return err
		}
		decided, err := c.Decide(ctx, test)
		if err != nil {
			return err
		}
		if err := warnOfFew(env, decided, c); err != nil {
			return err
		}
		refused := c.Publish(decided)
		if refused != nil && !errors.Is(refused, rundir.ErrRefused) {
			return refused
		}
		if _, err := c.WriteDocuments(); err != nil {
			return err
		}
		if renamed { // the exported model has the name too
			if err := c.RenewExport(); err != nil {
				return err
			}
		}
		judged = &Judged{decided, d.File(rundir.ReleaseFile)}
		if refused != nil {
			return refused
		}
		return tellUnpackaged(c)
	})
	return judged, err
}

// tellUnpackaged says how an approved model is packaged, which the gate does not do.
func tellUnpackaged(c *release.Candidate) error {
	packaged, err := c.Packaged()
	if err == nil && !packaged {
		c.Env.Log.Info(fmt.Sprintf("approved, and not packaged yet as %s: blocktrain package --run %s", c.Record.PackageName(), config.ShellWord(c.Dir.Path)))
	}
	return err
}

// tryGate decides on the run in dir as Gate does, and only says so.
func tryGate(ctx context.Context, env *rundir.Environment, s *settings.Settings, dir string) (*Judged, error) {
	d, record, err := rundir.LookInto(dir)
	if err != nil {
		return nil, err
	}
	if _, err := s.Rename(record); err != nil {
		return nil, err
	}
	c, test, err := candidateFor(ctx, env, s, d, record)
	if err != nil {
		return nil, err
	}
	decided, err := c.Decide(ctx, test)
	if err != nil {
		return nil, err
	}
	if err := warnOfFew(env, decided, c); err != nil {
		return nil, err
	}
	env.Show("dry run", DryRunHead+"\n"+decided.Table())
	if decided.Approved {
		return &Judged{Release: decided}, nil
	}
	return &Judged{Release: decided}, fmt.Errorf("%w: %s; dry run: no file was changed", rundir.ErrRefused, decided.Reason)
}

// warnOfFew warns of a decision on few test examples, where no criterion counts them.
func warnOfFew(env *rundir.Environment, decided *criterion.Release, c *release.Candidate) error {
	if decided.Of(settings.MinTestExamples) != nil {
		return nil
	}
	test, err := c.TestEvaluation()
	if err != nil {
		return err
	}
	if few := criterion.Few(test); few != "" {
		env.Log.Warn(few + ": figures of so few examples say little; --min-test-examples NUMBER refuses such models")
	}
	return nil
}

// DryRunHead is what comes before a decision that is not taken.
const DryRunHead = "dry run: no file is changed; the decision would be"

// candidateFor opens no more of a run than its gate needs: the data only when a
// baseline or the exported model is to be run on it.
func candidateFor(ctx context.Context, env *rundir.Environment, s *settings.Settings, d *rundir.Dir, record *rundir.Record) (*release.Candidate, *release.TestPart, error) {
	c, err := candidateOf(env, s, d, record)
	if err != nil {
		return nil, nil, err
	}
	if needed, err := c.NeedsTestPart(); err != nil || !needed {
		return c, nil, err
	}
	r, err := reopen(ctx, env, s, d, record)
	if err != nil {
		return nil, nil, c.WithoutData(err)
	}
	c = r.Candidate()
	return c, r.Decision(r.Dir).TestPart(c.Trained), nil
}

// candidateOf opens a run for work that needs its results alone.
func candidateOf(env *rundir.Environment, s *settings.Settings, d *rundir.Dir, record *rundir.Record) (*release.Candidate, error) {
	m, err := s.MakeModules()
	if err != nil {
		return nil, config.Usage(err)
	}
	return &release.Candidate{Env: env, Settings: s, Modules: m, Dir: d, Record: record}, nil
}

// Export writes the model of the run in dir, approved or not, in the formats asked
// for, and returns the folder.
func Export(_ context.Context, env *rundir.Environment, s *settings.Settings, dir string) (folder string, err error) {
	err = rundir.With(env, dir, func(d *rundir.Dir, record *rundir.Record) error {
		c, err := candidateOf(env, s, d, record)
		if err != nil {
			return err
		}
		renamed, err := s.Rename(record)
		if err != nil {
			return err
		}
		if renamed {
			if err := errors.Join(c.CheckDecided(), d.WriteRecord(record)); err != nil {
				return err
			}
		}
		if folder, err = c.Export(); err != nil {
			return err
		}
		if fileio.Exists(d.File(rundir.CardFile)) { // which has the name too
			_, err = c.WriteDocuments()
		}
		return err
	})
	return folder, err
}

// Package repeats the packaging of the approved run in dir.
func Package(_ context.Context, env *rundir.Environment, s *settings.Settings, dir string) (made *release.Package, err error) {
	err = rundir.With(env, dir, func(d *rundir.Dir, record *rundir.Record) error {
		c, err := candidateOf(env, s, d, record)
		if err != nil {
			return err
		}
		if _, err := s.Rename(record); err != nil {
			return err
		}
		if made, err = c.Package(); err != nil {
			return err
		}
		if _, err := c.WriteDocuments(); err != nil {
			return err
		}
		return c.RenewExport()
	})
	return made, err
}

// Evaluate repeats the evaluation of the run in dir or, where flags name other
// data than the run's own, scores the run's network on that. classMap names a file that
// gives the classes of other data the model's names; it may be empty.
func Evaluate(ctx context.Context, env *rundir.Environment, s *settings.Settings, dir, classMap string) (made *Evaluated, err error) {
	names, err := readClassMap(s, classMap)
	if err != nil {
		return nil, err
	}
	err = rundir.With(env, dir, func(d *rundir.Dir, record *rundir.Record) error {
		if err := record.CheckTrained(d); err != nil {
			return err
		}
		s.Contract = record.Identity.ContractVersion
		if namesData(s) {
			other, err := openOther(ctx, env, s)
			if err != nil {
				return err
			}
			if other.all.Digest() != record.Identity.DatasetSHA256 {
				c := &release.Candidate{Env: env, Settings: s, Dir: d, Record: record}
				made, err = evaluateElsewhere(ctx, c, other, names)
				return err
			}
		}
		if names != nil {
			return config.Usagef("--class-map is for other data than the run's own, which has the model's classes: leave it out")
		}
		r, err := reopen(ctx, env, s, d, record)
		if err != nil {
			return err
		}
		judged := r.Record.Files[rundir.EvaluationFile(dataset.PartTest)]
		if made, err = evaluateRun(ctx, r); err != nil {
			return err
		}
		r.sayDecision(judged)
		return nil
	})
	return made, err
}

// sayDecision says that a decision stands, which rests on the evaluation with the digest
// judged, or warns where another one has replaced that: latencies differ each time.
func (s *session) sayDecision(judged string) {
	if s.Record.Decision == "" {
		return
	}
	if s.Record.Files[rundir.EvaluationFile(dataset.PartTest)] == judged {
		s.Env.Log.Info("the decision stands on the earlier evaluation, and this one is beside it; to decide on a new one, remove the earlier file, then evaluate and decide again",
			"decision", s.Record.Decision, "earlier", s.Dir.File(rundir.EvaluationFile(dataset.PartTest)))
		return
	}
	s.Env.Log.Warn(fmt.Sprintf("the decision is void until the gate is repeated on the new evaluation: blocktrain gate --run %s", config.ShellWord(s.Dir.Path)),
		"decision", s.Record.Decision)
}
