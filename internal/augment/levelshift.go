package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// levelShift adds one whole number to all values of an image, as another exposure or another
// temperature of the scene does to what an infrared camera shows.
type levelShift struct{ levels int }

func newLevelShift(o *config.Options) (Transform, error) {
	t := &levelShift{}
	o.Int(&t.levels, "levels", 20, "largest change in each direction, in grey levels", config.Between(0, 255))
	return t, nil
}

func (t *levelShift) Apply(dst, src imaging.Image, s *rng.Stream, _ *Moves) bool {
	by := s.IntN(2*t.levels+1) - t.levels
	if by == 0 {
		return false
	}
	for i, p := range src.Pix {
		dst.Pix[i] = clamp(int(p) + by)
	}
	return true
}
