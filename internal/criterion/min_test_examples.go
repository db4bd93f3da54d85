package criterion

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// FewExamples is below how many test examples, of all classes or of one, figures say
// little, unless settings say otherwise: of 30 examples that are all right, the 95 %
// interval begins at 89 %.
const FewExamples = 30

type minTestExamples struct {
	bound
	perClass float64
	absent   string
}

func newMinTestExamples(o *config.Options) (Criterion, error) {
	c := &minTestExamples{bound: bound{name: "min_test_examples", op: ">=", unit: "examples", of: TestExamples}}
	o.Float64(&c.threshold, "threshold", FewExamples, "lowest number of test examples", IsCount)
	o.Float64(&c.perClass, "per-class", FewExamples, "lowest number of test examples of any one class", IsCount)
	declareAbsent(o, &c.absent)
	return c, nil
}

// IsCount refuses what is no number of examples.
func IsCount(v float64) error {
	if v < 0 || v > 1e7 || v != math.Floor(v) {
		return errors.New("want a whole number from 0 to 1e7")
	}
	return nil
}

// Judge implements Criterion. The number of all test examples is the measurement, and
// that of the rarest class stands beside it where there are classes.
func (c *minTestExamples) Judge(m Measurements) Verdict {
	if !metric.Present(m.Test) {
		v := c.refused("%s", notEvaluated)
		v.Rarest = &RarestClass{Threshold: c.perClass}
		return v
	}
	examples := m.Test.Header().Examples
	v := c.measured(float64(examples), "the test part has %s examples", metric.Count(examples))
	test, is := m.Test.(*metric.Evaluation)
	if !is {
		return v
	}
	rarest, missing := rarestClass(test, c.absent == skipAbsent)
	if rarest == nil {
		return c.refused("the evaluation has no classes")
	}
	v.Rarest = &RarestClass{Label: rarest.Label, Examples: rarest.Support, Threshold: c.perClass}
	v.Passed = v.Passed && v.Rarest.passes()
	v.Reason += fmt.Sprintf(", the rarest class, %q, has %s of them, of at least %s wanted", metric.Clip(rarest.Label, 40), metric.Count(rarest.Support),
		strconv.FormatFloat(c.perClass, 'f', -1, 64))
	v.leaveOut(missing)
	return v
}

// Few says in words that the result rests on fewer examples than [FewExamples], of all
// classes or of one that has some; it is empty where it does not.
func Few(test metric.Result) string {
	c := &minTestExamples{bound{op: ">=", threshold: FewExamples}, FewExamples, skipAbsent}
	v := c.Judge(Measurements{Test: test})
	if v.Passed || v.Measured == nil {
		return ""
	}
	return v.Reason
}

// rarestClass is the first of the classes with the fewest examples, and how many classes
// were left out since they have none, which is 0 unless that is asked for.
func rarestClass(e *metric.Evaluation, skip bool) (rarest *metric.Class, missing int) {
	for i := range e.PerClass {
		c := &e.PerClass[i]
		switch {
		case skip && c.Support == 0:
			missing++
		case rarest == nil || c.Support < rarest.Support:
			rarest = c
		}
	}
	return rarest, missing
}
