package metric

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// Pool is the evaluation of the examples of several, which have the same classes and no
// example and no group in common: counts are added up, and every figure follows from their
// sums. The loss is the mean over all examples. In the place of the digest of probabilities is
// the SHA-256 of those of the parts, one after the other.
func Pool(parts []*Evaluation) (*Evaluation, error) {
	if len(parts) == 0 {
		return nil, errors.New("cannot pool evaluations: there are none")
	}
	classes := labelsOf(parts[0])
	t, digests := &tally{}, sha256.New()
	var loss kernel.Lanes64
	for i, e := range parts {
		if !slices.Equal(labelsOf(e), classes) {
			return nil, fmt.Errorf("cannot pool evaluations: the first has other classes than the one with number %d", i+1)
		}
		if err := t.addAll(e); err != nil {
			return nil, err
		}
		loss.Add(i, float64(e.Loss*float64(e.Examples)))
		digests.Write([]byte(e.ProbabilitiesSHA256))
	}
	pooled := t.evaluation(classes)
	pooled.Loss = loss.Total() / float64(pooled.Examples)
	pooled.ProbabilitiesSHA256 = hex.EncodeToString(digests.Sum(nil))
	return pooled, pooled.poolGroups(parts)
}

func labelsOf(e *Evaluation) []string {
	var labels []string
	for _, c := range e.PerClass {
		labels = append(labels, c.Label)
	}
	return labels
}

// addAll adds the counts of an evaluation.
func (t *tally) addAll(e *Evaluation) error {
	if err := e.checkBins(); err != nil {
		return err
	}
	t.cells = slices.AppendSeq(t.cells, e.Cells())
	t.examples += e.Examples
	t.topFive += int(math.RoundToEven(float64(e.TopK.Five * float64(e.Examples))))
	for i, b := range e.CalibrationBins {
		c := b.counts()
		t.bins[i].count += c.count
		t.bins[i].correct += c.correct
		t.bins[i].confidence += c.confidence
	}
	return nil
}

// poolGroups takes the counts of the parts' groups, one after the other. Parts without groups
// among ones with groups have a group for each example.
func (e *Evaluation) poolGroups(parts []*Evaluation) error {
	if !slices.ContainsFunc(parts, (*Evaluation).Grouped) {
		return nil
	}
	groups := 0
	for _, part := range parts {
		if !part.Grouped() {
			return errors.New("cannot pool evaluations: some count groups, and others do not")
		}
		for _, c := range part.GroupCounts {
			e.GroupCounts = append(e.GroupCounts, []int{groups + c[0], c[1], c[2], c[3]})
		}
		groups += part.Groups()
	}
	e.Schema = GroupedSchema
	e.setIntervals()
	e.poolClips(parts)
	return nil
}
