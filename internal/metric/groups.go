package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// Examples of one group, such as the frames of a clip, are alike: a network is mostly right
// on all of them or on none. Intervals that count them as if they were independent are far
// too narrow. Those of grouped data are by groups.

// GroupedSchema is that of evaluations of grouped data, whose intervals are by groups.
const GroupedSchema = 3

// groupCount counts the examples of one class in one group.
type groupCount struct{ group, class, examples, correct int }

// ByGroups makes the intervals of e, which was made of the same probabilities [N,K] and
// labels [N], those by groups; groups [N] has the number of each example's group, from 0 and
// without gaps.
func (e *Evaluation) ByGroups(groups []int, probabilities []float32, labels []int) {
	k := len(e.PerClass)
	counts := make([]groupCount, len(labels))
	for i, label := range labels {
		counts[i] = groupCount{group: groups[i], class: label, examples: 1}
		if kernel.ArgMax(probabilities[i*k:(i+1)*k]) == label {
			counts[i].correct = 1
		}
	}
	slices.SortFunc(counts, groupCount.compare)
	e.GroupCounts = nil
	for i, c := range counts {
		if last := len(e.GroupCounts) - 1; i > 0 && c.compare(counts[i-1]) == 0 {
			e.GroupCounts[last][2] += c.examples
			e.GroupCounts[last][3] += c.correct
			continue
		}
		e.GroupCounts = append(e.GroupCounts, []int{c.group, c.class, c.examples, c.correct})
	}
	e.Schema = GroupedSchema
	e.setIntervals()
}

func (c groupCount) compare(d groupCount) int {
	return cmp.Or(cmp.Compare(c.group, d.group), cmp.Compare(c.class, d.class))
}

// Grouped says whether the intervals are by groups.
func (e *Evaluation) Grouped() bool { return e.GroupCounts != nil }

// Groups is the number of groups of the examples, 0 where they are not grouped.
func (e *Evaluation) Groups() int {
	if !e.Grouped() {
		return 0
	}
	return e.GroupCounts[len(e.GroupCounts)-1][0] + 1
}

// IntervalWords says what the interval of the accuracy is: "95 % interval", or the same by so
// many groups.
func (e *Evaluation) IntervalWords() string {
	if !e.Grouped() {
		return "95 % interval"
	}
	return fmt.Sprintf("95 %% interval by %s", counted(e.Groups()))
}

// counted is a number of groups in words.
func counted(groups int) string {
	if groups == 1 {
		return "1 group"
	}
	return Count(groups) + " groups"
}

// ClassIntervalWords says what the intervals of classes are.
func (e *Evaluation) ClassIntervalWords() string {
	if !e.Grouped() {
		return "95 % interval"
	}
	return "95 % interval by groups"
}

// setIntervals makes the intervals those by groups.
func (e *Evaluation) setIntervals() {
	whole, classes := e.groupIntervals()
	e.AccuracyInterval = whole
	for i := range e.PerClass {
		if c := &e.PerClass[i]; c.Support > 0 {
			c.Interval = &classes[i]
		}
	}
	e.WorstClass = worstClass(e.PerClass)
}

// groupIntervals are the intervals by groups of all examples and of each class, from the
// groups that have examples of it.
func (e *Evaluation) groupIntervals() (whole Interval, classes []Interval) {
	all := make([]share, e.Groups())
	byClass := make([][]share, len(e.PerClass))
	for _, c := range e.GroupCounts {
		all[c[0]].add(c[2], c[3])
		byClass[c[1]] = append(byClass[c[1]], share{c[2], c[3]})
	}
	classes = make([]Interval, len(e.PerClass))
	for class, shares := range byClass {
		if len(shares) > 0 {
			classes[class] = intervalByGroups(shares, uint32(class)+1)
		}
	}
	return intervalByGroups(all, 0), classes
}

// share is how many of the examples of a group, at least one, are right.
type share struct{ examples, correct int }

func (s *share) add(examples, correct int) {
	s.examples += examples
	s.correct += correct
}

// of is the share of all examples of groups that are right.
func of(groups []share) share {
	var sum share
	for _, g := range groups {
		sum.add(g.examples, g.correct)
	}
	return sum
}

const (
	bootstrapDraws = 2000
	bootstrapTail  = bootstrapDraws / 40 // 2.5 %
	// mostDrawn is the number of groups above which the formula for large samples is as good
	// and much faster.
	mostDrawn = 10_000
)

// intervalByGroups is the 95 % interval of the share of examples that are right, where
// groups, and not examples, are the sample: the percentile interval of the bootstrap over
// groups (B. Efron, Bootstrap Methods, 1979; A. C. Davison and D. V. Hinkley, Bootstrap
// Methods and Their Application, 1997, sections 3.8 and 5.3).
//
// Each of 2,000 draws takes as many groups as there are, with replacement, and gives the
// right examples in them over all examples in them. The interval goes from the 50th lowest of
// these shares to the 50th highest. Draw d takes its numbers from the stream (d, use) of the
// purpose Bootstrap with seed 1, so that the interval follows from the counts alone.
//
// Draws cannot tell how wrong the sample is where all of them are equal. If all examples are
// right, or all wrong, the interval is Wilson's for one example of each group. A single
// group tells nothing: 0 to 1. Of more than 10,000 groups the interval is that of a ratio of
// two sums by the central limit theorem.
func intervalByGroups(groups []share, use uint32) Interval {
	n, sum := len(groups), of(groups)
	switch {
	case n == 1:
		return Interval{0, 1}
	case sum.correct == 0:
		return Wilson(0, n)
	case sum.correct == sum.examples:
		return Wilson(n, n)
	case n > mostDrawn:
		return ratioInterval(groups)
	}
	key, ratios := rng.NewKey(1, rng.Bootstrap), make([]float64, bootstrapDraws)
	for d := range ratios {
		stream, drawn := key.Stream(uint32(d), use, 0), share{}
		for range n {
			g := groups[stream.IntN(n)]
			drawn.add(g.examples, g.correct)
		}
		ratios[d] = ratio(drawn.correct, drawn.examples)
	}
	slices.Sort(ratios)
	return Interval{ratios[bootstrapTail-1], ratios[bootstrapDraws-bootstrapTail]}
}

// ratioInterval is the 95 % interval of the ratio of two sums over groups, by its linear
// approximation: plus and minus 1.96 times the root of n/(n-1) times the sum of
// (correct - ratio * examples)^2, over all examples (W. G. Cochran, Sampling Techniques, 1977,
// section 6.4). It stays within 0 to 1.
func ratioInterval(groups []share) Interval {
	sum := of(groups)
	r := ratio(sum.correct, sum.examples)
	var squares kernel.Lanes64
	for i, g := range groups {
		d := float64(g.correct) - float64(r*float64(g.examples))
		squares.Add(i, float64(d*d))
	}
	n := float64(len(groups))
	spread := float64(z95*math.Sqrt(n/(n-1)*squares.Total())) / float64(sum.examples)
	return Interval{max(0, r-spread), min(1, r+spread)}
}

// ByGroups makes the interval of the error of r, which was made of the same scores [N], that by
// groups [N], which are numbered as those of [Evaluation.ByGroups]. A single group has none.
func (r *Reconstruction) ByGroups(groups []int, scores []float32) {
	r.Schema, r.ErrorGroups, r.ErrorInterval = GroupedSchema, slices.Max(groups)+1, nil
	sums := make([]float64, r.ErrorGroups) // of the distances from the mean
	for i, s := range scores {
		sums[groups[i]] += float64(s) - r.Error
	}
	if r.ErrorGroups == 1 {
		return
	}
	var squares kernel.Lanes64
	for i, s := range sums {
		squares.Add(i, float64(s*s))
	}
	n := float64(r.ErrorGroups)
	spread := float64(z95*math.Sqrt(n/(n-1)*squares.Total())) / float64(len(scores))
	r.ErrorInterval = &Interval{max(0, r.Error-spread), r.Error + spread}
}

// checkGroups refuses counts of groups that are not in order, or not those of the confusion
// matrix.
func (e *Evaluation) checkGroups(sums []classSums) error {
	if (e.Schema >= GroupedSchema) != e.Grouped() {
		return fmt.Errorf("group_counts: they are in evaluations of schema %d and above, and always there", GroupedSchema)
	}
	if !e.Grouped() {
		return nil
	}
	last, left := groupCount{group: -1, class: len(sums)}, slices.Clone(sums)
	for i, c := range e.GroupCounts {
		if len(c) != 4 {
			return fmt.Errorf("group_counts[%d] has %d numbers, want group, class, examples and those that are right", i, len(c))
		}
		count := groupCount{c[0], c[1], c[2], c[3]}
		switch {
		case count.group != last.group && count.group != last.group+1, last.compare(count) >= 0:
			return fmt.Errorf("group_counts[%d] does not come after the one before it: want every group from 0 on, and in each its classes in order", i)
		case count.class < 0 || count.class >= len(sums):
			return fmt.Errorf("group_counts[%d] is of class %d, want 0 to %d", i, count.class, len(sums)-1)
		case count.examples < 1 || count.examples > maxCount || count.correct < 0 || count.correct > count.examples:
			return fmt.Errorf("group_counts[%d] counts %d right of %d examples, which cannot be", i, count.correct, count.examples)
		}
		left[count.class].support -= count.examples
		left[count.class].correct -= count.correct
		last = count
	}
	for class, sum := range left {
		if sum.support != 0 || sum.correct != 0 {
			return fmt.Errorf("group_counts: those of class %q are not those of the confusion matrix", e.PerClass[class].Label)
		}
	}
	return nil
}
