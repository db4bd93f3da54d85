package metric

import (
	"errors"
	"reflect"
)

// Paired is how two models do on the same examples, or the same clips. Differences are the
// candidate's share less the baseline's.
type Paired struct {
	Count             int      `json:"count"`
	Groups            int      `json:"groups"`
	Candidate         int      `json:"candidate_correct"`
	Baseline          int      `json:"baseline_correct"`
	CandidateAccuracy float64  `json:"candidate_accuracy"`
	BaselineAccuracy  float64  `json:"baseline_accuracy"`
	Difference        float64  `json:"difference"`
	Interval          Interval `json:"difference_interval"` // 95 %, by groups
}

// pair is how many examples a group has, and how many of them each model has right.
type pair struct{ examples, candidate, baseline int }

// Pairs are the groups of the examples and of the clips of two lists of parts, of which both
// models judged the same ones. The zero value has none.
type Pairs struct{ examples, clips []pair }

// ErrPairs says that two results are not of the same examples in groups.
var ErrPairs = errors.New("the two are not of the same examples and clips in the same groups")

// Add adds a part, by the counts of its groups and the figures of its clips as an [Evaluation] or
// a [SensorPoint] has them; of parts without clips both are nil.
func (p *Pairs) Add(candidate, baseline [][]int, clips, baselineClips *ClipFigures) error {
	if len(candidate) == 0 || len(candidate) != len(baseline) || (clips == nil) != (baselineClips == nil) {
		return ErrPairs
	}
	first, last := len(p.examples), -1
	for i, c := range candidate {
		b := baseline[i]
		if c[0] != b[0] || c[1] != b[1] || c[2] != b[2] {
			return ErrPairs
		}
		if c[0] != last {
			p.examples, last = append(p.examples, pair{}), c[0]
		}
		sum := &p.examples[first+c[0]]
		sum.examples, sum.candidate, sum.baseline = sum.examples+c[2], sum.candidate+c[3], sum.baseline+b[3]
	}
	if clips == nil {
		return nil
	}
	if !pairable(clips, baselineClips) {
		return ErrPairs
	}
	places := map[int]int{} // group -> index
	for i := range clips.Each {
		l := &clips.Each[i]
		at, known := places[l.Group]
		if !known {
			at = len(p.clips)
			places[l.Group], p.clips = at, append(p.clips, pair{})
		}
		sum := &p.clips[at]
		sum.examples++
		sum.candidate += oneClip(l).correct
		sum.baseline += oneClip(&baselineClips.Each[i]).correct
	}
	return nil
}

// pairable says whether figures are of the same clips. Whether the training part shows their
// scenes may differ.
func pairable(a, b *ClipFigures) bool {
	if len(a.Each) != len(b.Each) {
		return false
	}
	for i, l := range a.Each {
		m := b.Each[i]
		l.Decided, l.Correct, l.Seen = m.Decided, m.Correct, m.Seen
		if !reflect.DeepEqual(l, m) {
			return false
		}
	}
	return true
}

// Examples compares the two by examples.
func (p *Pairs) Examples() *Paired { return pairedOf(p.examples) }

// Clips compares the two by clips; nil where there are none.
func (p *Pairs) Clips() *Paired {
	if len(p.clips) == 0 {
		return nil
	}
	return pairedOf(p.clips)
}

// pairedOf compares by groups, at least one. The interval is that of the bootstrap over groups, of
// [Comparison.DifferenceInterval].
func pairedOf(groups []pair) *Paired {
	made, counts := &Paired{Groups: len(groups)}, &Comparison{}
	for _, g := range groups {
		made.Count, made.Candidate, made.Baseline = made.Count+g.examples, made.Candidate+g.candidate, made.Baseline+g.baseline
		counts.Groups = append(counts.Groups, []int{g.examples, g.candidate, g.baseline})
	}
	made.CandidateAccuracy, made.BaselineAccuracy = ratio(made.Candidate, made.Count), ratio(made.Baseline, made.Count)
	made.Difference, made.Interval = ratio(made.Candidate-made.Baseline, made.Count), counts.differenceByGroups()
	return made
}
