package metric

import (
	"cmp"
	"slices"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// Mistake is one example that was classified wrongly.
type Mistake struct {
	Index      int     `json:"index"` // row in the probabilities
	Label      int     `json:"label"` // true class
	Predicted  int     `json:"predicted"`
	Confidence float32 `json:"confidence"` // probability of the predicted class
}

// Mistakes returns up to limit wrongly classified examples, the most confident
// ones first and equally confident ones in the order of their index.
// Probabilities is [N,K] row-major, N the number of labels.
func Mistakes(probabilities []float32, labels []int, limit int) []Mistake {
	if len(labels) == 0 {
		return nil
	}
	k := len(probabilities) / len(labels)
	var all []Mistake
	for i, label := range labels {
		row := probabilities[i*k : (i+1)*k]
		if p := kernel.ArgMax(row); p != label {
			all = append(all, Mistake{Index: i, Label: label, Predicted: p, Confidence: row[p]})
		}
	}
	slices.SortStableFunc(all, func(a, b Mistake) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return all[:min(max(limit, 0), len(all))]
}

// ConfusedPair says how often examples of one class are taken for another.
type ConfusedPair struct {
	Label, Predicted string
	Count            int
	Support          int // examples of the first class
}

// Share is the share of the first class's examples that are taken for the second.
func (p ConfusedPair) Share() float64 { return ratio(p.Count, p.Support) }

// MostConfused returns up to limit pairs of classes, the one confused most
// often first, ties in the order of the confusion matrix.
func (e *Evaluation) MostConfused(limit int) []ConfusedPair {
	var all []ConfusedPair
	for c := range e.Cells() {
		if c.True != c.Predicted {
			all = append(all, ConfusedPair{e.PerClass[c.True].Label, e.PerClass[c.Predicted].Label, c.Count, e.PerClass[c.True].Support})
		}
	}
	slices.SortStableFunc(all, func(a, b ConfusedPair) int { return b.Count - a.Count })
	return all[:min(max(limit, 0), len(all))]
}
