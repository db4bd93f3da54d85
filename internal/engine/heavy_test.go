package engine

import (
	"fmt"
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// TestHeavyConvolutions compares images taken together through convolutions with many
// weights with the same images one by one, bit for bit.
func TestHeavyConvolutions(t *testing.T) {
	relu := nn.Activation{Function: nn.ReLU}
	g := nn.NewGraph(nn.Shape{H: 7, W: 6, C: 3})
	x := g.Add("light", nn.Conv2D{Out: 96, Kernel: 3, Stride: 2, Padding: 1}, g.Add("normalize", nn.Normalize{}, g.Input()))
	from := g.Add("padding", nn.Conv2D{Out: 96, Kernel: 3, Padding: 1}, x)
	x = g.Add("relu", relu, g.Add("norm", nn.BatchNorm{}, from))
	x = g.Add("depthwise", nn.Conv2D{Out: 96, Kernel: 5, Same: true, Groups: 96}, x)
	x = g.Add("same", nn.Conv2D{Out: 130, Kernel: 4, Stride: 2, Same: true, NoBias: true}, x)
	x = g.Add("narrow", nn.Conv2D{Out: 521, Kernel: 3, Stride: 2, Padding: 2}, x) // some taps see no image
	x = g.Add("pointwise", nn.Conv2D{Out: 130, Kernel: 1}, x)
	g.Add("head", nn.Linear{Out: 3}, g.Add("pool", nn.GlobalAvgPool{}, g.Add("relu2", relu, x)))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	if got := heavyFrom(g); got != from.Index {
		t.Errorf("convolutions are heavy from layer %d on, want %d", got, from.Index)
	}
	compareHeavySteps(t, g)
	const images = 11
	bytes := randomBytes(images*g.Input().Shape.Elements(), 3)
	params := g.NewParameters(2)
	run := func(batch, workers int) string {
		inference, err := NewInference(g, params, batch, workers)
		if err != nil {
			t.Fatal(err)
		}
		defer inference.Close()
		outputs := make([]float32, 3*images)
		for first := 0; first < images; first += batch {
			last := min(first+batch, images)
			inference.Run([][]float32{outputs[3*first : 3*last]}, bytes[first*g.Input().Shape.Elements():last*g.Input().Shape.Elements()])
		}
		return fmt.Sprintf("%x", bitsOf(outputs))
	}
	want := run(1, 1)
	for _, batch := range []int{2, 3, images} {
		for _, workers := range []int{1, 2} {
			if got := run(batch, workers); got != want {
				t.Errorf("batches of %d on %d workers give other bits", batch, workers)
			}
		}
	}
}

// compareHeavySteps compares a step that takes images together with one that takes them
// one by one.
func compareHeavySteps(t *testing.T, g *nn.Graph) {
	t.Helper()
	for _, fixed := range []bool{false, true} {
		want := ""
		for _, portionBytes := range []int{1, 0} {
			for _, workers := range []int{1, 2, 5} {
				params := g.NewParameters(2)
				trainer, err := NewTrainer(g, params, TrainerOptions{
					BatchSize: 11, ShardSize: 4, Workers: workers, Loss: testLoss{}, Optimizer: still{}, FixedNorms: fixed,
					portionBytes: portionBytes, joinAnyway: workers == 5,
				})
				if err != nil {
					t.Fatal(err)
				}
				defer trainer.Close()
				if _, err := trainer.Step(testStep(g, 11)); err != nil {
					t.Fatal(err)
				}
				got := fmt.Sprintf("%x %s", bitsOf(trainer.gradient), params.Digest())
				if want == "" {
					want = got
				} else if got != want {
					t.Errorf("%d workers and portions of %d bytes give other bits", workers, portionBytes)
				}
			}
		}
	}
}
