package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// colorJitter changes brightness, contrast, saturation and hue in random order, as
// torchvision's ColorJitter does. That rounds in other places: Pillow, behind it, cuts
// fractions off, and turns hues in steps of 1/255.
type colorJitter struct{ brightness, contrast, saturation, hue float32 }

func newColorJitter(o *config.Options) (Transform, error) {
	t := &colorJitter{}
	o.Float32(&t.brightness, "brightness", 0.4, "the factor lies between 1-brightness and 1+brightness", config.Between(0, 1))
	o.Float32(&t.contrast, "contrast", 0.4, "the factor lies between 1-contrast and 1+contrast", config.Between(0, 1))
	o.Float32(&t.saturation, "saturation", 0.4, "the factor lies between 1-saturation and 1+saturation", config.Between(0, 1))
	o.Float32(&t.hue, "hue", 0.1, "hues turn by at most this share of a turn in each direction", config.Between(0, 0.5))
	return t, nil
}

// Apply draws the order and then the four strengths, whatever the options are.
func (t *colorJitter) Apply(dst, src imaging.Image, s *rng.Stream, _ *Moves) bool {
	order := [4]int{0, 1, 2, 3}
	for i := len(order) - 1; i > 0; i-- {
		j := s.IntN(i + 1)
		order[i], order[j] = order[j], order[i]
	}
	bright, contrast, saturation := factor(s, t.brightness), factor(s, t.contrast), factor(s, t.saturation)
	turn := fixed(s.Uniform(-t.hue, t.hue))
	copy(dst.Pix, src.Pix)
	for _, step := range order {
		switch step {
		case 0:
			brighten(dst, bright)
		case 1:
			contrastBy(dst, contrast)
		case 2:
			saturate(dst, saturation)
		default:
			turnHues(dst, turn)
		}
	}
	return true
}
