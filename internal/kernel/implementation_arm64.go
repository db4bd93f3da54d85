//go:build !purego

package kernel

// known names the implementations that this build has for processors of its
// kind.
var known = []string{neon.name}

// neon are the vector instructions that every arm64 processor has.
var neon = implementation{
	name:  "neon",
	width: 4,

	axpy:          axpyNEON,
	mulAdd:        mulAddNEON,
	add:           addNEON,
	scale:         scaleNEON,
	movingAverage: movingAverageNEON,
	fromBytes:     fromBytesNEON,
	mask:          maskNEON,

	relu:              reluNEON,
	relu6:             relu6NEON,
	sigmoid:           sigmoidNEON,
	hardSwish:         hardSwishNEON,
	silu:              siluNEON,
	gelu:              geluNEON,
	reluGradient:      reluGradientNEON,
	relu6Gradient:     relu6GradientNEON,
	sigmoidGradient:   sigmoidGradientNEON,
	hardSwishGradient: hardSwishGradientNEON,
	siluGradient:      siluGradientNEON,
	geluGradient:      geluGradientNEON,
	expMinus:          expMinusNEON,
	divide:            divideNEON,
	centered:          centeredNEON,

	sgd:      sgdNEON,
	momentum: momentumNEON,
	nesterov: nesterovNEON,
	adam:     adamNEON,
	lion:     lionNEON,

	sum:             sumNEON,
	dot:             dotNEON,
	squaredDistance: squaredDistanceNEON,
	largest:         largestNEON,
	sumSquares:      sumSquaresNEON,
	largestOffset:   largestOffsetNEON,

	columnSum:  columnSumNEON,
	scaleShift: scaleShiftNEON,

	channelSums:              channelSumsNEON,
	squaredDeviations:        squaredDeviationsNEON,
	normalize:                normalizeNEON,
	normalizeClamped:         normalizeClampedNEON,
	normalizeSums:            normalizeSumsNEON,
	normalizeSumsClamped:     normalizeSumsClampedNEON,
	normalizeGradient:        normalizeGradientNEON,
	normalizeGradientClamped: normalizeGradientClampedNEON,

	tiled: tiled{
		multiplyAdd:     multiplyAddNEON,
		gather:          gatherNEON,
		outer:           outerNEON,
		transpose:       transposeNEON,
		depthwise:       depthwiseNEON,
		depthwiseNine:   depthwiseNineNEON,
		depthwiseTap:    depthwiseTapGradientNEON,
		depthwiseTaps:   depthwiseTapsGradientNEON,
		maxPool:         maxPoolNEON,
		maxPoolGradient: maxPoolGradientNEON,
	},
}

// accelerated lists the implementations in assembly.
func accelerated() []*implementation { return []*implementation{&neon} }
