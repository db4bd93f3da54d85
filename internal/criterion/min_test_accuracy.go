package criterion

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

const notEvaluated = "there is no evaluation on the test part: run the evaluate stage"

type minTestAccuracy struct{ bound }

func newMinTestAccuracy(o *config.Options) (Criterion, error) {
	c := &minTestAccuracy{bound{name: "min_test_accuracy", op: ">=", unit: "share", of: ClassEvaluation}}
	o.Float64(&c.threshold, "threshold", 0.97, "lowest share of the test examples that must be right", config.Share)
	return c, nil
}

// Judge implements Criterion.
func (c *minTestAccuracy) Judge(m Measurements) Verdict {
	test, lacking := resultOf[*metric.Evaluation](m)
	if lacking != "" {
		return c.refused("%s", lacking)
	}
	if test.Examples == 0 {
		return c.refused("the test part has no examples")
	}
	v := c.measured(test.Accuracy, "%s of %s test examples are right (%s %s %%)",
		metric.Count(test.Correct), metric.Count(test.Examples), test.IntervalWords(), test.AccuracyInterval.Percent())
	v.Interval = &test.AccuracyInterval
	return v
}
