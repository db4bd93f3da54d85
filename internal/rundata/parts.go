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

// fewToLearn is below how many training examples of a class a warning says so.
const fewToLearn = 10

// warnOfUnlearnt warns of classes with few examples to train with.
func (d *Data) warnOfUnlearnt(env *rundir.Environment, s *settings.Settings, t target.Properties) {
	if t.Labelled {
		d.warnOfClasses(env, d.TrainList(s), fewToLearn,
			"some classes have few examples to train with: collect more of them, or try --sampling balanced if others have many")
	}
}

// warnOfClasses gives a warning if some classes have fewer of the examples than wanted, but not none.
func (d *Data) warnOfClasses(env *rundir.Environment, examples []int, wanted int, words string) {
	counts, few := dataset.Counts(d.All, examples), 0
	for _, n := range counts {
		if n > 0 && n < wanted {
			few++
		}
	}
	if rarest := dataset.Rarest(counts); few > 0 {
		env.Log.Warn(words, "classes", few, "of", len(counts), "rarest", d.All.Classes()[rarest], "its_examples", counts[rarest], "wanted", wanted)
	}
}

// warnOfFew warns of a test part that is small, or else of the classes it has few examples of.
func (d *Data) warnOfFew(env *rundir.Environment, s *settings.Settings, t target.Properties) {
	wanted, perClass := int(s.MinTestExamples.Or(criterion.FewExamples)), int(s.MinClassTestExamples.Or(criterion.FewExamples))
	if n := len(d.Split.Test); n < wanted {
		env.Log.Warn("the test part has few examples, so that its figures say little; --min-test-examples NUMBER refuses such models", "examples", n, "wanted", wanted)
		return
	}
	if t.Labelled {
		d.warnOfClasses(env, d.Split.Test, perClass,
			"the test part has few examples of some classes, so that their figures say little; --min-class-test-examples NUMBER refuses such models")
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
