package pipeline

import (
	"context"
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/controls"
	"github.com/blocktrain/blocktrain/internal/dataset"
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

// readClassMap reads a class map for the data that flags name; nil where path is empty.
func readClassMap(s *settings.Settings, path string) (*dataset.ClassMap, error) {
	switch {
	case path == "":
		return nil, nil
	case !namesData(s):
		return nil, config.Usagef("--class-map is for other data than the run's own: want --dataset or --data-dir with it")
	}
	return dataset.ReadClassMap(path)
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
//
// The data may lack classes of the model, and a class map may give its classes the model's
// names.
func evaluateElsewhere(ctx context.Context, c *release.Candidate, other *elsewhere, classMap *dataset.ClassMap) (*Evaluated, error) {
	model, err := c.Classifier()
	if err != nil {
		return nil, err
	}
	scored := other.all
	switch {
	case model.Labels != nil:
		if scored, err = dataset.Within(other.all, model.Labels, classMap); err != nil {
			return nil, err
		}
	case classMap != nil:
		return nil, config.Usagef("--class-map gives classes the model's names: this model has no classes, leave it out")
	}
	list, part := dataset.Official(scored, dataset.PartTest), "test"
	if len(list) == 0 {
		list, part = everything(scored), "all"
	}
	sayAbsent(c.Env, scored, list)
	trained, err := refuseTrained(ctx, c, other, list)
	if err != nil {
		return nil, err
	}
	l := &dataset.Loader{Dataset: scored, Rule: model.Rule, Workers: c.Settings.WorkerCount()}
	e, err := score(ctx, c.Record, model, l, list, trained)
	if err != nil {
		return nil, err
	}
	head := e.Header()
	head.Dataset, head.Part = strings.Join(c.Settings.DatasetNames(), ","), part
	// The digest tells folders apart, and other options of one dataset.
	digest := other.all.Digest()
	if classMap != nil {
		digest, head.ClassMap = scored.Digest(), renamed(classMap)
	}
	name := fmt.Sprintf("%s-%.8s", strings.Join(c.Settings.DatasetNames(), "-"), digest)
	found, err := c.DetectElsewhere(ctx, scored, list, part, name)
	if err != nil {
		return nil, err
	}
	file, err := c.WriteElsewhere(e.Result, name)
	return &Evaluated{Parts: []metric.Result{e.Result}, Detection: found, File: file}, err
}

// renamed is a class map as an evaluation has it.
func renamed(m *dataset.ClassMap) *[]metric.RenamedClass {
	names := make([]metric.RenamedClass, len(m.Names))
	for i, name := range m.Names {
		names[i] = metric.RenamedClass{Data: name.Data, Model: name.Model}
	}
	return &names
}

// sayAbsent names the classes that none of the examples to be scored is of.
func sayAbsent(env *rundir.Environment, d dataset.Dataset, list []int) {
	if missing := dataset.Absent(d, list); len(missing) > 0 && len(missing) < len(d.Classes()) {
		env.Log.Warn("the data has no examples of some classes of the model: the figures say nothing about these, and averages leave them out",
			"classes", len(missing), "of", len(d.Classes()), "first", missing[0])
	}
}

func everything(d dataset.Dataset) []int {
	list := make([]int, d.Len())
	for i := range list {
		list[i] = i
	}
	return list
}

// refuseTrained refuses to score a network on examples, those at indexes of other
// data, that it was trained on. It returns the clips that it was trained on, if they are at
// hand.
func refuseTrained(ctx context.Context, c *release.Candidate, other *elsewhere, indexes []int) (trained controls.Trained, err error) {
	split, err := dataset.ReadSplit(c.Dir.File(rundir.SplitFile))
	if err != nil {
		return trained, err
	}
	n := release.CountShared(release.Identify(c.Record.Identity.Datasets, split.Train), release.Identify(other.notes, indexes))
	if n == 0 && c.Record.UsesDatasets(c.Settings.DatasetModules()) {
		own, seen, err := c.CountSeen(ctx, split, other.all, indexes)
		if err != nil {
			return trained, err
		}
		if n = seen; own != nil {
			trained = controls.TrainedOn(own, split.Train)
		}
	}
	if n > 0 {
		return trained, config.Usagef("the network was trained on %d of the %d examples to be scored: evaluate it on its own test part instead", n, len(indexes))
	}
	return trained, nil
}
