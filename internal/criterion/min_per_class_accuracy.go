package criterion

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

type minPerClassAccuracy struct {
	bound
	absent string
}

func newMinPerClassAccuracy(o *config.Options) (Criterion, error) {
	c := &minPerClassAccuracy{bound: bound{name: "min_per_class_accuracy", op: ">=", unit: "share", of: ClassEvaluation}}
	o.Float64(&c.threshold, "threshold", 0.90, "lowest share of the test examples of any one class that must be right", config.Share)
	declareAbsent(o, &c.absent)
	return c, nil
}

// Judge implements Criterion. Classes without test examples refuse, or are left out where
// that is allowed, and said to be. It goes by the measured share, not by its
// interval, but states the interval: of few examples it is wide.
func (c *minPerClassAccuracy) Judge(m Measurements) Verdict {
	test, lacking := resultOf[*metric.Evaluation](m)
	if lacking != "" {
		return c.refused("%s", lacking)
	}
	missing := test.WithoutExamples()
	if len(missing) > 0 && c.absent != skipAbsent {
		return c.refused("%d of %d classes have no test examples, the first of them %q: nothing is known of how well they are recognised",
			len(missing), len(test.PerClass), metric.Clip(missing[0], 40))
	}
	worst := test.WorstClass
	if worst == nil {
		return c.refused("the evaluation has no classes")
	}
	v := c.measured(worst.Accuracy, "the worst class is %q: %s %% of %s test examples (%s %s %%)",
		metric.Clip(worst.Label, 40), metric.Percent(worst.Accuracy), metric.Count(worst.Support), test.ClassIntervalWords(), worst.Interval.Percent())
	v.Interval = &worst.Interval
	v.leaveOut(len(missing))
	return v
}
