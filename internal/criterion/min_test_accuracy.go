package criterion

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

const notEvaluated = "there is no evaluation on the test part: run the evaluate stage"

type minTestAccuracy struct{ bound }

func newMinTestAccuracy(o *config.Options) (Criterion, error) {
	c := &minTestAccuracy{bound{name: "min_test_accuracy", op: ">=", unit: "share"}}
	o.Float(&c.threshold, "threshold", 0.97, "lowest share of the test examples that must be right", config.Share)
	return c, nil
}

// Judge implements Criterion.
func (c *minTestAccuracy) Judge(m Measurements) Verdict {
	if m.Test == nil {
		return c.refused(notEvaluated)
	}
	if m.Test.Examples == 0 {
		return c.refused("the test part has no examples")
	}
	v := c.measured(m.Test.Accuracy, "%s of %s test examples are right (95 %% interval %s %%)",
		metric.Count(m.Test.Correct), metric.Count(m.Test.Examples), m.Test.AccuracyInterval.Percent())
	v.Interval = &m.Test.AccuracyInterval
	return v
}
