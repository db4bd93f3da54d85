package kernel

// MaxPool takes, for each output pixels and each channel, the largest of
// the taps at offsets [n,taps] of x; the first tap wins among equals, a NaN wins
// over all, and a negative offset is never taken.
//
//	dst[m,c] = max over t of x[offsets[m*taps+t]+c]
//	index[m,c] = the t that won
func MaxPool(dst []float32, index []uint8, x []float32, offsets []int32, rows, taps, channels int) {
	if rows == 0 || taps == 0 || channels == 0 || active.maxPool == nil {
		maxPoolGeneric(dst, index, x, offsets, rows, taps, channels)
		return
	}
	_, _ = dst[:rows*channels], index[:rows*channels]
	checkOffsets(x, offsets[:rows*taps], channels)
	active.maxPool(&dst[0], &index[0], &x[0], &offsets[0], rows, taps, channels)
}

func maxPoolGeneric(dst []float32, index []uint8, x []float32, offsets []int32, rows, taps, channels int) {
	for m := range rows {
		out, won := dst[m*channels:][:channels], index[m*channels:][:channels]
		first := true
		for t, offset := range offsets[m*taps:][:taps] {
			if offset < 0 {
				continue
			}
			in := x[offset:][:channels]
			for c, v := range in {
				if first || v > out[c] || (v != v && out[c] == out[c]) {
					out[c], won[c] = v, uint8(t)
				}
			}
			first = false
		}
	}
}

// MaxPoolGradient adds each dy[m,c] to the element of dx that won:
// dx[offsets[m*taps+index[m,c]]+c] += dy[m,c], pixel by pixel in order.
func MaxPoolGradient(dx []float32, index []uint8, dy []float32, offsets []int32, rows, taps, channels int) {
	if rows == 0 || taps == 0 || channels == 0 || active.maxPoolGradient == nil {
		maxPoolGradientGeneric(dx, index, dy, offsets, rows, taps, channels)
		return
	}
	_, _ = dy[:rows*channels], index[:rows*channels]
	checkOffsets(dx, offsets[:rows*taps], channels)
	active.maxPoolGradient(&dx[0], &index[0], &dy[0], &offsets[0], rows, taps, channels)
}

func maxPoolGradientGeneric(dx []float32, index []uint8, dy []float32, offsets []int32, rows, taps, channels int) {
	for m := range rows {
		at := offsets[m*taps:][:taps]
		won := index[m*channels:][:channels]
		for c, v := range dy[m*channels:][:channels] {
			dx[int(at[won[c]])+c] += v
		}
	}
}

// MaxPoolGradientApart is MaxPoolGradient into a cleared dx for windows that do not
// overlap, lie inside of the image and together cover all of it.
func MaxPoolGradientApart(dx []float32, index []uint8, dy []float32, offsets []int32, rows, taps, channels int) {
	if rows == 0 || taps == 0 || channels == 0 || active.maxPoolGradientApart == nil {
		clear(dx)
		MaxPoolGradient(dx, index, dy, offsets, rows, taps, channels)
		return
	}
	_, _ = dy[:rows*channels], index[:rows*channels]
	checkOffsets(dx, offsets[:rows*taps], channels)
	active.maxPoolGradientApart(&dx[0], &index[0], &dy[0], &offsets[0], rows, taps, channels)
}

// AvgPool takes, for each of n output pixels and each channel, the sum of the
// taps at offsets [n,taps] of x in order of taps, times scale. Negative offsets
// add nothing.
func AvgPool(dst, x []float32, offsets []int32, rows, taps, channels int, scale float32) {
	for m := range rows {
		out := dst[m*channels:][:channels]
		clear(out)
		for _, offset := range offsets[m*taps:][:taps] {
			if offset >= 0 {
				Add(out, x[offset:][:channels])
			}
		}
		Scale(out, scale)
	}
}

// AvgPoolGradient spreads dy over the taps:
// dx[offsets[m*taps+t]+c] = fma(dy[m,c], scale, dx[...]), pixel by pixel and tap
// by tap in order.
func AvgPoolGradient(dx, dy []float32, offsets []int32, rows, taps, channels int, scale float32) {
	for m := range rows {
		y := dy[m*channels:][:channels]
		for _, offset := range offsets[m*taps:][:taps] {
			if offset >= 0 {
				Axpy(dx[offset:][:channels], y, scale)
			}
		}
	}
}
