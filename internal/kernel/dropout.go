package kernel

// Mask computes dst = x * scale for the elements whose bit is set, bit i%8 of
// keep[i/8], and 0 for the others.
func Mask(dst, x []float32, keep []uint8, scale float32) {
	dst = dst[:len(x)]
	for i, v := range x {
		if keep[i/8]>>(i%8)&1 == 0 {
			v = 0
		}
		dst[i] = v * scale
	}
}

// MaskGradient computes dx = fma(dy, scale, dx) for the elements whose bit is
// set.
func MaskGradient(dx, dy []float32, keep []uint8, scale float32) {
	dx = dx[:len(dy)]
	for i, v := range dy {
		if keep[i/8]>>(i%8)&1 == 1 {
			dx[i] = FMA32(v, scale, dx[i])
		}
	}
}
