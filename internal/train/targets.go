package train

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// GraphFor is the graph that training with a loss compiles: g, with a Softmax behind
// it where the loss is one of probabilities.
func GraphFor(g *nn.Graph, l loss.Loss) *nn.Graph {
	if l.WantsProbabilities() {
		return nn.WithSoftmax(g)
	}
	return g
}

// agreement is 1 where the largest output is that of the largest target, else 0.
func agreement(output, target []float32) float64 {
	if kernel.ArgMax(output) == kernel.ArgMax(target) {
		return 1
	}
	return 0
}
