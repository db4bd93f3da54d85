package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
)

// elsewhere is data that a network was not trained on.
type elsewhere struct {
	all   dataset.Dataset
	notes []DatasetNote
}

// namesData says whether flags choose the data, instead of the run's record.
func (s *Settings) namesData() bool {
	for _, name := range []string{"dataset", "dataset-options", "data-dir"} {
		if s.Origins[name] == config.OriginFlag {
			return true
		}
	}
	return false
}

// openOther opens the datasets that the settings name.
func openOther(ctx context.Context, env *Environment, s *Settings) (*elsewhere, error) {
	other := &elsewhere{}
	var members []dataset.Dataset
	for _, name := range s.Datasets {
		source, note, err := noted(dataset.MakeDataset, name, s.OptionsOf(name))
		if err != nil {
			return nil, usage(err)
		}
		d, err := openDataset(ctx, env, s, name, source)
		if err != nil {
			return nil, err
		}
		members = append(members, d)
		other.notes = append(other.notes, DatasetNote{note, d.Digest(), d.Len()})
	}
	var err error
	other.all, err = dataset.Concat(members...)
	return other, err
}

// evaluateElsewhere scores the run's network on the official test part of other
// data, or on all of it where there is none. Nothing rests on the result, so that it
// is in no record, and packages are the same with and without it.
func evaluateElsewhere(ctx context.Context, r *session, other *elsewhere) error {
	t, err := loadTrained(r.dir, r.record)
	if err != nil {
		return err
	}
	scored, err := dataset.Remap(other.all, r.record.Identity.Classes)
	if err != nil {
		return usage(err)
	}
	list, part := dataset.Official(scored, dataset.PartTest), "test"
	if len(list) == 0 {
		list, part = everything(scored), "all"
	}
	if err := r.refuseTrained(ctx, other, list); err != nil {
		return err
	}
	l := &dataset.Loader{Dataset: scored, Rule: r.record.Identity.Input, Workers: r.settings.workers()}
	e, err := r.score(ctx, t, l, list)
	if err != nil {
		return err
	}
	e.Dataset, e.Part = strings.Join(r.settings.Datasets, ","), part
	// The digest tells folders apart, and other options of one dataset.
	name := fmt.Sprintf("%s-%.8s", strings.Join(r.settings.Datasets, "-"), other.all.Digest())
	if _, err := r.writeEvaluation(e.Evaluation, name); err != nil {
		return err
	}
	return r.env.printDocument(r.dir.file(evaluationDir, name+".json"))
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
func (r *session) refuseTrained(ctx context.Context, other *elsewhere, indexes []int) error {
	split, err := dataset.ReadSplit(r.dir.file(splitFile))
	if err != nil {
		return err
	}
	n := countShared(identify(r.record.Identity.Datasets, split.Train), identify(other.notes, indexes))
	if n == 0 && r.record.usesDatasets(r.settings.Datasets) {
		if n, err = r.countSeen(ctx, split, other.all, indexes); err != nil {
			return err
		}
	}
	if n > 0 {
		return config.Usagef("the network was trained on %d of the %d examples to be scored: evaluate it on its own test part instead", n, len(indexes))
	}
	return nil
}

func (record *Record) usesDatasets(names []string) bool {
	return strings.Join(record.datasetNames(), ",") == strings.Join(names, ",")
}

// countSeen counts the examples at indexes that are of the run's training part,
// although the data as a whole is not the run's: those of the same source and
// pixels. Where the run's own data is no longer there, none can be found.
func (r *session) countSeen(ctx context.Context, split *dataset.Split, other dataset.Dataset, indexes []int) (int, error) {
	r.env.Log.Info("reading the run's own data, to see whether it has the same images",
		"dataset", strings.Join(r.record.datasetNames(), ","), "data_dir", strings.Join(r.record.dataDirs(r.dir.path), ","))
	own, err := r.record.openData(ctx, r.dir.path)
	if err == nil && own.Digest() != split.Dataset {
		err = errors.New("other data is in its place")
	}
	if err != nil {
		r.env.Log.Warn("the run's own data is not at hand, so that nobody can tell whether it has the same images", "error", err)
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
		r.env.Log.Warn("some images are identical to images that the network was trained on, which makes the result look better than it is",
			"images", len(shared), "first", other.Source(shared[0]))
	}
	return n, nil
}
