package loss

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// mse is, for targets t and as many outputs p, which are probabilities where the targets
// are distributions:
//
//	value = sum((p-t)^2) / width
//	gradient = 2*(p-t) / width
//
// The mean over a batch is that of PyTorch's MSELoss over all its elements, and of
// probabilities the Brier score divided by the number of classes.
type mse struct{}

func newMSE(*config.Options) (Loss, error) { return mse{}, nil }

func (mse) Fits(k Kind) bool { return k == Distribution || k == Values }

func (mse) WantsProbabilities() bool { return true }

func (mse) MixupAllowed() bool { return false }

func (mse) Prepare([]int) error { return nil }

func (mse) Evaluate(values, gradient, outputs, targets []float32, width int, scale float32) {
	slope := 2 * scale / float32(width)
	for i := range values {
		var value kernel.Lanes
		p, t, g := row(outputs, i, width), row(targets, i, width), row(gradient, i, width)
		for c := range p {
			d := p[c] - t[c]
			value.MultiplyAdd(c, d, d)
			if g != nil {
				g[c] = float32(slope * d)
			}
		}
		values[i] = value.Total() / float32(width)
	}
}
