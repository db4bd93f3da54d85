package engine

import (
	"slices"
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// TestDividedInferenceAgrees computes probabilities of few images with many
// workers, and wants the bits that one worker gives.
func TestDividedInferenceAgrees(t *testing.T) {
	g := nn.NewGraph(nn.Shape{H: 32, W: 33, C: 3})
	relu := func(x *nn.Node) *nn.Node {
		return g.Add(x.Name+".relu", nn.Activation{Function: nn.ReLU}, x)
	}
	x := g.Add("normalize", nn.Normalize{}, g.Input())
	stem := relu(g.Add("stem", nn.Conv2D{Out: 32, Kernel: 3, Padding: 1}, x))
	x = relu(g.Add("depthwise", nn.Conv2D{Out: 32, Kernel: 3, Padding: 1, Groups: 32}, stem))
	x = g.Add("add", nn.Add{}, g.Add("conv", nn.Conv2D{Out: 32, Kernel: 3, Padding: 1}, x), stem)
	x = relu(g.Add("norm", nn.BatchNorm{}, x))
	x = g.Add("planar", nn.Conv2D{Out: 6, Kernel: 3, Padding: 1}, x)
	x = g.Add("expand", nn.Conv2D{Out: 32, Kernel: 3, Padding: 1}, x)
	x = g.Add("pool", nn.MaxPool{Kernel: 3, Stride: 2, Padding: 1}, x)
	x = g.Add("fc", nn.Linear{Out: 37}, g.Add("flatten", nn.Flatten{}, x))
	g.Add("head", nn.Linear{Out: 5}, relu(x))
	params := g.NewParameters(3)
	for n := range 5 {
		images := randomBytes(n*g.Input().Shape.Elements(), uint32(n))
		var want []float32
		for _, workers := range []int{1, 2, 3, 5, 16} {
			inference, err := NewInference(nn.WithSoftmax(g), params, max(n, 1), workers)
			if err != nil {
				t.Fatal(err)
			}
			divided := 0
			for _, g := range inference.divider.groups {
				for _, s := range g.stages {
					if s.divided() {
						divided += len(s)
					}
				}
			}
			if divided != 12 {
				t.Errorf("%d operations are divided, want 12: convolutions, activations, sums, pooling and fc", divided)
			}
			got := make([]float32, 5*n)
			for range 3 {
				inference.Run([][]float32{got}, images)
			}
			inference.Close()
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d images with %d workers give %v, with one %v", n, workers, got, want)
			}
		}
	}
}
