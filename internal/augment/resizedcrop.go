package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// resizedCrop takes a random part of the decoded image, which is then brought to the size of
// the input: the crops of Szegedy et al. 2014, drawn as torchvision's RandomResizedCrop
// draws them, but that shares and ratios are multiples of 1/65536 here, and that the ratio
// is seen from that of the input, which need not be a square.
type resizedCrop struct{ min, max, ratio float32 }

func newResizedCrop(o *config.Options) (Transform, error) {
	t := &resizedCrop{}
	o.Float32(&t.min, "min", 0.08, "smallest share of the image's area", config.Between(0.01, 1))
	o.Float32(&t.max, "max", 1, "largest share of the image's area", config.Between(0.01, 1))
	o.Float32(&t.ratio, "ratio", 4.0/3, "the part is at most so much wider, or higher, than an input of its area", config.Between(1, 10))
	return t, checkRange(t.min, t.max)
}

// Apply leaves an image that has the size of the input already.
func (t *resizedCrop) Apply(_, _ imaging.Image, _ *rng.Stream, _ *Moves) bool { return false }

// First says whether the list begins with a transform that acts on the decoded image and
// brings it to the size of the input, in place of the plain rule.
func (p *Pipeline) First() bool { return p != nil && p.first != nil }

// tries is how many parts are drawn before the one in the middle is taken.
const tries = 10

// Part draws which part of an image of the given size becomes the input, all in pixels. The
// list must have a first stage.
func (p *Pipeline) Part(s *rng.Stream, width, height int, input imaging.Image) Rectangle {
	t := p.first
	low, high := fixed(t.min), fixed(t.max)
	widest := kernel.Log(t.ratio)
	for range tries {
		area := (width*height*(low+s.IntN(high-low+1)) + one/2) >> 16
		ratio := max(1, (fixed(kernel.Exp(s.Uniform(-widest, widest)))*input.Width+input.Height/2)/input.Height)
		w, h := rootOfRatio(area, ratio, one), rootOfRatio(area, one, ratio)
		if w >= 1 && h >= 1 && w <= width && h <= height {
			top := s.IntN(height - h + 1)
			return Rectangle{s.IntN(width - w + 1), top, w, h}
		}
	}
	return middlePart(width, height, max(1, fixed(t.ratio)*input.Width/input.Height), max(1, one*one/fixed(t.ratio)*input.Width/input.Height))
}

// rootOfRatio is the square root of area*above/below, to nearest.
func rootOfRatio(area, above, below int) int { return (squareRoot(4*area*above/below) + 1) / 2 }

// middlePart is the largest part in the middle of an image whose width is between narrow and
// wide times its height, in 1/65536.
func middlePart(width, height, wide, narrow int) Rectangle {
	w, h := width, height
	switch {
	case width*one > height*wide:
		w = max(1, min(width, (height*wide+one/2)>>16))
	case width*one < height*narrow:
		h = max(1, min(height, (width*one+narrow/2)/narrow))
	}
	return Rectangle{(width - w) / 2, (height - h) / 2, w, h}
}
