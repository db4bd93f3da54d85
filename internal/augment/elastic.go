package augment

import (
	"math"
	"sync"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// elastic moves every pixel by its own vector: noise, uniform between -1 and 1,
// smoothed by a Gaussian of standard deviation sigma and multiplied by alpha.
// The Gaussian is approximated by three box filters, whose sums are exact in
// integers (Kovesi: Fast Almost-Gaussian Filtering, 2010).
type elastic struct {
	alpha, sigma float64
	border
	scratch sync.Pool // of *[]int
}

func newElastic(o *config.Options) (Transform, error) {
	t := &elastic{}
	// The limits keep the products in displacement within 63 bits.
	o.Float(&t.alpha, "alpha", 34, "strength of the displacement, in pixels before smoothing", config.Between(0, 1000))
	o.Float(&t.sigma, "sigma", 4, "smoothness of the displacement, in pixels", config.Between(0.5, 32))
	t.declare(o)
	return t, nil
}

func (t *elastic) Apply(dst, src imaging.Image, s *rng.Stream, moves *Moves) bool {
	alpha := int(math.Floor(float64(t.alpha*256) + 0.5))
	if alpha == 0 {
		return false
	}
	n, side := src.Width*src.Height, max(src.Width, src.Height)
	buffer := t.buffer(2*n + 2*side)
	defer t.scratch.Put(buffer)
	dx, dy, lines := (*buffer)[:n], (*buffer)[n:2*n], (*buffer)[2*n:]
	widths := boxWidths(t.sigma)
	// Noise is in 1/256 and each of the six passes sums where it should average.
	whole := 256
	for _, w := range widths {
		whole *= w * w
	}
	for _, field := range [][]int{dx, dy} {
		fillNoise(field, s)
		smooth(field, src.Width, src.Height, widths, lines)
		for i, v := range field {
			field[i] = displacement(v, alpha, whole)
		}
	}
	moves.displace(src, dx, dy)
	displace(dst, src, dx, dy, t.outside())
	return true
}

// displace sets each pixel of dst to what src has dx, dy further on, in 1/256
// pixel.
func displace(dst, src imaging.Image, dx, dy []int, o outside) {
	for i := range dx {
		x, y := i%src.Width, i/src.Width
		at := i * src.Channels
		sample(dst.Pix[at:at+src.Channels], src, x<<8+dx[i], y<<8+dy[i], o)
	}
}

func (t *elastic) buffer(n int) *[]int {
	if b, ok := t.scratch.Get().(*[]int); ok && len(*b) == n {
		return b
	}
	b := make([]int, n)
	return &b
}

// displacement is v*alpha/whole in 1/256 pixel, rounded towards zero.
func displacement(v, alpha, whole int) int { return v * alpha / whole }

// fillNoise sets field to odd numbers between -255 and 255, uniformly.
func fillNoise(field []int, s *rng.Stream) {
	var word uint32
	for i := range field {
		if i%4 == 0 {
			word = s.Uint32()
		}
		field[i] = 2*int(word&255) - 255
		word >>= 8
	}
}

// boxWidths are three odd widths whose boxes in turn have about the variance
// sigma*sigma; a box of width w has (w*w-1)/12.
func boxWidths(sigma float64) [3]int {
	variance := float64(12 * float64(sigma*sigma))
	low := int(math.Floor(math.Sqrt(variance/3 + 1)))
	low -= 1 - low%2
	narrow := int(math.Floor((float64(3*low*low+12*low+9)-variance)/float64(4*low+4) + 0.5))
	var widths [3]int
	for i := range widths {
		widths[i] = low
		if i >= narrow {
			widths[i] += 2
		}
	}
	return widths
}

// smooth filters a [height,width] field along its rows, then along its columns.
// lines is scratch for two lines.
func smooth(field []int, width, height int, widths [3]int, lines []int) {
	for y := range height {
		smoothLine(field[y*width:], width, 1, widths, lines)
	}
	for x := range width {
		smoothLine(field[x:], height, width, widths, lines)
	}
}

// smoothLine filters the n values of field that are stride apart.
func smoothLine(field []int, n, stride int, widths [3]int, lines []int) {
	a, b := lines[:n], lines[len(lines)/2:][:n]
	for i := range n {
		a[i] = field[i*stride]
	}
	for _, w := range widths {
		boxSum(b, a, w/2)
		a, b = b, a
	}
	for i := range n {
		field[i*stride] = a[i]
	}
}

// boxSum sets dst[i] to the sum of src[i-radius..i+radius], taken as 0 outside.
func boxSum(dst, src []int, radius int) {
	sum := 0
	for _, v := range src[:min(radius, len(src))] {
		sum += v
	}
	for i := range dst {
		if i+radius < len(src) {
			sum += src[i+radius]
		}
		dst[i] = sum
		if i-radius >= 0 {
			sum -= src[i-radius]
		}
	}
}
