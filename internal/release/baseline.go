package release

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/target"
)

// TestPart is the test part of a run: its data, the loader that makes batches of
// them, and the indexes of the part.
type TestPart struct {
	Data    dataset.Dataset
	Loader  *dataset.Loader
	Indexes []int
	// Tracks are the images that the network which decides on tracks sees of the part; nil
	// where that is not known.
	Tracks func(ctx context.Context) ([]uint8, error)
}

// baseline is an earlier model that a run's model must not be worse than.
type baseline struct {
	*classifier.Classifier
	OtherModel
	data dataset.Dataset // the run's, with the classes in the baseline's order
}

// CheckBaseline refuses a baseline, the run or package that the settings name, that the
// run of a record cannot be compared with on the data.
func CheckBaseline(ctx context.Context, s *settings.Settings, record *rundir.Record, data dataset.Dataset) error {
	_, err := openBaseline(ctx, s, record, data)
	return err
}

// openBaseline reads the baseline that the settings name. Its classes must be the run's, and it must
// not be the run itself.
func openBaseline(ctx context.Context, s *settings.Settings, ours *rundir.Record, data dataset.Dataset) (_ *baseline, err error) {
	path := s.Baseline
	source, err := rundir.OpenModelSource(ctx, path, s.MaxPackageMB)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	model, record, err := classifier.Open(source, "")
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	switch {
	case record.Training == nil:
		return nil, config.Usagef("baseline %s has not been trained to its end: name a finished run, or a package", path)
	case record.IdentitySHA256 == ours.IdentitySHA256 && record.Started.Equal(ours.Started):
		return nil, config.Usagef("baseline %s is this run itself, which is no worse than itself: name an earlier model", path)
	}
	if !model.Target.Properties().Labelled {
		return nil, config.Usagef("baseline %s is a model for target %s: want one that tells the same classes apart", path, model.Target.Properties().Name)
	}
	split, err := record.ReadSplit(source.File(rundir.SplitFile))
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", source.Named(err))
	}
	remapped, err := dataset.Remap(data, record.Identity.Classes)
	if err != nil {
		return nil, config.Usage(fmt.Errorf("baseline %s: %w", path, err))
	}
	return &baseline{model, OtherModel{record, split, path}, remapped}, nil
}

// CompareBaseline runs the weights of the baseline, which the settings name, on this run's
// test part.
func (c *Candidate) CompareBaseline(ctx context.Context, test *TestPart) (*criterion.Baseline, error) {
	b, err := openBaseline(ctx, c.Settings, c.Record, test.Data)
	if err != nil {
		return nil, err
	}
	candidate, err := c.Classifier()
	if err != nil {
		return nil, err
	}
	workers := c.Settings.WorkerCount()
	own, err := classTally(ctx, candidate, test.Loader, test.Indexes)
	if err != nil {
		return nil, err
	}
	l := &dataset.Loader{Dataset: b.data, Rule: b.Rule, Workers: workers}
	theirs, err := classTally(ctx, b.Classifier, l, test.Indexes)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	ordered := inOrder(theirs.Probabilities, b.Labels, candidate.Labels)
	comparison, err := metric.Compare(own.Probabilities, ordered, own.Labels)
	if err != nil {
		return nil, err
	}
	if groups := dataset.GroupNumbers(test.Data, test.Indexes); groups != nil && c.Record.Identity.ContractVersion >= 3 {
		comparison.AddGroups(groups, own.Probabilities, ordered, own.Labels)
	}
	count, known, err := b.TrainedOn(ctx, c.Env, &c.Record.Identity, test.Data, test.Indexes)
	return &criterion.Baseline{
		Name: c.Settings.Baseline, WeightsSHA256: b.Record.Training.WeightsSHA256, Comparison: comparison, TrainedOn: count, Unknown: !known,
	}, err
}

// classTally runs a classifier over examples.
func classTally(ctx context.Context, c *classifier.Classifier, l *dataset.Loader, list []int) (*target.ClassTally, error) {
	tally, err := c.Tally(ctx, l, list, l.Workers)
	if err != nil {
		return nil, err
	}
	classes, is := tally.(*target.ClassTally)
	if !is {
		return nil, config.Usagef("a model for target %s cannot be compared with a baseline: want one for target class", c.Target.Properties().Name)
	}
	return classes, nil
}

// inOrder rearranges the columns of probabilities [N,K] from one order of the
// classes to another.
func inOrder(probabilities []float32, from, to []string) []float32 {
	k := len(to)
	ordered := make([]float32, len(probabilities))
	for c, class := range to {
		source := slices.Index(from, class)
		for row := 0; row < len(probabilities); row += k {
			ordered[row+c] = probabilities[row+source]
		}
	}
	return ordered
}
