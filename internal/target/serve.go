package target

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// withSoftmax returns the network with a Softmax behind it, where it has none, whose
// output is served.
func withSoftmax(g *nn.Graph) *nn.Graph {
	longer := g.Extend()
	last := g.Output()
	if _, has := last.Layer.(nn.Softmax); !has {
		last = longer.Add(Probabilities, nn.Softmax{}, last)
	}
	longer.Serve(Probabilities, last)
	return longer
}

// withScore returns the network, whose output is a reconstruction of its image, with the
// reconstruction's mean squared error; both are served.
func withScore(g *nn.Graph) *nn.Graph {
	longer := g.Extend()
	reconstruction := g.Output()
	image := longer.Add("image_values", scale{unit}, longer.Input())
	score := longer.Add(Score, meanSquaredError{}, reconstruction, image)
	longer.Serve(Reconstruction, reconstruction)
	longer.Serve(Score, score)
	return longer
}

// scale multiplies every value by a factor.
type scale struct{ Factor float32 }

func (scale) Kind() string { return "Scale" }

func (scale) Output(in []nn.Shape) (nn.Shape, error) {
	if len(in) != 1 {
		return nn.Shape{}, fmt.Errorf("takes one input, has %d", len(in))
	}
	return in[0], nil
}

func (scale) Params([]nn.Shape) []nn.Param { return nil }

func (scale) MultiplyAdds([]nn.Shape) int { return 0 }

// meanSquaredError is the mean of the squared differences of two inputs.
type meanSquaredError struct{}

func (meanSquaredError) Kind() string { return "MeanSquaredError" }

func (meanSquaredError) Output(in []nn.Shape) (nn.Shape, error) {
	if len(in) != 2 || in[0] != in[1] {
		return nn.Shape{}, fmt.Errorf("takes two inputs of one shape, has %v", in)
	}
	return nn.Shape{H: 1, W: 1, C: 1}, nil
}

func (meanSquaredError) Params([]nn.Shape) []nn.Param { return nil }

func (meanSquaredError) MultiplyAdds([]nn.Shape) int { return 0 }
