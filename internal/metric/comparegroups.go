package metric

import (
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// AddGroups adds to a comparison, which was made of the same probabilities and labels [N], how
// it came out in each group; groups [N] has the number of each example's group, from 0 and
// without gaps.
func (c *Comparison) AddGroups(groups []int, candidate, baseline []float32, labels []int) {
	k, m := len(candidate)/len(labels), len(baseline)/len(labels)
	c.Groups = make([][]int, slices.Max(groups)+1)
	for i, label := range labels {
		g := &c.Groups[groups[i]]
		if *g == nil {
			*g = make([]int, 3)
		}
		(*g)[0]++
		first, second := kernel.ArgMax(candidate[i*k:(i+1)*k]) == label, kernel.ArgMax(baseline[i*m:(i+1)*m]) == label
		switch {
		case first && !second:
			(*g)[1]++
		case second && !first:
			(*g)[2]++
		}
	}
}

// CheckGroups refuses counts of groups that are not those of the comparison.
func (c *Comparison) CheckGroups() error {
	if c.Groups == nil {
		return nil
	}
	var sum [3]int
	for i, g := range c.Groups {
		if len(g) != 3 || g[0] < 1 || g[1] < 0 || g[2] < 0 || g[1]+g[2] > g[0] || g[0] > maxCount {
			return fmt.Errorf("groups[%d]: want examples, and how many of them only the candidate, and only the baseline, has right", i)
		}
		for at := range sum {
			sum[at] += g[at]
		}
	}
	if sum != [3]int{c.Examples(), c.OnlyCandidate, c.OnlyBaseline} {
		return fmt.Errorf("groups: they hold %d examples, %d only the candidate has right and %d only the baseline, the comparison %d, %d and %d",
			sum[0], sum[1], sum[2], c.Examples(), c.OnlyCandidate, c.OnlyBaseline)
	}
	return nil
}

const (
	// mostSums bounds the work of the exact test.
	mostSums = 50_000_000
	// useOfFlips is the use of the bootstrap's numbers for the test by draws.
	useOfFlips      = 1<<20 + 100
	useOfDifference = 1<<20 + 101
)

// worseByGroups is the one-sided p-value of the sign-flip test over groups: if both classifiers
// were equally good, the outcome of each group might as well have been the other way round, for
// all its examples at once. It is the share of all such outcomes in which the candidate does as
// badly as it did, or worse (R. A. Fisher, The Design of Experiments, 1935, section 21). With
// one example in each group it is McNemar's exact test. It is counted out, or where that would
// take long, estimated by 2,000 addressed draws, the outcome itself being one more.
func (c *Comparison) worseByGroups() float64 {
	var differences []int
	found, reach := 0, 0
	for _, g := range c.Groups {
		if d := g[1] - g[2]; d != 0 {
			differences = append(differences, max(d, -d))
			found, reach = found+d, reach+max(d, -d)
		}
	}
	if len(differences)*(2*reach+1) > mostSums {
		return worseByDraws(differences, found)
	}
	sums := make([]float64, 2*reach+1) // probability of each sum, from -reach
	sums[reach] = 1
	span := 0
	for _, d := range differences {
		next := make([]float64, len(sums))
		for s := reach - span; s <= reach+span; s++ {
			half := float64(sums[s] / 2)
			next[s-d] += half
			next[s+d] += half
		}
		sums, span = next, span+d
	}
	p := 0.0
	for s := 0; s <= reach+found; s++ {
		p += sums[s]
	}
	return min(1, p)
}

func worseByDraws(differences []int, found int) float64 {
	key, worse := rng.NewKey(1, rng.Bootstrap), 1
	for draw := range bootstrapDraws {
		stream, sum := key.Stream(uint32(draw), useOfFlips, 0), 0
		for _, d := range differences {
			if stream.Uint32()&1 == 0 {
				d = -d
			}
			sum += d
		}
		if sum <= found {
			worse++
		}
	}
	return ratio(worse, bootstrapDraws+1)
}

// differenceByGroups is the 95 % interval of the difference in accuracy by the bootstrap over
// groups, as [intervalByGroups]. A single group tells nothing.
func (c *Comparison) differenceByGroups() Interval {
	n := len(c.Groups)
	if n == 1 {
		return Interval{-1, 1}
	}
	key, differences := rng.NewKey(1, rng.Bootstrap), make([]float64, bootstrapDraws)
	for draw := range differences {
		stream, examples, sum := key.Stream(uint32(draw), useOfDifference, 0), 0, 0
		for range n {
			g := c.Groups[stream.IntN(n)]
			examples, sum = examples+g[0], sum+g[1]-g[2]
		}
		differences[draw] = ratio(sum, examples)
	}
	slices.Sort(differences)
	return Interval{differences[bootstrapTail-1], differences[bootstrapDraws-bootstrapTail]}
}

// IntervalWords says what [Comparison.DifferenceInterval] is.
func (c *Comparison) IntervalWords() string {
	if c.Groups == nil {
		return "95 % interval"
	}
	return "95 % interval by " + counted(len(c.Groups))
}
