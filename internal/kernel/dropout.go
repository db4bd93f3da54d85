package kernel

// Mask computes dst = x * scale for the elements whose bit is set, bit i%8 of
// keep[i/8], and 0 for the others. It is its own gradient. dst may be x.
func Mask(dst, x []float32, keep []uint8, scale float32) {
	whole := len(x) / lanes * lanes
	active.mask(dst[:whole], x[:whole], keep[:whole/8], scale)
	maskGeneric(dst[whole:len(x)], x[whole:], keep[whole/8:], scale)
}

func maskGeneric(dst, x []float32, keep []uint8, scale float32) {
	for i, v := range x {
		if keep[i/8]>>(i%8)&1 == 0 {
			v = 0
		}
		dst[i] = v * scale
	}
}
