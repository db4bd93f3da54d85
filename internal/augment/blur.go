package augment

import (
	"sync"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// blur filters an image with a Gaussian whose standard deviation is drawn between min and max
// pixels. The weight at the distance i is exp(-i*i/(2*sigma*sigma)), brought to a multiple of
// 1/65536; there are as many on each side as are not 0, at most three standard deviations.
// Rows and then columns are summed in integers, and divided once by the sum of all weights,
// rounded, halves up. Outside of the image lie its nearest pixels.
type blur struct {
	min, max float32
	scratch  sync.Pool // of *[]int
}

func newBlur(o *config.Options) (Transform, error) {
	t := &blur{}
	// The largest sigma keeps the sums within 63 bits.
	o.Float32(&t.min, "min", 0, "smallest standard deviation, in pixels", config.Between(0, 16))
	o.Float32(&t.max, "max", 1, "largest standard deviation, in pixels", config.Between(0, 16))
	return t, checkRange(t.min, t.max)
}

func (t *blur) Apply(dst, src imaging.Image, s *rng.Stream, _ *Moves) bool {
	weights := gaussian(s.Uniform(t.min, t.max))
	if len(weights) == 1 {
		return false
	}
	buffer := t.buffer(len(src.Pix))
	defer t.scratch.Put(buffer)
	blurred(dst, src, weights, *buffer)
	return true
}

// gaussian are the weights at the distances 0, 1, 2 and so on, in 1/65536.
func gaussian(sigma float32) []int {
	weights := []int{one}
	twice := float32(2*sigma) * sigma
	for i := 1; float32(i) <= 3*sigma; i++ {
		w := fixed(kernel.Exp(-float32(i*i) / twice))
		if w == 0 {
			break
		}
		weights = append(weights, w)
	}
	return weights
}

// blurred fills dst with src filtered along rows and columns. rows is scratch for one number
// for each value.
func blurred(dst, src imaging.Image, weights, rows []int) {
	width, height, n := src.Width, src.Height, src.Channels
	for y := range height {
		for x := range width {
			for c := range n {
				at := y*width*n + c
				sum := weights[0] * int(src.Pix[at+x*n])
				for i, w := range weights[1:] {
					sum += w * (int(src.Pix[at+edge(x-i-1, width)*n]) + int(src.Pix[at+edge(x+i+1, width)*n]))
				}
				rows[at+x*n] = sum
			}
		}
	}
	whole := weights[0]
	for _, w := range weights[1:] {
		whole += 2 * w
	}
	whole *= whole
	for y := range height {
		for at := range width * n {
			sum := weights[0] * rows[y*width*n+at]
			for i, w := range weights[1:] {
				sum += w * (rows[edge(y-i-1, height)*width*n+at] + rows[edge(y+i+1, height)*width*n+at])
			}
			dst.Pix[y*width*n+at] = uint8((sum + whole/2) / whole)
		}
	}
}

func (t *blur) buffer(n int) *[]int {
	if b, ok := t.scratch.Get().(*[]int); ok && len(*b) == n {
		return b
	}
	b := make([]int, n)
	return &b
}
