//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// known names the implementations that this build has for processors of its
// kind.
var known = []string{avx512.name, avx2.name}

var avx512 = implementation{
	name:  "avx512",
	width: 16,

	axpy:          axpyAVX512,
	mulAdd:        mulAddAVX512,
	add:           addAVX512,
	scale:         scaleAVX512,
	movingAverage: movingAverageAVX512,
	fromBytes:     fromBytesAVX512,
	mask:          maskAVX512,

	relu:              reluAVX512,
	relu6:             relu6AVX512,
	sigmoid:           sigmoidAVX512,
	hardSwish:         hardSwishAVX512,
	silu:              siluAVX512,
	gelu:              geluAVX512,
	reluGradient:      reluGradientAVX512,
	relu6Gradient:     relu6GradientAVX512,
	sigmoidGradient:   sigmoidGradientAVX512,
	hardSwishGradient: hardSwishGradientAVX512,
	siluGradient:      siluGradientAVX512,
	geluGradient:      geluGradientAVX512,
	expMinus:          expMinusAVX512,
	divide:            divideAVX512,
	centered:          centeredAVX512,

	sgd:      sgdAVX512,
	momentum: momentumAVX512,
	nesterov: nesterovAVX512,
	adam:     adamAVX512,
	lion:     lionAVX512,

	sum:             sumAVX512,
	dot:             dotAVX512,
	squaredDistance: squaredDistanceAVX512,
	largest:         largestAVX512,
	sumSquares:      sumSquaresAVX512,
	largestOffset:   largestOffsetAVX512,

	columnSum:  columnSumAVX512,
	scaleShift: scaleShiftAVX512,

	channelSums:              channelSumsAVX512,
	squaredDeviations:        squaredDeviationsAVX512,
	normalize:                normalizeAVX512,
	normalizeClamped:         normalizeClampedAVX512,
	normalizeSums:            normalizeSumsAVX512,
	normalizeSumsClamped:     normalizeSumsClampedAVX512,
	normalizeGradient:        normalizeGradientAVX512,
	normalizeGradientClamped: normalizeGradientClampedAVX512,

	tiled: tiled{
		multiplyAdd:          multiplyAddAVX512,
		prefetch:             prefetchAVX2,
		filter:               filterAVX512,
		resampleColumns:      resampleColumnsAVX2,
		resamplePixels:       resamplePixelsAVX2,
		gather:               family[gatherTile]{whole: gatherAVX512, half: gatherAVX512Half},
		outer:                family[outerTile]{whole: outerAVX512, half: outerAVX512Half, joined: outerJoinedAVX512Half},
		transpose:            transposeAVX2,
		depthwise:            depthwiseAVX512,
		depthwiseNine:        depthwiseNineAVX512,
		depthwiseSeveral:     depthwiseSeveralAVX512,
		depthwiseTap:         depthwiseTapGradientAVX512,
		depthwiseFive:        depthwiseFiveGradientAVX512,
		depthwiseTaps:        depthwiseTapsGradientAVX512,
		maxPool:              maxPoolAVX512,
		maxPoolGradient:      maxPoolGradientAVX512,
		maxPoolGradientApart: maxPoolGradientApartAVX512,
	},
}

var avx2 = implementation{
	name:  "avx2",
	width: 8,

	axpy:          axpyAVX2,
	mulAdd:        mulAddAVX2,
	add:           addAVX2,
	scale:         scaleAVX2,
	movingAverage: movingAverageAVX2,
	fromBytes:     fromBytesAVX2,
	mask:          maskAVX2,

	relu:              reluAVX2,
	relu6:             relu6AVX2,
	sigmoid:           sigmoidAVX2,
	hardSwish:         hardSwishAVX2,
	silu:              siluAVX2,
	gelu:              geluAVX2,
	reluGradient:      reluGradientAVX2,
	relu6Gradient:     relu6GradientAVX2,
	sigmoidGradient:   sigmoidGradientAVX2,
	hardSwishGradient: hardSwishGradientAVX2,
	siluGradient:      siluGradientAVX2,
	geluGradient:      geluGradientAVX2,
	expMinus:          expMinusAVX2,
	divide:            divideAVX2,
	centered:          centeredAVX2,

	sgd:      sgdAVX2,
	momentum: momentumAVX2,
	nesterov: nesterovAVX2,
	adam:     adamAVX2,
	lion:     lionAVX2,

	sum:             sumAVX2,
	dot:             dotAVX2,
	squaredDistance: squaredDistanceAVX2,
	largest:         largestAVX2,
	sumSquares:      sumSquaresAVX2,
	largestOffset:   largestOffsetAVX2,

	columnSum:  columnSumAVX2,
	scaleShift: scaleShiftAVX2,

	channelSums:              channelSumsAVX2,
	squaredDeviations:        squaredDeviationsAVX2,
	normalize:                normalizeAVX2,
	normalizeClamped:         normalizeClampedAVX2,
	normalizeSums:            normalizeSumsAVX2,
	normalizeSumsClamped:     normalizeSumsClampedAVX2,
	normalizeGradient:        normalizeGradientAVX2,
	normalizeGradientClamped: normalizeGradientClampedAVX2,

	tiled: tiled{
		multiplyAdd:          multiplyAddAVX2,
		prefetch:             prefetchAVX2,
		filter:               filterAVX2,
		resampleColumns:      resampleColumnsAVX2,
		resamplePixels:       resamplePixelsAVX2,
		smallestOffset:       smallestOffsetAVX2,
		gather:               family[gatherTile]{whole: gatherAVX2},
		outer:                family[outerTile]{whole: outerAVX2, joined: outerJoinedAVX2},
		transpose:            transposeAVX2,
		depthwise:            depthwiseAVX2,
		depthwiseNine:        depthwiseNineAVX2,
		depthwiseSeveral:     depthwiseSeveralAVX2,
		depthwiseTap:         depthwiseTapGradientAVX2,
		depthwiseFive:        depthwiseFiveGradientAVX2,
		depthwiseTaps:        depthwiseTapsGradientAVX2,
		maxPool:              maxPoolAVX2,
		maxPoolGradient:      maxPoolGradientAVX2,
		maxPoolGradientApart: maxPoolGradientApartAVX2,
	},
}

// accelerated lists the implementations in assembly that this processor can run,
// the fastest first. Each feature is asked for by name: GODEBUG may switch off
// one and leave those on that depend on it.
func accelerated() []*implementation {
	var list []*implementation
	x := &cpu.X86
	if !(x.HasAVX && x.HasAVX2 && x.HasFMA && x.HasBMI2) {
		return nil
	}
	if x.HasAVX512F && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512BW {
		list = append(list, &avx512)
	}
	return append(list, &avx2)
}
