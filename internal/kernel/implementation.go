package kernel

// implementation is one way to compute the kernels that are worth vector
// instructions. All give the same bits; the generic one, in portable Go, is their
// definition.
type implementation struct {
	name  string
	width int // float32 values in a vector

	multiplyAdd func(rounds int)

	// The tiles of the products; without them the portable loops run. One is
	// for products with K = 1.
	gather, gatherOne tiles[gatherTile]
	outer             tiles[outerTile]
}

// generic computes everything in portable Go.
var generic = implementation{name: "generic", width: 8}

// active is the implementation that the kernels use.
var active = available()[0]

// available lists the implementations that this processor can run, the fastest
// first.
func available() []*implementation {
	return append(accelerated(), &generic)
}

// Implementations names the implementations that this processor can run, the
// fastest first: that is the one in use.
func Implementations() []string {
	var names []string
	for _, i := range available() {
		names = append(names, i.name)
	}
	return names
}
