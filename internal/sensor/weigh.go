package sensor

//go:generate go -C ../kernel/_asm run . -family weigh -out ../../sensor/weigh_amd64.s -stubs ../../sensor/weigh_stubs_amd64.go -pkg sensor

// addWeighted adds weight times a value to each sum. There are as many values as sums. The weight
// is one of 32 bits.
func addWeighted(sums []int64, values []int32, weight int64) {
	done := 0
	if groups := len(sums) / weigher.width; groups > 0 {
		done = groups * weigher.width
		_ = values[done-1]
		weigher.add(&sums[0], &values[0], groups, weight)
	}
	addWeightedGeneric(sums[done:], values[done:], weight)
}

// addWeightedGeneric is addWeighted.
func addWeightedGeneric(sums []int64, values []int32, weight int64) {
	values = values[:len(sums)]
	for i, v := range values {
		sums[i] += weight * int64(v)
	}
}

// implementation is a way to compute addWeighted in vector instructions, for groups of width
// values.
type implementation struct {
	name  string
	width int
	add   func(sums *int64, values *int32, groups int, weight int64)
}

// weigher is the fastest implementation that this processor can run.
var weigher = available()[0]

// available lists the implementations that this processor can run, the fastest first. The last
// leaves all values to addWeightedGeneric.
func available() []implementation {
	return append(accelerated(), implementation{name: "generic", width: 1 << 62})
}
