package optimizer

import "github.com/blocktrain/blocktrain/internal/config"

// oneCycle is Smith's one-cycle policy (2018) in its form with cosine waves and
// without a cycle of the momentum.
type oneCycle struct{ rise, start, final float64 }

func newOneCycle(o *config.Options) (Schedule, error) {
	c := &oneCycle{}
	o.Float(&c.rise, "rise", 0.3, "share of the training in which the learning rate rises", config.Between(0, 0.99))
	o.Float(&c.start, "start-divisor", 25, "the highest learning rate over the first", config.AtLeast(1))
	o.Float(&c.final, "final-divisor", 1e5, "the highest learning rate over the last", config.AtLeast(1))
	return c, nil
}

func (c *oneCycle) Factor(step, total int) float32 {
	at, last := float64(step), float64(total-1)
	peak := max(0, float64(c.rise*float64(total))-1)
	switch {
	case total <= 1:
		return 1
	case at < peak:
		return ease(1/c.start, 1, at/peak)
	case at >= last:
		return float32(1 / c.final)
	default:
		return ease(1, 1/c.final, (at-peak)/(last-peak))
	}
}
