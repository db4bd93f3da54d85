package kernel

// Filter sets each dst[i] to the sum of weights[k]*src[offsets[k]+i], in 1/65536 and rounded
// half up. It is arithmetic of integers, of which a result keeps the low 32 bits. Weights must
// fit 32 bits. No offset is negative, there are as many weights, and dst does not overlap src.
func Filter(dst, src []int32, offsets []int, weights []int64) {
	weights = weights[:len(offsets)]
	for _, offset := range offsets {
		_ = src[offset:][:len(dst)]
	}
	width := active.width
	if active.filter == nil || len(dst) < width || len(offsets) == 0 {
		filterGeneric(dst, src, offsets, weights)
		return
	}
	groups := len(dst) / width
	active.filter(&dst[0], &src[0], groups, &offsets[0], &weights[0], len(offsets))
	if last := len(dst) - width; groups*width < len(dst) { // some values again
		active.filter(&dst[last], &src[last], 1, &offsets[0], &weights[0], len(offsets))
	}
}

func filterGeneric(dst, src []int32, offsets []int, weights []int64) {
	for i := range dst {
		sum := int64(1 << 15)
		for k, offset := range offsets {
			sum += weights[k] * int64(src[offset+i])
		}
		dst[i] = int32(sum >> 16)
	}
}
