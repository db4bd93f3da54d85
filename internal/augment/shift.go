package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

type shift struct {
	pixels int
	border
}

func newShift(o *config.Options) (Transform, error) {
	t := &shift{}
	o.Int(&t.pixels, "pixels", 2, "largest shift in each direction, in pixels", config.Between(0, 4096))
	t.declare(o)
	return t, nil
}

func (t *shift) Apply(dst, src imaging.Image, s *rng.Stream, moves *Moves) bool {
	dx := s.IntN(2*t.pixels+1) - t.pixels
	dy := s.IntN(2*t.pixels+1) - t.pixels
	if dx == 0 && dy == 0 {
		return false
	}
	moves.shift(-dx, -dy)
	translate(dst, src, dx, dy, t.source(), uint8(t.fill))
	return true
}

func (t *shift) farthest() (option string, pixels int) { return "pixels", t.pixels }
