package optimizer

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// lion is Lion (Chen et al., 2023: Symbolic Discovery of Optimization
// Algorithms), with decoupled weight decay. It wants a learning rate some ten
// times below Adam's, and a weight decay as much above.
type lion struct {
	beta1, beta2 float64
	step         kernel.LionConstants
}

func newLion(o *config.Options) (Optimizer, error) {
	l := &lion{}
	o.Float(&l.beta1, "beta1", 0.9, "share of the average in a step's direction", share)
	o.Float(&l.beta2, "beta2", 0.99, "share of the past in the gradient's average", share)
	return l, nil
}

func (l *lion) Slots() []string { return []string{"m"} }

func (l *lion) Defaults() (learningRate, weightDecay float64) { return 3e-4, 0.1 }

func (l *lion) Begin(_ int, learningRate, weightDecay float32) {
	l.step = kernel.LionConstants{
		LearningRate: learningRate,
		Beta1:        float32(l.beta1), Rest1: float32(1 - l.beta1),
		Beta2: float32(l.beta2), Rest2: float32(1 - l.beta2),
		Keep: keep(learningRate, weightDecay),
	}
}

func (l *lion) Apply(parameters, gradient []float32, slots [][]float32, decay bool) {
	k := l.step
	if !decay {
		k.Keep = 1
	}
	kernel.Lion(parameters, slots[0], gradient, &k)
}
