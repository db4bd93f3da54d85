package optimizer

import "github.com/blocktrain/blocktrain/internal/config"

type cosine struct{ minimum float64 }

func newCosine(o *config.Options) (Schedule, error) {
	c := &cosine{}
	o.Float(&c.minimum, "minimum", 0, "factor that the learning rate falls to", config.Between(0, 1))
	return c, nil
}

func (c *cosine) Factor(step, total int) float32 {
	return ease(1, c.minimum, float64(step)/float64(total))
}
