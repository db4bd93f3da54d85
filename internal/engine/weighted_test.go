package engine

import (
	"math"
	"slices"
	"testing"
)

// gradientOf is the gradient of a step with weights, and what it measured.
func gradientOf(t *testing.T, n int, weights []float32) ([]float32, Result) {
	t.Helper()
	g, params := normedNetwork(t)
	trainer := newTrainer(t, g, params, TrainerOptions{Optimizer: still{}, Frozen: []string{"conv", "norm"}})
	step := testStep(g, n)
	step.Weights = weights
	result, err := trainer.Step(step)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(trainer.gradient), result
}

func TestWeightsOfOneChangeNothing(t *testing.T) {
	for n := 1; n <= 8; n++ {
		plain, result := gradientOf(t, n, nil)
		weighted, with := gradientOf(t, n, slices.Repeat([]float32{1}, n))
		if !slices.Equal(plain, weighted) || result.LossSum != with.LossSum || result.FigureSum != with.FigureSum {
			t.Errorf("%d examples: weights of 1 change the bits", n)
		}
		if result.WeightSum != 0 || with.WeightSum != float64(n) {
			t.Errorf("%d examples: sums of weights %v and %v", n, result.WeightSum, with.WeightSum)
		}
	}
}

// TestWeightsCount compares with the formula: the gradient is linear in the shares w/W.
func TestWeightsCount(t *testing.T) {
	alone := func(i int) ([]float32, Result) {
		weights := make([]float32, 5)
		weights[i] = 7 // of the sum 7: the share is 1
		return gradientOf(t, 5, weights)
	}
	weights := []float32{2, 0, 0.5, 1, 4}
	got, result := gradientOf(t, 5, weights)
	want, loss := make([]float64, len(got)), 0.0
	for i, weight := range weights {
		gradient, of := alone(i)
		loss += float64(weight) * of.LossSum / 7
		for k, v := range gradient {
			want[k] += float64(v) * float64(weight) / 7.5
		}
	}
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	if largest < 1e-3 {
		t.Fatalf("no gradient to speak of: at most %v", largest)
	}
	for k := range want {
		if math.Abs(want[k]-float64(got[k])) > 1e-6*largest {
			t.Fatalf("gradient %d is %v, want %v", k, got[k], want[k])
		}
	}
	if math.Abs(result.LossSum-loss) > 1e-5*loss || result.WeightSum != 7.5 {
		t.Errorf("loss %v and weights %v, want %v and 7.5", result.LossSum, result.WeightSum, loss)
	}
}

func TestWeightsOfZero(t *testing.T) {
	gradient, result := gradientOf(t, 3, make([]float32, 3))
	if slices.ContainsFunc(gradient, func(v float32) bool { return v != 0 }) || result.LossSum != 0 || result.GradientNorm != 0 {
		t.Errorf("weights of 0 give %+v", result)
	}
}
