package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

type rotate struct {
	degrees float32
	border
}

func newRotate(o *config.Options) (Transform, error) {
	t := &rotate{}
	o.Float32(&t.degrees, "degrees", 10, "largest angle in each direction", config.Between(0, 180))
	t.declare(o)
	return t, nil
}

func (t *rotate) Apply(dst, src imaging.Image, s *rng.Stream, moves *Moves) bool {
	sin, cos := angle(s, t.degrees)
	if sin == 0 && cos == one {
		return false
	}
	m := matrix{cos, -sin, sin, cos}
	moves.warp(src, m)
	warp(dst, src, m, t.outside())
	return true
}
