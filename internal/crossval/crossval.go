// Package crossval judges settings by cross-validation: the data is divided into folds, and
// each is scored once by a model that was trained without it, whose epoch was chosen on a
// further part of the other folds.
package crossval

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Request says which folds there are.
type Request struct {
	Folds       int
	IncludeTest bool // the official test part is divided like the rest
}

// Run divides the data of the settings and trains and evaluates a model for each fold, in a new
// directory. A dry run divides only, and returns what it would do.
func Run(ctx context.Context, env *rundir.Environment, s *settings.Settings, r Request) (cv *CrossValidation, err error) {
	if s.SplitFile != "" {
		return nil, config.Usagef("--split names a split list, and a cross-validation makes one for each fold: leave it out")
	}
	dir := s.RunDir(time.Now())
	if s.OutputDir == "" {
		dir += "-cv"
	}
	if err := errors.Join(rundir.CheckNew(dir), rundir.CheckWritable(dir, "--output-dir")); err != nil {
		return nil, err
	}
	made, err := divide(ctx, env, s, r, dir)
	if err != nil {
		return nil, err
	}
	if s.DryRun {
		return &CrossValidation{Dir: dir, Plan: made.text(dir)}, nil
	}
	d, err := rundir.Create(env, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = d.End(env, fileio.ExplainFullDisk(err, resumeAdvice(dir))) }()
	if err := made.write(d, s); err != nil {
		return nil, err
	}
	env.Log.Info("cross-validation begun", "directory", dir, "folds", r.Folds, "folds_sha256", made.folds.Digest())
	return do(ctx, env, s, d)
}

// Resume goes on with the cross-validation in dir: folds that are finished stay as they are.
// The settings are those that it was begun with.
func Resume(ctx context.Context, env *rundir.Environment, s *settings.Settings, dir string) (cv *CrossValidation, err error) {
	switch {
	case s.DryRun:
		return nil, config.Usagef("--dry-run says what a new cross-validation would do: want it without --run")
	case s.Origins["output-dir"] == config.OriginFlag:
		return nil, config.Usagef("--output-dir names a new directory and --run an existing one: want one of them")
	}
	if !Holds(dir) {
		return nil, errNone(dir)
	}
	d, err := rundir.Open(env, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = d.End(env, fileio.ExplainFullDisk(err, resumeAdvice(dir))) }()
	return do(ctx, env, s, d)
}

func resumeAdvice(dir string) string {
	return fmt.Sprintf("continue with: blocktrain cv --run %s --resume", config.ShellWord(dir))
}

// division is a dataset divided into folds.
type division struct {
	data   dataset.Dataset
	folds  *dataset.Folds
	splits []*dataset.Split
}

// divide opens the data, without keeping its images in memory, and makes the folds.
func divide(ctx context.Context, env *rundir.Environment, s *settings.Settings, r Request, dir string) (*division, error) {
	if _, err := s.MakeModules(); err != nil {
		return nil, config.Usage(err)
	}
	own := *s
	own.DataMode, own.OutputDir = string(dataset.ModeDisk), dir
	opened, err := rundata.OpenDatasets(ctx, env, &own, rundata.How{})
	if err != nil {
		return nil, err
	}
	made := &division{data: opened.All}
	made.folds, err = dataset.MakeFolds(opened.All, dataset.FoldOptions{
		Folds: r.Folds, Seed: uint64(s.SplitSeed), Ratios: s.Ratios(), IncludeTest: r.IncludeTest, Lacking: s.AllowMissingClass,
	})
	if err != nil {
		return nil, config.Usage(err)
	}
	for number := range made.folds.Folds {
		split, err := made.folds.Split(opened.All, number+1)
		if err != nil {
			return nil, err
		}
		made.splits = append(made.splits, split)
	}
	return made, nil
}

// write writes what the directory holds before the first fold. run.env comes last: a
// directory without it has not begun.
func (made *division) write(d *rundir.Dir, s *settings.Settings) error {
	text, err := s.RecordText()
	if err != nil {
		return err
	}
	if err := dataset.WriteFolds(d.File(rundir.FoldsFile), made.folds); err != nil {
		return err
	}
	for k, split := range made.splits {
		if err := dataset.WriteSplit(d.File(splitName(k+1)), split); err != nil {
			return err
		}
	}
	plan := &plan{Schema: planSchema, FoldsSHA256: made.folds.Digest(), SettingsSHA256: fileio.SHA256Of(text), StartedIn: rundir.WayBack(d.Path)}
	if err := fileio.WriteJSON(d.File(planFile), plan); err != nil {
		return err
	}
	return fileio.WriteBytes(d.File(rundir.SettingsFile), text)
}

// do does the folds that are left, gathers their results and writes them.
func do(ctx context.Context, env *rundir.Environment, s *settings.Settings, d *rundir.Dir) (*CrossValidation, error) {
	plan, folds, err := readPlan(d.Path)
	if err != nil {
		return nil, err
	}
	if env.Resumable != nil {
		env.Resumable(resumeAdvice(d.Path))
	}
	for number := 1; number <= len(folds.Folds); number++ {
		if finished(d.Path, number) {
			env.Log.Info("the fold is finished", "fold", fmt.Sprintf("%d/%d", number, len(folds.Folds)))
			continue
		}
		if err := d.Check(); err != nil {
			return nil, err
		}
		env.Log.Info("fold", "number", fmt.Sprintf("%d/%d", number, len(folds.Folds)), "directory", foldDir(d.Path, number))
		if err := doFold(ctx, env, s, foldOf{plan, d.Path, number}); err != nil {
			return nil, err
		}
	}
	cv, err := gather(d.Path)
	if err != nil {
		return nil, err
	}
	if err := cv.write(d); err != nil {
		return nil, err
	}
	env.Show("cross-validation", cv.Table(), "directory", d.Path)
	return cv, nil
}

// foldOf is one fold of a cross-validation.
type foldOf struct {
	plan   *plan
	dir    string
	number int
}

// doFold trains and evaluates a fold, or goes on with it.
func doFold(ctx context.Context, env *rundir.Environment, s *settings.Settings, f foldOf) error {
	own, dir := *s, foldDir(f.dir, f.number)
	if !fileio.Exists(rundir.SettingsPath(dir)) {
		own.TakePaths(&rundir.Record{Execution: rundir.Execution{StartedIn: f.plan.StartedIn}}, f.dir)
		own.SplitFile = filepath.Join(f.dir, splitName(f.number))
	}
	quiet := *env
	quiet.Resumable = nil // it is the whole that is gone on with
	_, err := pipeline.Fold(ctx, &quiet, &own, dir)
	return explain(err, f)
}

// explain says which fold failed and, of an interruption, how to go on with the whole.
func explain(err error, f foldOf) error {
	var interrupted *rundir.Interrupted
	switch {
	case err == nil:
		return nil
	case errors.As(err, &interrupted):
		interrupted.Advice = resumeAdvice(f.dir)
		return err
	case errors.Is(err, context.Canceled):
		return &rundir.Interrupted{Advice: resumeAdvice(f.dir)}
	}
	return fmt.Errorf("fold %d: %w", f.number, err)
}

// finished says whether the fold is trained and evaluated, and both are as they were written.
func finished(dir string, number int) bool {
	_, err := readFold(dir, number)
	return err == nil
}
