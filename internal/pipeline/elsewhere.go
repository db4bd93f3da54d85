package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// elsewhere is data that a network was not trained on.
type elsewhere struct {
	all   dataset.Dataset
	notes []rundir.DatasetNote
}

// namesData says whether flags choose the data, instead of the run's record.
func namesData(s *settings.Settings) bool {
	for _, name := range []string{"dataset", "dataset-options", "data-dir"} {
		if s.Origins[name] == config.OriginFlag {
			return true
		}
	}
	return false
}

// openOther opens the datasets that the settings name.
func openOther(ctx context.Context, env *rundir.Environment, s *settings.Settings) (*elsewhere, error) {
	opened, err := rundata.OpenDatasets(ctx, env, s, rundata.How{})
	if err != nil {
		return nil, err
	}
	other := &elsewhere{all: opened.All}
	for i, d := range opened.Members {
		note := rundir.ModuleNote{Name: s.DatasetModules()[i], Options: opened.Resolved[i]}
		other.notes = append(other.notes, rundir.DatasetNote{ModuleNote: note, As: s.OwnName(i), SHA256: d.Digest(), Examples: d.Len()})
	}
	return other, nil
}

// evaluateElsewhere scores the run's network on the official test part of other
// data, or on all of it where there is none. Nothing rests on the result, so that it
// is in no record, and packages are the same with and without it.
func evaluateElsewhere(ctx context.Context, c *release.Candidate, other *elsewhere) (*Evaluated, error) {
	model, err := c.Classifier()
	if err != nil {
		return nil, err
	}
	scored := other.all
	if model.Labels != nil {
		if scored, err = dataset.Remap(other.all, model.Labels); err != nil {
			return nil, config.Usage(err)
		}
	}
	list, part := dataset.Official(scored, dataset.PartTest), "test"
	if len(list) == 0 {
		list, part = everything(scored), "all"
	}
	if err := refuseTrained(ctx, c, other, list); err != nil {
		return nil, err
	}
	l := &dataset.Loader{Dataset: scored, Rule: model.Rule, Workers: c.Settings.WorkerCount()}
	e, err := score(ctx, c.Record, model, l, list)
	if err != nil {
		return nil, err
	}
	head := e.Header()
	head.Dataset, head.Part = strings.Join(c.Settings.DatasetNames(), ","), part
	// The digest tells folders apart, and other options of one dataset.
	name := fmt.Sprintf("%s-%.8s", strings.Join(c.Settings.DatasetNames(), "-"), other.all.Digest())
	file, err := c.WriteElsewhere(e.Result, name)
	return &Evaluated{Parts: []metric.Result{e.Result}, File: file}, err
}

func everything(d dataset.Dataset) []int {
	list := make([]int, d.Len())
	for i := range list {
		list[i] = i
	}
	return list
}

// refuseTrained refuses to score a network on examples, those at indexes of other
// data, that it was trained on.
func refuseTrained(ctx context.Context, c *release.Candidate, other *elsewhere, indexes []int) error {
	split, err := dataset.ReadSplit(c.Dir.File(rundir.SplitFile))
	if err != nil {
		return err
	}
	n := release.CountShared(release.Identify(c.Record.Identity.Datasets, split.Train), release.Identify(other.notes, indexes))
	if n == 0 && c.Record.UsesDatasets(c.Settings.DatasetModules()) {
		if n, err = countSeen(ctx, c, split, other.all, indexes); err != nil {
			return err
		}
	}
	if n > 0 {
		return config.Usagef("the network was trained on %d of the %d examples to be scored: evaluate it on its own test part instead", n, len(indexes))
	}
	return nil
}

// countSeen counts the examples at indexes that are of the run's training part,
// although the data as a whole is not the run's: those of the same source and
// pixels. Where the run's own data is no longer there, none can be found.
func countSeen(ctx context.Context, c *release.Candidate, split *dataset.Split, other dataset.Dataset, indexes []int) (int, error) {
	c.Env.Log.Info("reading the run's own data, to see whether it has the same images",
		"dataset", strings.Join(c.Record.DatasetNames(), ","), "data_dir", strings.Join(c.Record.DataDirs(c.Dir.Path), ","))
	own, err := release.OpenRecorded(ctx, c.Record, c.Dir.Path)
	if err == nil && own.Digest() != split.Dataset {
		err = errors.New("other data is in its place")
		if c.Record.Identity.Decoder != imaging.DecoderRules {
			err = errors.New("other data is in its place, or its files are decoded by other rules than then")
		}
	}
	if err != nil {
		c.Env.Log.Warn("the run's own data is not at hand, so that nobody can tell whether it has the same images", "error", err)
		return 0, ctx.Err()
	}
	shared, err := dataset.Shared(ctx, own, split.Train, other, indexes)
	if err != nil || len(shared) == 0 {
		return 0, err
	}
	sources := map[string]bool{}
	for _, i := range split.Train {
		sources[own.Source(i)] = true
	}
	n := 0
	for _, i := range shared {
		if sources[other.Source(i)] {
			n++
		}
	}
	if n == 0 {
		c.Env.Log.Warn("some images are identical to images that the network was trained on, which makes the result look better than it is",
			"images", len(shared), "first", other.Source(shared[0]))
	}
	return n, nil
}
