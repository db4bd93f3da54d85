package rundata

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/target"
)

// warnOfParts warns of classes that a part has no examples of, and of a test part with few.
func (d *Data) warnOfParts(env *rundir.Environment, s *settings.Settings, t target.Properties) {
	for _, part := range []dataset.Part{dataset.PartValidation, dataset.PartTest} {
		if missing := dataset.Absent(d.All, d.Split.Indexes(part)); len(missing) > 0 {
			env.Log.Warn("a part has no examples of some classes, as --allow-missing-class allows: nothing is found out about them there",
				"part", part.String(), "classes", len(missing), "first", missing[0])
		}
	}
	d.warnOfFew(env, s, t)
	d.warnOfUnlearnt(env, s, t)
}

// fewToLearn is below how many training examples a class is hardly learnt.
const fewToLearn = 10

// warnOfUnlearnt warns of classes with few examples to train with.
func (d *Data) warnOfUnlearnt(env *rundir.Environment, s *settings.Settings, t target.Properties) {
	if !t.Labelled {
		return
	}
	counts, few := dataset.Counts(d.All, d.TrainList(s)), 0
	for _, n := range counts {
		if n > 0 && n < fewToLearn {
			few++
		}
	}
	if few > 0 {
		rarest := dataset.Rarest(counts)
		env.Log.Warn("some classes have few examples to train with, so that the model will hardly know them: collect more, or give --class-weights if others have many",
			"classes", few, "of", len(counts), "rarest", d.All.Classes()[rarest], "its_examples", counts[rarest], "wanted", fewToLearn)
	}
}

// warnOfFew warns of a test part that is small, or else of the classes it has few examples of.
func (d *Data) warnOfFew(env *rundir.Environment, s *settings.Settings, t target.Properties) {
	wanted, perClass := int(s.MinTestExamples.Or(criterion.FewExamples)), int(s.MinClassTestExamples.Or(criterion.FewExamples))
	if n := len(d.Split.Test); n < wanted {
		env.Log.Warn("the test part has few examples, so that its figures say little; --min-test-examples NUMBER refuses such models", "examples", n, "wanted", wanted)
		return
	}
	if !t.Labelled {
		return
	}
	counts := dataset.Counts(d.All, d.Split.Test)
	if rarest := dataset.Rarest(counts); counts[rarest] < perClass {
		few := 0
		for _, n := range counts {
			if n > 0 && n < perClass {
				few++
			}
		}
		env.Log.Warn("the test part has few examples of some classes, so that their figures say little; --min-class-test-examples NUMBER refuses such models",
			"classes", few, "of", len(counts), "rarest", d.All.Classes()[rarest], "its_examples", counts[rarest], "wanted", perClass)
	}
}

// checkWeights refuses a training part of which no example counts.
func (d *Data) checkWeights(s *settings.Settings) error {
	list := d.TrainList(s)
	counts := func(i int) bool { return d.All.Info(i).Weight.Of() > 0 }
	if slices.ContainsFunc(list, counts) {
		return nil
	}
	return config.Usagef("all %d examples to be trained on have the weight 0, so that nothing would be learnt: give some of them a weight above 0", len(list))
}
