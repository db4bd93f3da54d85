package optimizer

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// sgd is stochastic gradient descent as PyTorch does it: no dampening, weight
// decay added to the gradient.
type sgd struct {
	momentum float32
	nesterov bool
	step     kernel.SGDConstants
}

func newSGD(o *config.Options) (Optimizer, error) {
	s := &sgd{}
	o.Float32(&s.momentum, "momentum", 0.9, "share of the previous step that is kept", share)
	o.Bool(&s.nesterov, "nesterov", false, "look ahead along the momentum")
	return s, nil
}

func (s *sgd) Slots() []string {
	if s.momentum == 0 {
		return nil
	}
	return []string{"momentum"}
}

func (s *sgd) Defaults() (learningRate, weightDecay float64) { return 0.05, 5e-4 }

func (s *sgd) Begin(_ int, learningRate, weightDecay float32) {
	s.step = kernel.SGDConstants{
		LearningRate: learningRate,
		Momentum:     s.momentum,
		Decay:        weightDecay,
		Nesterov:     s.nesterov,
	}
}

func (s *sgd) Apply(parameters, gradient []float32, slots [][]float32, decay bool) {
	k := s.step
	if !decay {
		k.Decay = 0
	}
	if s.momentum == 0 {
		kernel.SGD(parameters, gradient, &k)
		return
	}
	kernel.Momentum(parameters, slots[0], gradient, &k)
}
