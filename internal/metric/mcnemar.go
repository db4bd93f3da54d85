package metric

import (
	"fmt"
	"math"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// Comparison counts, over one list of examples, which of two classifiers is
// right.
type Comparison struct {
	BothRight     int `json:"both_right"`
	OnlyCandidate int `json:"only_candidate_right"`
	OnlyBaseline  int `json:"only_baseline_right"`
	BothWrong     int `json:"both_wrong"`
	// Groups are there where the examples are grouped, so that the test is by groups: of each
	// its examples, those that only the candidate has right, and those that only the baseline
	// has.
	Groups [][]int `json:"groups,omitempty" schema:"2"`
}

// Compare counts on which examples the candidate and the baseline are right.
// Both give probabilities [N,K] of the same examples; K may differ.
func Compare(candidate, baseline []float32, labels []int) (Comparison, error) {
	var c Comparison
	n := len(labels)
	if n == 0 || len(candidate) == 0 || len(baseline) == 0 || len(candidate)%n != 0 || len(baseline)%n != 0 {
		return c, fmt.Errorf("cannot compare: %d and %d probabilities for %d examples", len(candidate), len(baseline), n)
	}
	k, m := len(candidate)/n, len(baseline)/n
	for i, label := range labels {
		c.add(kernel.ArgMax(candidate[i*k:(i+1)*k]) == label, kernel.ArgMax(baseline[i*m:(i+1)*m]) == label)
	}
	return c, nil
}

func (c *Comparison) add(candidate, baseline bool) {
	switch {
	case candidate && baseline:
		c.BothRight++
	case candidate:
		c.OnlyCandidate++
	case baseline:
		c.OnlyBaseline++
	default:
		c.BothWrong++
	}
}

// Examples is the number of examples compared.
func (c Comparison) Examples() int {
	return c.BothRight + c.OnlyCandidate + c.OnlyBaseline + c.BothWrong
}

// Difference is the candidate's accuracy less the baseline's; 0 without
// examples.
func (c Comparison) Difference() float64 {
	if c.Examples() == 0 {
		return 0
	}
	return ratio(c.OnlyCandidate-c.OnlyBaseline, c.Examples())
}

// DifferenceInterval is the 95 % confidence interval of Difference, from -1 to 1; it is
// 0 to 0 without examples. It is method 10 of R. G. Newcombe, Improved Confidence
// Intervals for the Difference between Binomial Proportions Based on Paired Data, 1998:
// the Wilson intervals of the two accuracies are put together by their correlation phi,
//
//	low = d - sqrt(a² - 2 phi a b + b²), a and b to the candidate's low and the baseline's high end
//
// and the same for high with the other ends. It means something for a handful of examples
// and where the two never disagree. Of grouped examples it is by groups.
func (c Comparison) DifferenceInterval() Interval {
	n := c.Examples()
	if n == 0 {
		return Interval{}
	}
	if c.Groups != nil {
		return c.differenceByGroups()
	}
	candidate, baseline := c.BothRight+c.OnlyCandidate, c.BothRight+c.OnlyBaseline
	first, second := ratio(candidate, n), ratio(baseline, n)
	i, j := Wilson(candidate, n), Wilson(baseline, n)
	d, phi := c.Difference(), c.correlation()
	return Interval{
		Low:  max(-1, d-joined(first-i.Low, j.High-second, phi)),
		High: min(1, d+joined(i.High-first, second-j.Low, phi)),
	}
}

// joined is the distance of an end of the interval, where those of the two accuracies
// are a and b away.
func joined(a, b, phi float64) float64 {
	return math.Sqrt(max(0, float64(a*a)+float64(b*b)-2*float64(phi*float64(a*b))))
}

// correlation is how much the two are right on the same examples: phi of the table of
// counts with the continuity correction of Newcombe, 0 where one of them is always
// right or always wrong.
func (c Comparison) correlation() float64 {
	half := float64(float64(c.Examples()) / 2)
	together := float64(float64(c.BothRight)*float64(c.BothWrong)) - float64(float64(c.OnlyCandidate)*float64(c.OnlyBaseline))
	if together > 0 {
		together = max(0, together-half)
	}
	right, wrong := float64(c.BothRight+c.OnlyCandidate), float64(c.OnlyBaseline+c.BothWrong)
	baselineRight, baselineWrong := float64(c.BothRight+c.OnlyBaseline), float64(c.OnlyCandidate+c.BothWrong)
	margins := float64(right*wrong) * float64(baselineRight*baselineWrong)
	if margins == 0 {
		return 0
	}
	return together / math.Sqrt(margins)
}

// PValueWorse is the exact one-sided p-value of McNemar's paired test: how
// probable it is, if both classifiers were equally good, that the candidate
// does as badly against the baseline as it did, or worse. Small values mean
// that the candidate is worse; it is 1 where they never disagree. Of grouped examples the
// test is by groups.
func (c Comparison) PValueWorse() float64 {
	if c.Groups != nil {
		return c.worseByGroups()
	}
	return coinTail(c.OnlyCandidate+c.OnlyBaseline, c.OnlyBaseline)
}

// PValue is the exact two-sided p-value of McNemar's paired test (Q. McNemar,
// Note on the Sampling Error of the Difference Between Correlated Proportions
// or Percentages, 1947): small values mean that one of the two is better.
func (c Comparison) PValue() float64 {
	larger := max(c.OnlyCandidate, c.OnlyBaseline)
	return min(1, 2*coinTail(c.OnlyCandidate+c.OnlyBaseline, larger))
}

// coinTail is the probability of heads or more heads in n throws of a fair
// coin. The binomial coefficients are taken relative to the largest one, each
// from its neighbour, so that neither factorials nor logarithms are needed;
// those too small for a float64 count as 0.
func coinTail(n, heads int) float64 {
	all, tail := 0.0, 0.0
	count := func(k int, coefficient float64) {
		all += coefficient
		if k >= heads {
			tail += coefficient
		}
	}
	coefficient := 1.0
	for k := n / 2; k >= 0; k-- {
		count(k, coefficient)
		coefficient = float64(coefficient * (float64(k) / float64(n-k+1)))
	}
	coefficient = 1.0
	for k := n/2 + 1; k <= n; k++ {
		coefficient = float64(coefficient * (float64(n-k+1) / float64(k)))
		count(k, coefficient)
	}
	return tail / all
}
