package criterion

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

type minUnseenAccuracy struct{ bound }

func newMinUnseenAccuracy(o *config.Options) (Criterion, error) {
	c := &minUnseenAccuracy{bound{name: "min_unseen_accuracy", op: ">=", unit: "share", of: ClassEvaluation}}
	o.Float64(&c.threshold, "threshold", 0.75, "lowest share of the test clips of unseen scenes that must be right", config.Share)
	return c, nil
}

// Judge implements Criterion. Clips count, and not their frames; where no test clip shows a
// scene that the training part does not, nothing is known, and the model is refused.
func (c *minUnseenAccuracy) Judge(m Measurements) Verdict {
	test, lacking := resultOf[*metric.Evaluation](m)
	switch {
	case lacking != "":
		return c.refused("%s", lacking)
	case test.Clips == nil:
		return c.refused("the test part has no clips, so that nothing is known of scenes: leave the criterion out, or use the dataset clips")
	case test.Clips.Unseen == nil && test.Clips.Seen == nil:
		return c.refused("it is not known which scenes of the test part the training part shows: evaluate the run again")
	case test.Clips.Unseen == nil:
		return c.refused("all %s test clips show scenes of the training part, so that nothing is known of others: test with clips of other scenes, which the dataset option group=scene keeps apart",
			metric.Count(test.Clips.Clips.Count))
	}
	u := test.Clips.Unseen
	v := c.measured(u.Accuracy, "%s of %s test clips of scenes that the training part does not show are right (95 %% interval by groups %s %%)",
		metric.Count(u.Correct), metric.Count(u.Count), u.Interval.Percent())
	v.Interval = &u.Interval
	return v
}
