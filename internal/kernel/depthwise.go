package kernel

// Depthwise describes a convolution in which each channel sees itself alone. For
// every output pixel m and channel c:
//
//	acc = Dst[m,c] if Accumulate, else Bias[c], else 0 without Bias
//	for t < Taps: acc = fma(A[Offsets[m*Taps+t]+c], W[t,c], acc)
//
// A negative offset stands for zeros, which take part in the chain.
type Depthwise struct {
	Dst        []float32 // [Rows,Channels]
	A          []float32
	Offsets    []int32   // [Rows,Taps], in elements of A
	W          []float32 // [Taps,Channels]
	Bias       []float32 // [Channels] or nil
	Rows, Taps int
	Channels   int
	Accumulate bool
}

// Convolve computes the convolution.
func (d *Depthwise) Convolve() {
	for m := range d.Rows {
		dst := d.Dst[m*d.Channels:][:d.Channels]
		start(dst, d.Bias, d.Accumulate)
		for t, offset := range d.Offsets[m*d.Taps:][:d.Taps] {
			w := d.W[t*d.Channels:][:d.Channels]
			if offset < 0 {
				axpyGeneric(dst, w, 0)
				continue
			}
			MulAdd(dst, d.A[offset:][:d.Channels], w)
		}
	}
}

// DepthwiseGradient adds to the weights' gradient dw [taps,channels], for each
// pixel m in order and each tap t with an offset that is not negative:
//
//	dw[t,c] = fma(a[offsets[m*taps+t]+c], dy[m,c], dw[t,c])
//
// Negative offsets take part as zeros.
func DepthwiseGradient(dw, a, dy []float32, offsets []int32, rows, taps, channels int) {
	for m := range rows {
		y := dy[m*channels:][:channels]
		for t, offset := range offsets[m*taps:][:taps] {
			dst := dw[t*channels:][:channels]
			if offset < 0 {
				axpyGeneric(dst, y, 0)
				continue
			}
			MulAdd(dst, a[offset:][:channels], y)
		}
	}
}

// MulAdd computes dst[i] = fma(a[i], b[i], dst[i]).
func MulAdd(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = FMA32(a[i], b[i], dst[i])
	}
}
