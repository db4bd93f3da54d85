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
	if d.Rows == 0 || d.Taps == 0 || d.Channels == 0 || active.depthwise == nil {
		d.convolveGeneric()
		return
	}
	d.check()
	var bias *float32
	if d.Bias != nil {
		bias = &d.Bias[0]
	}
	convolve := active.depthwise
	if d.Taps == depthwiseTaps {
		convolve = active.depthwiseNine
	}
	zeros := &zeroRow(d.Channels)[0]
	for m, count := 0, 0; m < d.Rows; m += count {
		run := convolve
		count = min(depthwiseRows, d.Rows-m)
		if d.Taps != depthwiseTaps && active.depthwiseSeveral != nil && count >= severalPixels {
			run, count = active.depthwiseSeveral, count/severalPixels*severalPixels
		}
		run(&d.Dst[m*d.Channels], &d.A[0], &d.Offsets[m*d.Taps], &d.W[0], bias, zeros, count, d.Taps, d.Channels, d.Accumulate)
	}
}

// severalPixels is the number of pixels that depthwiseSeveral takes at a time.
const severalPixels = 4

// depthwiseRows is the number of pixels that a kernel takes one strip of channels
// after the other through. What it reads for one strip then lies beside what it reads
// for the next, which is in a cache by then. It is free of the contract.
const depthwiseRows = 64

// check panics if the convolution reaches outside of its slices.
func (d *Depthwise) check() {
	_ = d.Dst[:d.Rows*d.Channels]
	_ = d.W[:d.Taps*d.Channels]
	if d.Bias != nil {
		_ = d.Bias[:d.Channels]
	}
	checkOffsets(d.A, d.Offsets[:d.Rows*d.Taps], d.Channels)
}

// checkOffsets panics if there are not width elements of x at each offset.
func checkOffsets(x []float32, offsets []int32, width int) {
	_ = x[:int(active.largestOffset(offsets))+width]
}

// convolveGeneric is the definition of Convolve.
func (d *Depthwise) convolveGeneric() {
	for m := range d.Rows {
		dst := d.Dst[m*d.Channels:][:d.Channels]
		start(dst, d.Bias, d.Accumulate)
		for t, offset := range d.Offsets[m*d.Taps:][:d.Taps] {
			w := d.W[t*d.Channels:][:d.Channels]
			if offset < 0 {
				axpyGeneric(dst, w, 0)
				continue
			}
			mulAddGeneric(dst, d.A[offset:][:d.Channels], w)
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
	if rows == 0 || channels == 0 || active.depthwiseTap == nil {
		depthwiseGradientGeneric(dw, a, dy, offsets, rows, taps, channels)
		return
	}
	_, _ = dw[:taps*channels], dy[:rows*channels]
	checkOffsets(a, offsets[:rows*taps], channels)
	zeros := &zeroRow(channels)[0]
	for m := 0; m < rows; m += depthwiseRows {
		count := min(depthwiseRows, rows-m)
		for t := 0; t < taps; {
			gradient, several := active.depthwiseTap, 1
			switch left := taps - t; {
			case active.depthwiseFive != nil && left >= fiveTaps && left%depthwiseTaps != 0:
				gradient, several = active.depthwiseFive, fiveTaps
			case left >= depthwiseTaps:
				gradient, several = active.depthwiseTaps, depthwiseTaps
			}
			gradient(&dw[t*channels], &a[0], &dy[m*channels], &offsets[m*taps+t], zeros, count, taps, channels)
			t += several
		}
	}
}

// Numbers of neighbouring taps that one kernel takes at once.
const (
	depthwiseTaps = 9
	fiveTaps      = 5
)

func depthwiseGradientGeneric(dw, a, dy []float32, offsets []int32, rows, taps, channels int) {
	for m := range rows {
		y := dy[m*channels:][:channels]
		for t, offset := range offsets[m*taps:][:taps] {
			dst := dw[t*channels:][:channels]
			if offset < 0 {
				axpyGeneric(dst, y, 0)
				continue
			}
			mulAddGeneric(dst, a[offset:][:channels], y)
		}
	}
}

// MulAdd computes dst[i] = fma(a[i], b[i], dst[i]).
func MulAdd(dst, a, b []float32) {
	active.mulAdd(dst, a[:len(dst)], b[:len(dst)])
}

func mulAddGeneric(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = FMA32(a[i], b[i], dst[i])
	}
}
