package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

type shear struct {
	degrees float32
	border
}

func newShear(o *config.Options) (Transform, error) {
	t := &shear{}
	o.Float32(&t.degrees, "degrees", 10, "largest slant to each side", config.Between(0, 60))
	t.declare(o)
	return t, nil
}

func (t *shear) Apply(dst, src imaging.Image, s *rng.Stream, moves *Moves) bool {
	sin, cos := angle(s, t.degrees)
	tangent := sin * one / cos
	if tangent == 0 {
		return false
	}
	m := matrix{one, tangent, 0, one}
	moves.warp(src, m)
	warp(dst, src, m, t.outside())
	return true
}
