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
}

// warnOfFew warns of a test part that is small, or has few examples of a class.
func (d *Data) warnOfFew(env *rundir.Environment, s *settings.Settings, t target.Properties) {
	wanted, perClass := int(s.MinTestExamples.Or(criterion.FewExamples)), int(s.MinClassTestExamples.Or(criterion.FewExamples))
	attributes := []any{"examples", len(d.Split.Test), "wanted", wanted}
	few := len(d.Split.Test) < wanted
	if t.Labelled {
		counts := dataset.Counts(d.All, d.Split.Test)
		rarest := dataset.Rarest(counts)
		few = few || counts[rarest] < perClass
		attributes = append(attributes, "rarest_class", d.All.Classes()[rarest], "its_examples", counts[rarest], "wanted_of_it", perClass)
	}
	if few {
		env.Log.Warn("the test part has few examples, so that its figures say little; the criterion min_test_examples refuses such models", attributes...)
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
