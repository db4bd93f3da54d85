package augment

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

type scale struct {
	min, max float32
	border
}

func newScale(o *config.Options) (Transform, error) {
	t := &scale{}
	o.Float32(&t.min, "min", 0.9, "smallest factor", config.Between(0.1, 10))
	o.Float32(&t.max, "max", 1.1, "largest factor", config.Between(0.1, 10))
	t.declare(o)
	return t, checkRange(t.min, t.max)
}

// checkRange validates the options min and max together.
func checkRange(low, high float32) error {
	if low > high {
		return fmt.Errorf("min=%v is above max=%v", low, high)
	}
	return nil
}

func (t *scale) Apply(dst, src imaging.Image, s *rng.Stream, moves *Moves) bool {
	factor := fixed(s.Uniform(t.min, t.max))
	if factor == one {
		return false
	}
	inverse := (one*one + factor/2) / factor
	m := matrix{inverse, 0, 0, inverse}
	moves.warp(src, m)
	warp(dst, src, m, t.outside())
	return true
}
