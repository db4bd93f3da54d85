package loss

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// mse is, for probabilities p and targets t:
//
//	value = sum((p-t)^2) / classes
//	gradient = 2*(p-t) / classes
//
// The mean over a batch is that of PyTorch's MSELoss over all its elements, and
// the Brier score divided by the number of classes.
type mse struct{}

func newMSE(*config.Options) (Loss, error) { return mse{}, nil }

func (mse) WantsProbabilities() bool { return true }

func (mse) MixupAllowed() bool { return false }

func (mse) Prepare([]int) error { return nil }

func (mse) Evaluate(values, gradient, outputs, targets []float32, classes int, scale float32) {
	slope := 2 * scale / float32(classes)
	for i := range values {
		var value kernel.Lanes
		p, t, g := row(outputs, i, classes), row(targets, i, classes), row(gradient, i, classes)
		for c := range p {
			d := p[c] - t[c]
			value.MultiplyAdd(c, d, d)
			if g != nil {
				g[c] = float32(slope * d)
			}
		}
		values[i] = value.Total() / float32(classes)
	}
}
