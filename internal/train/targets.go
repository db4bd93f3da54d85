package train

import (
	"github.com/blocktrain/blocktrain/internal/dataset"
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

// oneHot fills targets [N,classes] with each example's label, shared with its
// partner's where the batch is mixed.
func oneHot(targets []float32, batch *dataset.Batch, classes int) {
	clear(targets)
	for i, label := range batch.Labels {
		row := targets[i*classes:][:classes]
		row[label] = 1
		if batch.Shares != nil {
			row[label] -= batch.Shares[i]
			row[batch.Labels[batch.Partners[i]]] += batch.Shares[i]
		}
	}
}

// averagingRate is the share of the present weights that enters their average
// after a step, counted from 1. The decay rises to its final value as
// (1+step)/(10+step), so that the first, random weights are soon forgotten.
func averagingRate(decay float64, step int) float32 {
	early := float64(1+step) / float64(10+step)
	return float32(1 - min(decay, early))
}
