package model

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// TestAutoencoderTakesAnyImage builds it for the smallest images and for every number
// of channels; the number of classes does not matter.
func TestAutoencoderTakesAnyImage(t *testing.T) {
	m, options, err := MakeModel("autoencoder", "bottleneck=3,width=2")
	if err != nil {
		t.Fatal(err)
	}
	if options["bottleneck"] != "3" || TargetOf(m) != "image" {
		t.Errorf("options %v, target %s", options, TargetOf(m))
	}
	for channels := 1; channels <= 16; channels++ {
		for _, size := range [][2]int{{8, 8}, {8, 9}, {11, 10}, {13, 31}} {
			input := nn.Shape{H: size[0], W: size[1], C: channels}
			g, err := m.Build(input, channels%3)
			if err != nil || g.Output().Shape != input {
				t.Fatalf("for %v: %v", input, err)
			}
			for _, n := range g.Nodes {
				if n.Name == "bottleneck" && n.Shape.C != 3 {
					t.Errorf("for %v the bottleneck has %v", input, n.Shape)
				}
			}
		}
	}
}

// squaredError is the loss of an auto-encoder, and descent a plain optimizer.
type (
	squaredError struct{}
	descent      struct{ rate float32 }
)

func (squaredError) Evaluate(values, gradient, outputs, targets []float32, width int, scale float32) {
	for i := range values {
		x, y, g := outputs[i*width:][:width], targets[i*width:][:width], gradient[i*width:][:width]
		values[i] = kernel.SquaredDistance(x, y) / float32(width)
		copy(g, x)
		kernel.Axpy(g, y, -1)
		kernel.Scale(g, 2*scale/float32(width))
	}
}

func (*descent) Slots() []string                { return nil }
func (d *descent) Begin(_ int, rate, _ float32) { d.rate = rate }
func (d *descent) Apply(p, g []float32, _ [][]float32, _ bool) {
	kernel.SGD(p, g, &kernel.SGDConstants{LearningRate: d.rate})
}

// bars are images of one bright row and one bright column each.
func bars(n int, shape nn.Shape) (images []uint8, targets []float32) {
	s := rng.NewKey(3, rng.TestPurpose).Stream(0, 0, 0)
	for range n {
		row, column := s.IntN(shape.H), s.IntN(shape.W)
		for i := range shape.Elements() {
			y, x := i/shape.C/shape.W, i/shape.C%shape.W
			v := uint8(20)
			if y == row || x == column {
				v = 230
			}
			images, targets = append(images, v), append(targets, float32(v)/255)
		}
	}
	return images, targets
}

// TestAutoencoderLearns trains it for some steps: the error falls to less than a
// quarter, and the weights are the same whatever the number of workers. The digest is
// part of the reproducibility contract.
func TestAutoencoderLearns(t *testing.T) {
	const want = "8496c7e06ef87d2cb0849aa6d3849097c740757d6f6a67406ae99d69ec8d93c5"
	for _, workers := range []int{1, 3} {
		m, _, err := MakeModel("autoencoder", "width=8,bottleneck=16")
		if err != nil {
			t.Fatal(err)
		}
		g, err := m.Build(nn.Shape{H: 11, W: 12, C: 2}, 0)
		if err != nil {
			t.Fatal(err)
		}
		params := g.NewParameters(1)
		first, last := learn(t, g, params, workers)
		if !(last < first/4) {
			t.Errorf("the mean squared error fell from %v to %v only", first, last)
		}
		if got := params.Digest(); got != want {
			t.Errorf("with %d workers the weights have digest %s, want %s", workers, got, want)
		}
	}
}

// learn takes steps and returns the mean error in the first and in the last one.
func learn(t *testing.T, g *nn.Graph, params *nn.Parameters, workers int) (first, last float64) {
	t.Helper()
	const batch, steps = 32, 120
	trainer, err := engine.NewTrainer(g, params, engine.TrainerOptions{
		BatchSize: batch, ShardSize: 8, Workers: workers, Loss: squaredError{}, Optimizer: &descent{},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	images, targets := bars(batch, g.Input().Shape)
	for step := range steps {
		r, err := trainer.Step(engine.Step{Number: step + 1, Images: images, Targets: targets, LearningRate: 2})
		if err != nil {
			t.Fatal(err)
		}
		last = r.LossSum / batch
		if step == 0 {
			first = last
		}
	}
	return first, last
}
