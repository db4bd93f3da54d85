package head

// Memory is how many bytes [Train] takes besides the examples, for so many rows of d features
// and k classes.
func Memory(rows, d, k, workers int) int64 {
	const single, double = 4, 8 // bytes of a float32 and a float64
	parameters := int64(d*k + k)
	sums := min(strands, blocks(rows, blockRows))
	perParameter := int64(double*(sums+2*pairs+3) + single*3)
	perWorker := int64(single * (blockRows*(d+k) + d*k))
	heads := int64(single * 2)
	kept := int64(0)
	if elements := int64(rows) * int64(d); elements <= mostScaled {
		kept = single * elements
		perWorker -= int64(single * blockRows * d)
	}
	return parameters*(perParameter+heads) + int64(min(workers, sums))*perWorker + kept
}
