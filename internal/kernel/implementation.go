package kernel

// implementation is one way to compute the kernels that are worth vector
// instructions. All give the same bits; the generic one, in portable Go, is their
// definition: each function below computes what the function of the same name and
// the suffix Generic does. Slices have the lengths that it needs; rows lie stride
// elements apart.
type implementation struct {
	name  string
	width int // float32 values in a vector

	axpy          func(c, b []float32, a float32)
	mulAdd        func(dst, a, b []float32)
	add           func(dst, src []float32)
	scale         func(x []float32, a float32)
	movingAverage func(average, p []float32, rate float32)
	fromBytes     func(dst []float32, x []uint8)
	mask          func(dst, x []float32, keep []uint8, scale float32)

	relu              func(dst, x []float32)
	relu6             func(dst, x []float32)
	sigmoid           func(dst, x []float32)
	hardSwish         func(dst, x []float32)
	silu              func(dst, x []float32)
	gelu              func(dst, x []float32)
	reluGradient      func(dx, dy, y []float32)
	relu6Gradient     func(dx, dy, y []float32)
	sigmoidGradient   func(dx, dy, y []float32)
	hardSwishGradient func(dx, dy, x []float32)
	siluGradient      func(dx, dy, x []float32)
	geluGradient      func(dx, dy, x []float32)
	expMinus          func(dst, x []float32, top float32)
	divide            func(x []float32, by float32)
	centered          func(dx, dy, y []float32, dot float32)

	sgd      func(p, g []float32, rate, decay float32)
	momentum func(p, b, g []float32, rate, momentum, decay float32)
	nesterov func(p, b, g []float32, rate, momentum, decay float32)
	adam     func(p, m, v, g []float32, k [9]float32)
	lion     func(p, m, g []float32, k [6]float32)

	sum             func(x []float32) float32
	dot             func(x, y []float32) float32
	squaredDistance func(x, y []float32) float32
	largest         func(x []float32) float32
	sumSquares      func(x []float32) float64
	largestOffset   func(offsets []int32) int32

	columnSum  func(sum, x []float32, rows, stride int)
	scaleShift func(dst, x, scale, shift []float32, rows, stride int)

	// Sums over rows of channels are [ways,channels].
	channelSums              func(sums, x []float32, rows, channels int)
	squaredDeviations        func(sums, mean, x []float32, rows, channels int)
	normalize                func(dst, x, mean, inverse, weight, bias []float32, rows, stride int)
	normalizeClamped         func(dst, x, mean, inverse, weight, bias []float32, low, high float32, rows, stride int)
	normalizeSums            func(dweight, dbias, dy, x, mean, inverse []float32, rows, channels int)
	normalizeSumsClamped     func(dweight, dbias, dy, x, mean, inverse, weight, bias []float32, low, high float32, rows, channels int)
	normalizeGradient        func(dx, dy, x, mean, inverse, weight, dweight, dbias []float32, count float32, rows, stride int)
	normalizeGradientClamped func(dx, dy, x, mean, inverse, weight, bias, dweight, dbias []float32, count, low, high float32, rows, stride int)

	tiled
}

// tiled are the kernels that take pointers and trust their caller with them. The
// generic implementation has none: its loops are those of the exported functions.
type tiled struct {
	multiplyAdd func(rounds int)
	// prefetch fetches rows into the second-level cache, and smallestOffset returns the
	// smallest offset, 0 where none is negative. There may be neither: tiles do not need them.
	prefetch       func(p *float32, stride, rows, columns int)
	smallestOffset func(offsets []int32) int32
	// filter is for groups of width values. It may be nil.
	filter func(dst, src *int32, groups int, offsets *int, weights *int64, taps int)
	// resampleColumns is for groups of 16 columns. There may be neither.
	resampleColumns func(dst, src *uint8, groups, stride int, weights *int32, taps int)
	resamplePixels  func(dst, row *uint8, count int, begins *int32, halves *int16, blocks int)

	gather    family[gatherTile]
	outer     family[outerTile]
	transpose func(dst, src *float32, dstStride, srcStride, dstBlock, srcBlock, blocks, rows, columns int)

	// depthwiseNine is for 9 taps, and depthwiseSeveral for rows that are a multiple of
	// severalPixels. That and depthwiseFive may be nil.
	depthwise, depthwiseNine, depthwiseSeveral func(dst, a *float32, offsets *int32, w, bias, zeros *float32, rows, taps, channels int, accumulate bool)
	depthwiseTap, depthwiseFive, depthwiseTaps func(dw, a, dy *float32, offsets *int32, zeros *float32, rows, taps, channels int)
	maxPool                                    func(dst *float32, index *uint8, x *float32, offsets *int32, rows, taps, channels int)
	maxPoolGradientApart                       func(dx *float32, index *uint8, dy *float32, offsets *int32, rows, taps, channels int)
	maxPoolGradient                            func(dx *float32, index *uint8, dy *float32, offsets *int32, rows, taps, channels int)
}

var generic = implementation{
	name:  "generic",
	width: 8,

	axpy:          axpyGeneric,
	mulAdd:        mulAddGeneric,
	add:           addGeneric,
	scale:         scaleGeneric,
	movingAverage: movingAverageGeneric,
	fromBytes:     fromBytesGeneric,
	mask:          maskGeneric,

	relu:              reluGeneric,
	relu6:             relu6Generic,
	sigmoid:           sigmoidGeneric,
	hardSwish:         hardSwishGeneric,
	silu:              siluGeneric,
	gelu:              geluGeneric,
	reluGradient:      reluGradientGeneric,
	relu6Gradient:     relu6GradientGeneric,
	sigmoidGradient:   sigmoidGradientGeneric,
	hardSwishGradient: hardSwishGradientGeneric,
	siluGradient:      siluGradientGeneric,
	geluGradient:      geluGradientGeneric,
	expMinus:          expMinusGeneric,
	divide:            divideGeneric,
	centered:          centeredGeneric,

	sgd:      sgdGeneric,
	momentum: momentumGeneric,
	nesterov: nesterovGeneric,
	adam:     adamGeneric,
	lion:     lionGeneric,

	sum:             sumGeneric,
	dot:             dotGeneric,
	squaredDistance: squaredDistanceGeneric,
	largest:         largestGeneric,
	sumSquares:      sumSquaresGeneric,
	largestOffset:   largestOffsetGeneric,

	columnSum:  columnSumGeneric,
	scaleShift: scaleShiftGeneric,

	channelSums:              channelSumsGeneric,
	squaredDeviations:        squaredDeviationsGeneric,
	normalize:                normalizeGeneric,
	normalizeClamped:         normalizeClampedGeneric,
	normalizeSums:            normalizeSumsGeneric,
	normalizeSumsClamped:     normalizeSumsClampedGeneric,
	normalizeGradient:        normalizeGradientGeneric,
	normalizeGradientClamped: normalizeGradientClampedGeneric,
}

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
