package metric

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPool checks that the pool of two halves is the evaluation of the whole.
func TestPool(t *testing.T) {
	classes := []string{"a", "b", "c", "d", "e", "f", "g"}
	var probabilities []float32
	var labels, groups []int
	for i := range 60 {
		row := make([]float32, len(classes))
		for k := range row {
			row[k] = 0.125
		}
		row[i*i%7] = 0.25
		probabilities, labels, groups = append(probabilities, row...), append(labels, i*3%7), append(groups, i/4)
	}
	evaluate := func(from, to int) *Evaluation {
		part, err := Evaluate(probabilities[from*7:to*7], labels[from:to], classes)
		if err != nil {
			t.Fatal(err)
		}
		numbers := make([]int, to-from)
		for i := range numbers {
			numbers[i] = groups[from+i] - groups[from]
		}
		part.ByGroups(numbers, probabilities[from*7:to*7], labels[from:to])
		return part
	}
	pooled, err := Pool([]*Evaluation{evaluate(0, 24), evaluate(24, 60)})
	if err != nil {
		t.Fatal(err)
	}
	whole := evaluate(0, 60)
	if d := pooled.Loss - whole.Loss; d > 1e-12 || d < -1e-12 {
		t.Errorf("loss %v, want %v", pooled.Loss, whole.Loss)
	}
	pooled.Loss, pooled.ProbabilitiesSHA256 = whole.Loss, whole.ProbabilitiesSHA256
	if diff := cmp.Diff(whole, pooled); diff != "" {
		t.Errorf("the pool is not the evaluation of the whole (-want +got):\n%s", diff)
	}
	if err := pooled.Check(); err != nil {
		t.Error(err)
	}
}

func TestPoolRefuses(t *testing.T) {
	a, b := grouped(t), grouped(t)
	b.PerClass[0].Label = "kite"
	if _, err := Pool([]*Evaluation{a, b}); err == nil || !strings.Contains(err.Error(), "other classes") {
		t.Errorf("error %v, want other classes refused", err)
	}
	c := grouped(t)
	c.GroupCounts = nil
	if _, err := Pool([]*Evaluation{a, c}); err == nil || !strings.Contains(err.Error(), "some count groups") {
		t.Errorf("error %v, want parts without groups refused", err)
	}
	if _, err := Pool(nil); err == nil {
		t.Error("the pool of nothing is no error")
	}
}
