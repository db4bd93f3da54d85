package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// data is what a run learns and is judged from.
type data struct {
	all        dataset.Dataset
	members    []dataset.Dataset
	split      *dataset.Split
	duplicates *dataset.Duplicates
	rule       imaging.Rule
	fitted     dataset.Dataset // all, as the rule makes them; in RAM mode kept so
}

// openData opens the datasets of a run, joined, and splits them. A split list
// at splitPath is used if there is one.
func openData(ctx context.Context, env *Environment, s *Settings, m *modules, splitPath string) (*data, error) {
	d, err := openMembers(ctx, env, s, m)
	if err != nil {
		return nil, err
	}
	return d, d.divide(ctx, env, s, splitPath)
}

// openMembers opens the datasets of a run and joins them.
func openMembers(ctx context.Context, env *Environment, s *Settings, m *modules) (*data, error) {
	d := &data{}
	for i, source := range m.sources {
		opened, err := openDataset(ctx, env, s, s.Datasets[i], source)
		if err != nil {
			return nil, err
		}
		d.members = append(d.members, opened)
	}
	var err error
	d.all, err = dataset.Concat(d.members...)
	return d, err
}

// divide splits the data and looks at what the parts hold.
func (d *data) divide(ctx context.Context, env *Environment, s *Settings, splitPath string) (err error) {
	if d.split, err = takeSplit(d.all, s, splitPath); err != nil {
		return err
	}
	env.Log.Info("data split", "train", len(d.split.Train), "validation", len(d.split.Validation), "test", len(d.split.Test), "sha256", d.split.Digest())
	if used := len(d.trainList(s)); used < len(d.split.Train) {
		env.Log.Info("of the training part, no more is trained on than --limit-train allows", "examples", used)
	}
	if splitPath == "" {
		d.suggestGrouping(env, s)
	}
	if err := d.measureInput(ctx, env, s); err != nil {
		return err
	}
	if err := d.fit(ctx, s); err != nil {
		return err
	}
	if d.duplicates, err = dataset.FindDuplicates(ctx, d.all, d.split); err != nil {
		return err
	}
	d.warnOfDuplicates(env)
	d.sayGroups(env)
	return nil
}

// sayGroups says how many groups stay in one part each, and warns of a grouping
// that keeps nothing together.
func (d *data) sayGroups(env *Environment) {
	grouping := d.split.Group
	if !d.split.Grouped() {
		return
	}
	groups, images := dataset.CountGroups(d.all)
	env.Log.Info("groups stay in one part each", "grouping", grouping, "groups", groups, "images", images)
	if groups == images {
		env.Log.Warn("the grouping keeps no two images together: is it the right one for the files' names?", "grouping", grouping)
	}
}

// suggestGrouping warns of a new split that divides what seem to be the frames of
// recordings one by one.
func (d *data) suggestGrouping(env *Environment, s *Settings) {
	for i, member := range d.members {
		found := dataset.FindSequences(member)
		if found == nil {
			continue
		}
		option := found.Option
		if len(d.members) > 1 {
			option = s.Datasets[i] + ":" + option
		}
		env.Log.Warn(fmt.Sprintf("file names count up as those of the frames of recordings do, and frames of one recording in several parts make results look better than they are: if these are such, --dataset-options %s keeps them together", option),
			"sequences", found.Count, "images", found.Images, "one", found.First)
	}
}

func openDataset(ctx context.Context, env *Environment, s *Settings, name string, source dataset.Source) (dataset.Dataset, error) {
	if s.DryRun {
		source = dataset.Offline(source)
	}
	d, err := source.Open(ctx, s.DataDir(name), dataset.Mode(s.DataMode))
	if err != nil && !strings.HasPrefix(err.Error(), name) {
		err = fmt.Errorf("dataset %s: %w", name, err)
	}
	var missing *dataset.NotFoundError
	switch {
	case errors.As(err, &missing) && s.DryRun:
		return nil, config.Usagef("%w; --data-dir says where the data is, and a dry run downloads nothing", err)
	case errors.As(err, &missing):
		return nil, config.Usagef("%w; --data-dir says where the data is", err)
	case err != nil:
		return nil, err
	}
	env.Log.Info("dataset opened", "dataset", name, "examples", d.Len(), "classes", len(d.Classes()), "sha256", d.Digest())
	return d, nil
}

// takeSplit reads the split list at path, or makes one where path is empty.
func takeSplit(all dataset.Dataset, s *Settings, path string) (*dataset.Split, error) {
	if path == "" {
		split, err := dataset.MakeSplit(all, uint64(s.SplitSeed), s.Ratios())
		if err != nil {
			return nil, usage(err)
		}
		return split, nil
	}
	split, err := dataset.ReadSplit(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, config.Usagef("the split list %s does not exist: blocktrain split makes one", path)
	}
	if err != nil {
		return nil, usage(err)
	}
	if err := split.Check(all); err != nil {
		return nil, usage(fmt.Errorf("%s: %w", path, err))
	}
	return split, nil
}

// measureInput decides the size of the network's input.
func (d *data) measureInput(ctx context.Context, env *Environment, s *Settings) error {
	sizes, err := dataset.MeasureSizes(ctx, d.all)
	if err != nil {
		return err
	}
	d.rule = s.InputRule(imaging.Image{Width: sizes.Width, Height: sizes.Height, Channels: sizes.Channels})
	if s.ImageSize == "" && 2*sizes.Frequent < d.all.Len() {
		return config.Usagef("images differ in size (%s), and fewer than half of them have one in common (%dx%d: %d of %d): want --image-size, such as 64, for the network's input",
			sizes.Range, sizes.Width, sizes.Height, sizes.Frequent, d.all.Len())
	}
	if !sizes.Uniform && s.ImageSize == "" {
		env.Log.Warn("images differ in size; the most frequent size is the network's input, --image-size sets another",
			"sizes", sizes.Range, "input", fmt.Sprintf("%dx%d", d.rule.Width, d.rule.Height), "images", fmt.Sprintf("%d of %d", sizes.Frequent, d.all.Len()))
	}
	if err := d.rule.Validate(); err != nil {
		return &config.UsageError{Err: err}
	}
	return nil
}

// fit keeps images in memory in the size in which they are used.
func (d *data) fit(ctx context.Context, s *Settings) (err error) {
	d.fitted = d.all
	if dataset.Mode(s.DataMode) == dataset.ModeRAM {
		d.fitted, err = dataset.Fit(ctx, d.all, d.rule)
	}
	return err
}

// warnOfDuplicates warns of images that more than one part has.
func (d *data) warnOfDuplicates(env *Environment) {
	if found := d.duplicates; found.Validation+found.Test > 0 {
		first := found.Pairs[0]
		env.Log.Warn("identical images in several parts make results look better than they are",
			"validation", found.Validation, "test", found.Test, "conflicting_labels", found.Conflicting,
			"first", first.Source, "same_as", first.OfSource)
	}
}

// loader makes batches of the run's data; with a pipeline, varied.
func (d *data) loader(s *Settings, p *augment.Pipeline) *dataset.Loader {
	return &dataset.Loader{Dataset: d.fitted, Rule: d.rule, Augment: p, Seed: uint64(s.Seed), Workers: s.workers()}
}

// trainList is the training part, cut down to --limit-train examples drawn by
// the split's seed.
func (d *data) trainList(s *Settings) []int {
	if s.LimitTrain == 0 || s.LimitTrain >= len(d.split.Train) {
		return d.split.Train
	}
	return dataset.Shuffled(d.split.Train, d.split.Seed, 0)[:s.LimitTrain]
}
