//go:build !purego

package kernel

// known names the implementations that this build has for processors of its
// kind.
var known = []string{neon.name}

// neon are the vector instructions that every arm64 processor has.
var neon = func() implementation {
	i := generic
	i.name, i.width = "neon", 4
	i.tiled = tiled{
		multiplyAdd:     multiplyAddNEON,
		gather:          gatherNEON,
		gatherOne:       gatherOneNEON,
		outer:           outerNEON,
		depthwise:       depthwiseNEON,
		depthwiseNine:   depthwiseNineNEON,
		depthwiseTap:    depthwiseTapGradientNEON,
		depthwiseTaps:   depthwiseTapsGradientNEON,
		maxPool:         maxPoolNEON,
		maxPoolGradient: maxPoolGradientNEON,
	}
	return i
}()

// accelerated lists the implementations in assembly.
func accelerated() []*implementation { return []*implementation{&neon} }
