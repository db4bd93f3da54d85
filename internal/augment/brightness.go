package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

type brightness struct{ amount float32 }

func newBrightness(o *config.Options) (Transform, error) {
	t := &brightness{}
	amountOption(o, &t.amount)
	return t, nil
}

// amountOption declares the half width of the range that a factor is drawn
// from.
func amountOption(o *config.Options, p *float32) {
	o.Float32(p, "amount", 0.2, "the factor lies between 1-amount and 1+amount", config.Between(0, 1))
}

// factor draws a number between 1-amount and 1+amount, in 1/65536.
func factor(s *rng.Stream, amount float32) int {
	return one + fixed(s.Uniform(-amount, amount))
}

func (t *brightness) Apply(dst, src imaging.Image, s *rng.Stream, _ *Moves) bool {
	f := factor(s, t.amount)
	copy(dst.Pix, src.Pix)
	brighten(dst, f)
	return f != one
}
