package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

type contrast struct{ amount float32 }

func newContrast(o *config.Options) (Transform, error) {
	t := &contrast{}
	amountOption(o, &t.amount)
	return t, nil
}

func (t *contrast) Apply(dst, src imaging.Image, s *rng.Stream, _ *Moves) bool {
	f := factor(s, t.amount)
	copy(dst.Pix, src.Pix)
	contrastBy(dst, f)
	return f != one
}

// meanLuma is the mean grey value of an image, of all its frames, rounded.
func meanLuma(m imaging.Image) int {
	sum, step := 0, 1
	if m.Colour() {
		step = 3
	}
	for i := 0; i < len(m.Pix); i += step {
		if step == 1 {
			sum += int(m.Pix[i])
		} else {
			sum += int(imaging.Luma(m.Pix[i], m.Pix[i+1], m.Pix[i+2]))
		}
	}
	pixels := len(m.Pix) / step
	return (sum + pixels/2) / pixels
}
