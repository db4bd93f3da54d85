package kernel

// Images are resampled by weights in fixed point, with resampleBits bits of fraction. A sum of
// products of weights and bytes wraps around at 32 bits. It is rounded half up, and what is
// beyond a byte becomes 0 or 255.

const resampleBits = 22

func resampled(sum int32) uint8 {
	return uint8(max(0, min((sum+1<<(resampleBits-1))>>resampleBits, 255)))
}

// ResampleColumns sets each dst[j] to the sum of weights[k]*src[k*stride+j].
func ResampleColumns(dst, src []uint8, stride int, weights []int32) {
	if len(weights) == 0 {
		clear(dst)
		return
	}
	_ = src[(len(weights)-1)*stride:][:len(dst)]
	const together = 16
	if active.resampleColumns == nil || len(dst) < together {
		resampleColumnsGeneric(dst, src, stride, weights)
		return
	}
	groups := len(dst) / together
	active.resampleColumns(&dst[0], &src[0], groups, stride, &weights[0], len(weights))
	if last := len(dst) - together; groups*together < len(dst) { // some values again
		active.resampleColumns(&dst[last], &src[last], 1, stride, &weights[0], len(weights))
	}
}

func resampleColumnsGeneric(dst, src []uint8, stride int, weights []int32) {
	for len(dst) > 0 { // some columns at a time, for memory is read by rows
		var sums [64]int32
		some := sums[:min(len(sums), len(dst))]
		for k, w := range weights {
			for j, v := range src[k*stride:][:len(some)] {
				some[j] += w * int32(v)
			}
		}
		for j, sum := range some {
			dst[j] = resampled(sum)
		}
		dst = dst[len(some):]
		src = src[min(len(some), len(src)):]
	}
}

// PixelResampler resamples rows of pixels of three channels.
type PixelResampler struct {
	first   []int     // of the pixels that make each new one
	weights [][]int32 // of each new pixel

	// For vector instructions: where the first pixel begins, in bytes; and the weights in blocks
	// of four, those that a pixel lacks being 0. A block has the low lowBits bits of each, and
	// then the rest.
	begins []int32
	halves []int16
	blocks int // of each new pixel
	whole  int // pixels that can be made with a block that reaches beyond their last weight
	length int // of the rows for which that holds, in bytes
}

// lowBits are those of a weight in the first half. Both halves are numbers of 16 bits.
const lowBits = 11

// blockTaps are the weights of a block, and blockReach the bytes that are read for one.
const (
	blockTaps  = 4
	blockReach = 16
)

// NewPixelResampler makes pixel i of a new row from those at first[i] on of a row of so many
// pixels, with the given weights. No first is below the one before it.
func NewPixelResampler(pixels int, first []int, weights [][]int32) *PixelResampler {
	r := &PixelResampler{first: first, weights: weights, length: 3 * pixels}
	if active.resamplePixels == nil {
		return r
	}
	for _, w := range weights {
		r.blocks = max(r.blocks, (len(w)+blockTaps-1)/blockTaps)
	}
	r.begins, r.halves = make([]int32, len(first)), make([]int16, 2*blockTaps*r.blocks*len(first))
	for i, w := range weights {
		r.begins[i] = int32(3 * first[i])
		of := r.halves[2*blockTaps*r.blocks*i:]
		for k, v := range w {
			at := k/blockTaps*2*blockTaps + k%blockTaps
			of[at], of[at+blockTaps] = int16(v&(1<<lowBits-1)), int16(v>>lowBits)
		}
		// A new pixel is written with a byte more, so that the last one is left.
		if i+1 < len(first) && r.whole == i && 3*(first[i]+blockTaps*(r.blocks-1))+blockReach <= r.length {
			r.whole++
		}
	}
	return r
}

// Row resamples a row: dst has three bytes for each new pixel.
func (r *PixelResampler) Row(dst, row []uint8) {
	row, done := row[:r.length], 0
	_ = dst[:3*len(r.first)]
	if r.whole > 0 && active.resamplePixels != nil {
		active.resamplePixels(&dst[0], &row[0], r.whole, &r.begins[0], &r.halves[0], r.blocks)
		done = r.whole
	}
	for i := done; i < len(r.first); i++ {
		var red, green, blue int32
		from := row[3*r.first[i]:][:3*len(r.weights[i])]
		for _, w := range r.weights[i] {
			red += w * int32(from[0])
			green += w * int32(from[1])
			blue += w * int32(from[2])
			from = from[3:]
		}
		dst[3*i], dst[3*i+1], dst[3*i+2] = resampled(red), resampled(green), resampled(blue)
	}
}
