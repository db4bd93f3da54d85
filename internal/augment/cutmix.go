package augment

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// cutmix puts a rectangle of another image into each, CutMix (Yun et al. 2019). As in the
// paper, the rectangle has the shape of the image, its middle is anywhere in the image, and
// what of it is outside is cut off. The targets are mixed by the areas that are left.
type cutmix struct{ p, alpha float32 }

func newCutmix(o *config.Options) (Transform, error) {
	t := &cutmix{}
	o.Float32(&t.alpha, "alpha", 1, "the partner's share, before it is cut off at edges, is drawn from Beta(alpha, alpha)", config.Between(0.01, 4))
	o.Float32(&t.p, "p", 1, "probability of acting on an image", config.Between(0, 1))
	return t, nil
}

// Apply leaves single images as they are.
func (t *cutmix) Apply(_, _ imaging.Image, _ *rng.Stream, _ *Moves) bool { return false }

// Rectangle is a part of an image, in pixels.
type Rectangle struct{ Left, Top, Width, Height int }

// CutRectangle draws the part of a partner that is put into an image of the given size. It
// is empty when the list has no cutmix, and may be so when it has.
func (p *Pipeline) CutRectangle(s *rng.Stream, width, height int) Rectangle {
	if p.cutmix == nil || !s.Bool(p.cutmix.p) {
		return Rectangle{}
	}
	share := int(math.Floor(float64(beta(s, p.cutmix.alpha, one)) + 0.5))
	left, w := cutSide(s, width, share)
	top, h := cutSide(s, height, share)
	if w == 0 || h == 0 {
		return Rectangle{}
	}
	return Rectangle{left, top, w, h}
}

// cutSide draws where a rectangle is along a side of n pixels, of whose square it takes a
// share in 1/65536.
func cutSide(s *rng.Stream, n, share int) (first, length int) {
	half := squareRoot(n * n * share / (4 * one))
	middle := s.IntN(n)
	first = max(middle-half, 0)
	return first, min(middle+half, n) - first
}

// Paste copies the rectangle of src to its place in dst, which has the same shape.
func Paste(dst, src imaging.Image, r Rectangle) {
	first, bytes := r.Left*src.Channels, r.Width*src.Channels
	for y := r.Top; y < r.Top+r.Height; y++ {
		copy(dst.Row(y)[first:first+bytes], src.Row(y)[first:first+bytes])
	}
}

// squareRoot is the square root of n, below 2^52, rounded down.
func squareRoot(n int) int {
	r := int(math.Sqrt(float64(n)))
	for r*r > n {
		r--
	}
	return r
}
