package crossval

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/target"
)

// Fold is the finished run of a fold.
type Fold struct {
	Number int // from 1
	Dir    *rundir.Dir
	Record *rundir.Record
	Split  *dataset.Split // whose test part is the fold
	Result metric.Result  // on the fold
	// Controls are those of a result of clips; nil of another.
	Controls *metric.Controls
	// Sensor is how the model does on the fold as the sensor of the settings shows it; nil where
	// there is none.
	Sensor *metric.SensorCurve
	// Tracked and Detection are of targets that are found without labelled boxes; nil where none
	// were looked for.
	Tracked   *metric.TrackedClips
	Detection *detection.Result
}

// readFold reads the run of a fold, and refuses one that is not finished or was changed.
func readFold(dir string, number int) (*Fold, error) {
	d, record, err := rundir.LookInto(foldDir(dir, number))
	if err != nil {
		return nil, err
	}
	if record.Training == nil {
		return nil, fmt.Errorf("%s is not trained to its end", d.Path)
	}
	if err := errors.Join(d.CheckSources(record), d.CheckEvaluations(record)); err != nil {
		return nil, err
	}
	split, err := record.ReadSplit(d.File(rundir.SplitFile))
	if err != nil {
		return nil, err
	}
	result, err := target.ReadResult(d.File(rundir.EvaluationFile(dataset.PartTest)))
	if err != nil {
		return nil, err
	}
	f := &Fold{Number: number, Dir: d, Record: record, Split: split, Result: result}
	if e, is := result.(*metric.Evaluation); is && e.Clips != nil {
		if f.Controls, err = metric.ReadControls(d.File(rundir.ControlsFile)); err == nil {
			err = f.Controls.CheckAgainst(e)
		}
	}
	return f, errors.Join(err, f.readSensor(), f.readTracked())
}

// readSensor reads how the model does through the sensor of the settings, if there is one.
func (f *Fold) readSensor() (err error) {
	e, is := f.Result.(*metric.Evaluation)
	if !is || f.Record.Identity.Sensor == nil {
		return nil
	}
	if f.Sensor, err = metric.ReadSensorCurve(f.Dir.File(layout.SensorFile)); err != nil {
		return err
	}
	if err := f.Sensor.CheckAgainst(e); err != nil {
		return fmt.Errorf("%s: %w", f.Dir.File(layout.SensorFile), err)
	}
	return nil
}

// check refuses a fold that is not that of the folds.
func (f *Fold) check(folds *dataset.Folds) error {
	path, s := f.Dir.File(rundir.SplitFile), f.Split
	want := &dataset.Fold{Number: f.Number, Of: len(folds.Folds), IncludeTest: folds.IncludeTest}
	var others []int
	for k, fold := range folds.Folds {
		if k+1 != f.Number {
			others = append(others, fold...)
		}
	}
	slices.Sort(others)
	switch {
	case !reflect.DeepEqual(s.Fold, want), s.Dataset != folds.Dataset, s.Seed != folds.Seed, s.Ratios != folds.Ratios:
		return fmt.Errorf("%s is not the list of fold %d of %s", path, f.Number, rundir.FoldsFile)
	case !slices.Equal(s.Test, folds.Folds[f.Number-1]):
		return fmt.Errorf("%s: its test part is not fold %d of %s", path, f.Number, rundir.FoldsFile)
	case !slices.Equal(slices.Sorted(slices.Values(slices.Concat(s.Train, s.Validation))), others):
		return fmt.Errorf("%s: training and validation part are not the other folds of %s", path, rundir.FoldsFile)
	case f.Result.Header().Examples != len(s.Test):
		return fmt.Errorf("%s is of %d examples, the fold has %d", f.Dir.File(rundir.EvaluationFile(dataset.PartTest)), f.Result.Header().Examples, len(s.Test))
	}
	return nil
}

// checkSame refuses a fold that was made by other settings than the first: their identities
// may differ in the split list, and in what follows from it: a training part with few groups of
// clips is divided into fewer folds for the decision on tracks.
func (f *Fold) checkSame(first *Fold) error {
	a, b := first.Record.Identity, f.Record.Identity
	a.Split, b.Split = rundir.SplitNote{}, rundir.SplitNote{}
	a.DecisionFolds, b.DecisionFolds = 0, 0
	if !reflect.DeepEqual(a, b) {
		return fmt.Errorf("%s was made by other settings than %s (%s)", f.Dir.Path, first.Dir.Path, settings.Differences(&a, &b))
	}
	return nil
}

// line is the fold as the result has it.
func (f *Fold) line() (FoldLine, error) {
	record, err := fileio.SHA256(f.Dir.File(rundir.RecordFile))
	t := f.Record.Training
	return FoldLine{
		Number: f.Number, Directory: filepath.Base(f.Dir.Path), RecordSHA256: record, IdentitySHA256: f.Record.IdentitySHA256,
		SplitSHA256: f.Record.Identity.Split.SHA256, WeightsSHA256: t.WeightsSHA256,
		EvaluationSHA256: f.Record.Files[rundir.EvaluationFile(dataset.PartTest)],
		Train:            len(f.Split.Train), Validation: len(f.Split.Validation), Test: len(f.Split.Test),
		Epochs: t.Epochs, BestEpoch: t.BestEpoch, Figures: figuresOf(f.Result),
	}, err
}

// figuresOf are the figures of which mean and spread are told.
func figuresOf(r metric.Result) []Figure {
	figure, value := r.Measured()
	figures := []Figure{{figure.Name, value}}
	if e, is := r.(*metric.Evaluation); is {
		return append(figures, Figure{"macro_f1", e.Macro.F1}, Figure{"loss", e.Loss}, Figure{"calibration_error", e.CalibrationError})
	}
	return figures
}
