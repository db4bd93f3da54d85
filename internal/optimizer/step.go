package optimizer

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

type step struct{ interval, gamma float64 }

func newStep(o *config.Options) (Schedule, error) {
	s := &step{}
	o.Float(&s.interval, "interval", 0.3, "steps between two drops, as a share of the training", config.Above(0), config.Between(0, 1))
	o.Float(&s.gamma, "gamma", 0.1, "factor of each drop", config.Above(0), config.Between(0, 1))
	return s, nil
}

func (s *step) Factor(step, total int) float32 {
	// At least one step, so that tiny intervals keep the number of drops in
	// the range of int.
	interval := max(1, s.interval*float64(total))
	return float32(kernel.PowInt(s.gamma, int(math.Floor(float64(step)/interval))))
}
