package augment

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// mixup needs two examples, as [cutmix] does. The pipeline leaves such an entry to the
// loader, which picks the partner and mixes the targets too.
type mixup struct{ alpha float32 }

func newMixup(o *config.Options) (Transform, error) {
	t := &mixup{}
	o.Float32(&t.alpha, "alpha", 0.2, "the partner's share is drawn from Beta(alpha, alpha)", config.Between(0.01, 4))
	return t, nil
}

// Apply leaves single images as they are.
func (t *mixup) Apply(_, _ imaging.Image, _ *rng.Stream, _ *Moves) bool { return false }

// Mixer is the name of the entry that mixes pairs of images, empty where the list has none.
func (p *Pipeline) Mixer() string {
	switch {
	case p.mixup != nil:
		return "mixup"
	case p.cutmix != nil:
		return "cutmix"
	}
	return ""
}

// WholeShare is the share of a partner that takes an example's place entirely.
const WholeShare = 256

// MixShare draws the share of the partner, in 1/256, from Beta(alpha, alpha).
// It is 0 when the list has no mixup. The example's target gets the weight
// (256-share)/256 and the partner's share/256, both exact in float32.
func (p *Pipeline) MixShare(s *rng.Stream) int {
	if p.mixup == nil {
		return 0
	}
	return int(math.Floor(float64(beta(s, p.mixup.alpha, WholeShare)) + 0.5))
}

// beta draws from Beta(alpha, alpha), times a power of two.
//
// Jöhnk's method: of two uniform numbers u, v the pair x = u^(1/alpha),
// y = v^(1/alpha) is drawn until x+y <= 1; then x/(x+y) is distributed so.
func beta(s *rng.Stream, alpha, times float32) float32 {
	for {
		x := kernel.Log(1-s.Float32()) / alpha
		y := kernel.Log(1-s.Float32()) / alpha
		if kernel.Exp(x)+kernel.Exp(y) <= 1 {
			return times / (1 + kernel.Exp(y-x))
		}
	}
}

// Mix sets dst to a and b blended: (a*(256-share) + b*share + 128) / 256 rounded
// down, with share in 0 to 256. All three have one shape; dst may be a or b.
func Mix(dst, a, b imaging.Image, share int) {
	if !dst.SameShape(a) || !dst.SameShape(b) {
		panic("augment: Mix of images of different shapes")
	}
	for i := range dst.Pix {
		dst.Pix[i] = uint8((int(a.Pix[i])*(WholeShare-share) + int(b.Pix[i])*share + WholeShare/2) >> 8)
	}
}
