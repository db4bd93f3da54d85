package criterion

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

type noRegression struct{ bound }

func newNoRegression(o *config.Options) (Criterion, error) {
	c := &noRegression{bound{name: "no_regression", op: ">=", unit: "p-value", of: Regression}}
	o.Float64(&c.threshold, "threshold", 0.05, "significance: a model is worse if chance alone explains the difference with a lower probability", config.Above(0), config.Between(0, 1))
	return c, nil
}

// Judge implements Criterion. The measurement is the one-sided p-value: a model
// that is better than the baseline, however clearly, passes.
func (c *noRegression) Judge(m Measurements) Verdict {
	b := m.Baseline
	test, lacking := resultOf[*metric.Evaluation](m)
	switch {
	case b == nil:
		return c.refused("there is no baseline to compare with: name a run or package with --baseline")
	case lacking != "":
		return c.refused("%s", lacking)
	case b.TrainedOn > 0:
		return c.refused("the baseline was trained on %s examples of this test part, so that its accuracy here says nothing: choose another baseline or use its split",
			metric.Count(b.TrainedOn))
	}
	if counts := b.Comparison; !fits(counts, test) {
		return c.refused("the comparison with the baseline (%s examples, %s right) is not of this evaluation (%s examples, %s right): evaluate the run again",
			metric.Count(counts.Examples()), metric.Count(counts.BothRight+counts.OnlyCandidate), metric.Count(test.Examples), metric.Count(test.Correct))
	}
	i := b.Comparison.DifferenceInterval()
	return c.measured(b.Comparison.PValueWorse(), "against %s: %s examples only the baseline has right, %s only this model; accuracy differs by %+.2f percentage points (%s %+.2f to %+.2f%s)%s",
		metric.Clip(b.Name, 100), metric.Count(b.Comparison.OnlyBaseline), metric.Count(b.Comparison.OnlyCandidate),
		100*b.Comparison.Difference(), b.Comparison.IntervalWords(), 100*i.Low, 100*i.High, asIfIndependent(b, test), b.doubt())
}

// asIfIndependent says that a comparison of grouped images takes no heed of groups, as those of
// earlier programs.
func asIfIndependent(b *Baseline, test *metric.Evaluation) string {
	if !test.Grouped() || b.Comparison.Groups != nil {
		return ""
	}
	return ", as if images of a group were independent"
}

// doubt is what a comparison cannot say. A baseline that has seen the test part
// looks better than it is, and so asks more of the model, never less.
func (b *Baseline) doubt() string {
	if !b.Unknown {
		return ""
	}
	return "; whether the baseline was trained on images of this test part is not known, for the data that it was trained on is not where it was"
}

func fits(c metric.Comparison, test *metric.Evaluation) bool {
	return c.CheckGroups() == nil && (c.Groups == nil || len(c.Groups) == test.Groups()) && c.BothRight >= 0 && c.BothWrong >= 0 && c.OnlyBaseline >= 0 && c.OnlyCandidate >= 0 &&
		c.Examples() == test.Examples && c.BothRight+c.OnlyCandidate == test.Correct
}
