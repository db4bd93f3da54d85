package kernel

// AddWeighted adds weight times a value to each sum: sums[i] += weight*values[i]. It is
// arithmetic of integers, which wraps around. The weight must fit 32 bits, and there are at
// least as many values as sums.
func AddWeighted(sums []int64, values []int32, weight int64) {
	values, done := values[:len(sums)], 0
	if groups := len(sums) / (active.width / 2); groups > 0 && active.addWeighted != nil {
		active.addWeighted(&sums[0], &values[0], groups, weight)
		done = groups * (active.width / 2)
	}
	addWeightedGeneric(sums[done:], values[done:], weight)
}

func addWeightedGeneric(sums []int64, values []int32, weight int64) {
	values = values[:len(sums)]
	for i, v := range values {
		sums[i] += weight * int64(v)
	}
}
