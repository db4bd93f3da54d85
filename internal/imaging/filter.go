package imaging

import "github.com/blocktrain/blocktrain/internal/kernel"

// Filters of Pillow's Image.resize, as its source (Resample.c) defines them. Their weights
// are computed in float64 and rounded to 22 bits of fraction; from there on everything is
// an integer. Sums, products and quotients are taken in Pillow's order and each of them is
// rounded, so that every machine gets the same weights. This is the one place of the
// reproducibility contract where float64 decides about pixels.

// A Filter is how an image is resampled.
type Filter string

// The filters.
const (
	// PillowBilinear is Image.Resampling.BILINEAR: a triangle as wide as two input or two
	// output pixels, whichever are larger.
	PillowBilinear Filter = "pillow-bilinear"
	// PillowBicubic is Image.Resampling.BICUBIC: Keys' cubic with a = -0.5.
	PillowBicubic Filter = "pillow-bicubic"
	// Triangle is the triangle in whole numbers, rounded once for each pass. It is the filter
	// of a rule that names none: version 2 of the reproducibility contract had no other.
	Triangle Filter = "triangle"
)

// Filters are the filters by name, the default first.
func Filters() []string {
	return []string{string(PillowBilinear), string(PillowBicubic), string(Triangle)}
}

// precision is the number of bits of fraction of a weight.
const precision = 32 - 8 - 2

// curve is the shape of a filter: its weight at a distance in pixels, and the distance
// from which on that is 0.
type curve struct {
	support float64
	weight  func(x float64) float64
}

var bilinear = curve{1, func(x float64) float64 {
	if x < 0 {
		x = -x
	}
	if x < 1 {
		return 1 - x
	}
	return 0
}}

var bicubic = curve{2, func(x float64) float64 {
	const a = -0.5
	if x < 0 {
		x = -x
	}
	switch {
	case x < 1:
		return float64(float64(float64(float64(float64((a+2)*x)-(a+3))*x)*x) + 1)
	case x < 2:
		return float64(float64(float64(float64(float64(float64(x-5)*x)+8)*x)-4) * a)
	}
	return 0
}}

// taps holds the weights of the input values that make one output value.
type taps struct {
	first   int // index of the first input value
	weights []int32
}

// weightsOf computes the weights for n values resampled to as many as the span has, as
// Pillow's precompute_coeffs and normalize_coeffs_8bpc do.
func (c curve) weightsOf(n int, to span) []taps {
	scale := float64(n) / float64(to.size)
	stretch := max(scale, 1)
	support := float64(c.support * stretch)
	inverse := 1 / stretch
	all := make([]taps, to.count)
	weights := make([]float64, 0, int(support)*2+3)
	for i := range all {
		center := float64((float64(to.first+i) + 0.5) * scale)
		first := max(int(float64(center-support)+0.5), 0)
		last := min(int(float64(center+support)+0.5), n)
		weights = weights[:0]
		sum := 0.0
		for x := range last - first {
			w := c.weight(float64(float64(float64(float64(x+first)-center)+0.5) * inverse))
			weights = append(weights, w)
			sum += w
		}
		all[i] = taps{first, make([]int32, len(weights))}
		for x, w := range weights {
			if sum != 0 {
				w /= sum
			}
			all[i].weights[x] = fixed(w)
		}
	}
	return all
}

// fixed rounds a weight to the fixed point, halves away from zero.
func fixed(w float64) int32 {
	scaled := float64(w * (1 << precision))
	if w < 0 {
		return int32(scaled - 0.5)
	}
	return int32(scaled + 0.5)
}

// resize brings img to the size of the spans, of which it computes what they ask for: rows
// first, then columns. A pass that keeps the size is left out. The values between the passes
// are bytes.
func (f Filter) resize(img Image, x, y span) Image {
	switch {
	case img.Width != x.size:
		img = f.rows(img, x)
	case x.count < x.size:
		img = cut(img, x.count, img.Height, x.first, 0)
	}
	switch {
	case img.Height != y.size:
		img = f.columns(img, y)
	case y.count < y.size:
		img = cut(img, img.Width, y.count, 0, y.first)
	}
	return img
}

// curve is the shape of a filter of Pillow's, nil for Triangle.
func (f Filter) curve() *curve {
	switch f {
	case PillowBilinear:
		return &bilinear
	case PillowBicubic:
		return &bicubic
	}
	return nil
}

func (f Filter) rows(img Image, to span) Image {
	if c := f.curve(); c != nil {
		return resizeRows(img, c.weightsOf(img.Width, to))
	}
	return resampleRows(img, windows(img.Width, to))
}

func (f Filter) columns(img Image, to span) Image {
	if c := f.curve(); c != nil {
		return resizeColumns(img, c.weightsOf(img.Height, to))
	}
	return resampleColumns(img, windows(img.Height, to))
}

// resizeRows makes every row of img as long as there are taps.
func resizeRows(img Image, all []taps) Image {
	out := img.Black(len(all), img.Height)
	var pixels *kernel.PixelResampler
	if img.Channels == 3 {
		pixels = pixelResampler(img.Width, all)
	}
	for y := range img.Height {
		src, dst := img.Row(y), out.Row(y)
		switch {
		case pixels != nil:
			pixels.Row(dst, src)
		case img.Channels == 1:
			for i, t := range all {
				dst[i] = t.sum1(src)
			}
		default:
			for i, t := range all {
				t.sums(dst[i*img.Channels:(i+1)*img.Channels], src)
			}
		}
	}
	return out
}

func pixelResampler(width int, all []taps) *kernel.PixelResampler {
	first, weights := make([]int, len(all)), make([][]int32, len(all))
	for i, t := range all {
		first[i], weights[i] = t.first, t.weights
	}
	return kernel.NewPixelResampler(width, first, weights)
}

const roundUp = 1 << (precision - 1)

func toByte(sum int32) uint8 { return uint8(max(0, min(sum>>precision, 255))) }

// sum1 is the weighted sum of a row of one channel.
func (t taps) sum1(row []uint8) uint8 {
	sum := int32(roundUp)
	row = row[t.first:][:len(t.weights)]
	for i, w := range t.weights {
		sum += w * int32(row[i])
	}
	return toByte(sum)
}

// sums sets dst to the weighted sums of a row with as many channels.
func (t taps) sums(dst, row []uint8) {
	for c := range dst {
		sum := int32(roundUp)
		for i, w := range t.weights {
			sum += w * int32(row[(t.first+i)*len(dst)+c])
		}
		dst[c] = toByte(sum)
	}
}

// resizeColumns makes img as high as there are taps.
func resizeColumns(img Image, all []taps) Image {
	out := img.Black(img.Width, len(all))
	stride := img.Width * img.Channels
	for k, t := range all {
		kernel.ResampleColumns(out.Row(k), img.Pix[t.first*stride:], stride, t.weights)
	}
	return out
}
