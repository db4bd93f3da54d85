package train

import (
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

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

// average moves the averaged weights towards the present ones. The decay rises
// to its final value as (1+step)/(10+step), so that the first, random weights
// are soon forgotten.
func average(ema, values []float32, decay float64, step int) {
	early := float64(1+step) / float64(10+step)
	kernel.MovingAverage(ema, values, float32(1-min(decay, early)))
}
