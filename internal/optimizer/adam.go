package optimizer

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// adam is Adam (Kingma and Ba, 2015) or, decoupled, AdamW (Loshchilov and
// Hutter, 2019), with bias correction, as PyTorch does them.
type adam struct {
	beta1, beta2 float64
	epsilon      float32
	decoupled    bool
	step         kernel.AdamConstants
}

func newAdam(o *config.Options) (Optimizer, error) {
	a := &adam{}
	a.declare(o)
	return a, nil
}

func (a *adam) declare(o *config.Options) {
	o.Float(&a.beta1, "beta1", 0.9, "share of the past in the gradient's average", share)
	o.Float(&a.beta2, "beta2", 0.999, "share of the past in the squared gradient's average", share)
	// Below the smallest epsilon, the limit at which tiny averages are flushed
	// to zero would matter.
	o.Float32(&a.epsilon, "epsilon", 1e-8, "added to the denominator", config.Between(1e-12, 1))
}

func (a *adam) Slots() []string { return []string{"m", "v"} }

func (a *adam) Defaults() (learningRate, weightDecay float64) {
	if a.decoupled {
		return 6e-3, 0.01
	}
	return 2e-3, 0
}

func (a *adam) Begin(step int, learningRate, weightDecay float32) {
	rate := float64(learningRate)
	a.step = kernel.AdamConstants{
		Beta1: float32(a.beta1), Rest1: float32(1 - a.beta1),
		Beta2: float32(a.beta2), Rest2: float32(1 - a.beta2),
		InverseDeviation: float32(1 / math.Sqrt(1-kernel.PowInt(a.beta2, step))),
		Epsilon:          a.epsilon,
		StepSize:         float32(rate / (1 - kernel.PowInt(a.beta1, step))),
		Decay:            weightDecay,
		Keep:             1,
	}
	if a.decoupled {
		a.step.Decay, a.step.Keep = 0, keep(learningRate, weightDecay)
	}
}

// keep is the share of a parameter that decoupled weight decay leaves.
func keep(learningRate, weightDecay float32) float32 {
	return float32(1 - float64(float64(learningRate)*float64(weightDecay)))
}

func (a *adam) Apply(parameters, gradient []float32, slots [][]float32, decay bool) {
	k := a.step
	if !decay {
		k.Decay, k.Keep = 0, 1
	}
	kernel.Adam(parameters, slots[0], slots[1], gradient, &k)
}
