package kernel

import "math"

// Batch normalisation works on the images of a shard one after the other: what
// is summed over a shard is summed within each image first, and then over the
// images in order. That is more accurate than one long sum, and an image that
// was just computed is still in the cache.

// ways is the number of chains that a sum over the pixels of an image has in
// each channel: pixel p is added to chain p mod 4, and the sum is (0+1)+(2+3). A
// single chain would wait for each addition to end.
const ways = 4

// foldWays adds up the chains of sums [ways,C] and adds the result to dst [C].
func foldWays(dst, sums []float32) {
	n := len(dst)
	Add(sums[:n], sums[n:2*n])
	Add(sums[2*n:3*n], sums[3*n:4*n])
	Add(sums[:n], sums[2*n:3*n])
	Add(dst, sums[:n])
}

// rowBlock is the number of values of each slice that a kernel on rows takes in
// one call: few enough to stay in the caches while panel after panel of channels
// goes over them. It is free of the contract.
const rowBlock = 4096

// eachRowBlock calls f for blocks of rows of a number of channels, the values
// first to last-1 of a slice of n. All blocks but the last have a multiple of
// ways rows.
func eachRowBlock(n, channels int, f func(first, last, rows int)) {
	size := max(rowBlock/channels/ways, 1) * ways * channels
	for first := 0; first < n; first += size {
		last := min(first+size, n)
		f(first, last, (last-first)/channels)
	}
}

// Moments computes, in each channel, the mean of one image x [pixels,C] and the
// sum of the squared differences from it. scratch has NormScratch values for
// each channel.
func Moments(mean, squares, scratch, x []float32) {
	channels := len(mean)
	sums := scratch[:ways*channels]
	clear(sums)
	eachRowBlock(len(x), channels, func(first, last, rows int) {
		active.channelSums(sums, x[first:last], rows, channels)
	})
	clear(mean)
	foldWays(mean, sums)
	Scale(mean, 1/float32(len(x)/channels))
	clear(sums)
	eachRowBlock(len(x), channels, func(first, last, rows int) {
		active.squaredDeviations(sums, mean, x[first:last], rows, channels)
	})
	clear(squares)
	foldWays(squares, sums)
}

// NormScratch is the number of values of scratch space that Moments and
// BatchNorm.Sums need for each channel.
const NormScratch = 2 * ways

// channelSumsGeneric adds the rows of x to sums [ways,C], row r to chain r mod
// ways.
func channelSumsGeneric(sums, x []float32, rows, channels int) {
	for r := range rows {
		addGeneric(sums[r%ways*channels:][:channels], x[r*channels:][:channels])
	}
}

// squaredDeviationsGeneric adds to sums [ways,C] the squares of x - mean.
func squaredDeviationsGeneric(sums, mean, x []float32, rows, channels int) {
	for r := range rows {
		sum := sums[r%ways*channels:][:channels]
		for c, v := range x[r*channels:][:channels] {
			d := v - mean[c]
			sum[c] = FMA32(d, d, sum[c])
		}
	}
}

// JoinMoments computes the mean and the biased variance over images of a number
// of pixels each from what Moments found for each of them: moments
// [images,2,C], the means before the squares. With n = images*pixels:
//
//	variance = (sum of squares + pixels * sum of (mean of image - mean)^2) / n
//
// It is the formula of Chan, Golub and LeVeque for any number of parts of one
// size. scratch has two values for each channel.
func JoinMoments(mean, variance, scratch, moments []float32, images, pixels int) {
	channels := len(mean)
	clear(mean)
	ColumnSum(mean, moments, images, 2*channels)
	Scale(mean, 1/float32(images))
	clear(variance)
	ColumnSum(variance, moments[channels:], images, 2*channels)
	between, difference := scratch[:channels], scratch[channels:2*channels]
	clear(between)
	for i := range images {
		copy(difference, moments[2*i*channels:])
		Axpy(difference, mean, -1)
		MulAdd(between, difference, difference)
	}
	Axpy(variance, between, float32(pixels))
	active.divide(variance, float32(images*pixels))
}

// InverseDeviation computes dst[c] = 1 / sqrt(variance[c] + epsilon).
func InverseDeviation(dst, variance []float32, epsilon float32) {
	for c, v := range variance {
		dst[c] = 1 / float32(math.Sqrt(float64(v+epsilon)))
	}
}

// BatchNorm normalises each channel of some pixels x [pixels,C] and may limit the
// result to the range from Low to High, as ReLU and ReLU6 do:
//
//	hat = (x - Mean) * Inverse
//	z = fma(hat, Weight, Bias)
//	y = z, or with Clamped: Low where z < Low, High where z > High
//
// Unlike ReLU it leaves -0 as it is.
type BatchNorm struct {
	Mean, Inverse, Weight, Bias []float32 // [C]
	Clamped                     bool
	Low, High                   float32
}

// Normalize computes dst = y. dst may be x.
func (n *BatchNorm) Normalize(dst, x []float32) {
	channels := len(n.Mean)
	inverse, weight, bias := n.Inverse[:channels], n.Weight[:channels], n.Bias[:channels]
	eachRowBlock(len(x), channels, func(first, last, rows int) {
		if n.Clamped {
			active.normalizeClamped(dst[first:last], x[first:last], n.Mean, inverse, weight, bias, n.Low, n.High, rows, channels)
		} else {
			active.normalize(dst[first:last], x[first:last], n.Mean, inverse, weight, bias, rows, channels)
		}
	})
}

func normalizeGeneric(dst, x, mean, inverse, weight, bias []float32, rows, stride int) {
	for r := range rows {
		out := dst[r*stride:][:len(mean)]
		for c, v := range x[r*stride:][:len(mean)] {
			out[c] = FMA32(float32((v-mean[c])*inverse[c]), weight[c], bias[c])
		}
	}
}

func normalizeClampedGeneric(dst, x, mean, inverse, weight, bias []float32, low, high float32, rows, stride int) {
	normalizeGeneric(dst, x, mean, inverse, weight, bias, rows, stride)
	for r := range rows {
		out := dst[r*stride:][:len(mean)]
		for c, z := range out {
			switch {
			case z < low:
				out[c] = low
			case z > high:
				out[c] = high
			}
		}
	}
}

// Sums adds, in each channel, one image's part of the gradients of Bias and
// Weight: with dz = dy, or 0 where z was not between Low and High,
//
//	dbias += sum of dz
//	dweight += sum of dz * hat
//
// scratch has NormScratch values for each channel.
func (n *BatchNorm) Sums(dweight, dbias, scratch, dy, x []float32) {
	channels := len(n.Mean)
	forWeight, forBias := scratch[:ways*channels], scratch[ways*channels:NormScratch*channels]
	clear(forWeight)
	clear(forBias)
	inverse, weight, bias := n.Inverse[:channels], n.Weight[:channels], n.Bias[:channels]
	eachRowBlock(len(x), channels, func(first, last, rows int) {
		if n.Clamped {
			active.normalizeSumsClamped(forWeight, forBias, dy[first:last], x[first:last], n.Mean, inverse, weight, bias,
				n.Low, n.High, rows, channels)
		} else {
			active.normalizeSums(forWeight, forBias, dy[first:last], x[first:last], n.Mean, inverse, rows, channels)
		}
	})
	foldWays(dweight[:channels], forWeight)
	foldWays(dbias[:channels], forBias)
}

func normalizeSumsGeneric(dweight, dbias, dy, x, mean, inverse []float32, rows, channels int) {
	for r := range rows {
		weight, bias := dweight[r%ways*channels:][:channels], dbias[r%ways*channels:][:channels]
		in := x[r*channels:][:channels]
		for c, g := range dy[r*channels:][:channels] {
			bias[c] += g
			weight[c] = FMA32(g, float32((in[c]-mean[c])*inverse[c]), weight[c])
		}
	}
}

func normalizeSumsClampedGeneric(dweight, dbias, dy, x, mean, inverse, weight, bias []float32, low, high float32, rows, channels int) {
	for r := range rows {
		sumWeight, sumBias := dweight[r%ways*channels:][:channels], dbias[r%ways*channels:][:channels]
		in := x[r*channels:][:channels]
		for c, g := range dy[r*channels:][:channels] {
			hat := float32((in[c] - mean[c]) * inverse[c])
			g = within(FMA32(hat, weight[c], bias[c]), low, high, g)
			sumBias[c] += g
			sumWeight[c] = FMA32(g, hat, sumWeight[c])
		}
	}
}

// within returns g where z is between low and high, both excluded, else 0.
func within(z, low, high, g float32) float32 {
	if z > low && z < high {
		return g
	}
	return 0
}

// Gradient computes the gradient through the shard's own statistics for some of
// the shard's pixels. With count pixels in the shard, and dweight and dbias their
// sums over all of it:
//
//	dx = Weight * Inverse * (dz - dbias/count - hat*dweight/count)
//
// dx may be dy.
func (n *BatchNorm) Gradient(dx, dy, x, dweight, dbias []float32, count int) {
	channels := len(n.Mean)
	inverse, weight, bias := n.Inverse[:channels], n.Weight[:channels], n.Bias[:channels]
	dweight, dbias = dweight[:channels], dbias[:channels]
	eachRowBlock(len(x), channels, func(first, last, rows int) {
		if n.Clamped {
			active.normalizeGradientClamped(dx[first:last], dy[first:last], x[first:last], n.Mean, inverse, weight, bias,
				dweight, dbias, float32(count), n.Low, n.High, rows, channels)
		} else {
			active.normalizeGradient(dx[first:last], dy[first:last], x[first:last], n.Mean, inverse, weight,
				dweight, dbias, float32(count), rows, channels)
		}
	})
}

func normalizeGradientGeneric(dx, dy, x, mean, inverse, weight, dweight, dbias []float32, count float32, rows, stride int) {
	for r := range rows {
		out, in := dx[r*stride:][:len(mean)], x[r*stride:][:len(mean)]
		for c, g := range dy[r*stride:][:len(mean)] {
			hat := float32((in[c] - mean[c]) * inverse[c])
			d := FMA32(-hat, dweight[c]/count, g-dbias[c]/count)
			out[c] = float32(float32(weight[c]*inverse[c]) * d)
		}
	}
}

func normalizeGradientClampedGeneric(dx, dy, x, mean, inverse, weight, bias, dweight, dbias []float32, count, low, high float32, rows, stride int) {
	for r := range rows {
		out, in := dx[r*stride:][:len(mean)], x[r*stride:][:len(mean)]
		for c, g := range dy[r*stride:][:len(mean)] {
			hat := float32((in[c] - mean[c]) * inverse[c])
			g = within(FMA32(hat, weight[c], bias[c]), low, high, g)
			d := FMA32(-hat, dweight[c]/count, g-dbias[c]/count)
			out[c] = float32(float32(weight[c]*inverse[c]) * d)
		}
	}
}

// ScaleShift computes dst = fma(x, scale, shift) in each channel. dst may be x.
func ScaleShift(dst, x, scale, shift []float32) {
	n := len(scale)
	eachRowBlock(len(x), n, func(first, last, rows int) {
		active.scaleShift(dst[first:last], x[first:last], scale, shift[:n], rows, n)
	})
}

func scaleShiftGeneric(dst, x, scale, shift []float32, rows, stride int) {
	for r := range rows {
		out := dst[r*stride:][:len(scale)]
		for c, v := range x[r*stride:][:len(scale)] {
			out[c] = FMA32(v, scale[c], shift[c])
		}
	}
}

// ColumnSum adds to sum[c] all rows of x [rows,stride] in order.
func ColumnSum(sum, x []float32, rows, stride int) {
	if rows > 0 {
		active.columnSum(sum, x[:(rows-1)*stride+len(sum)], rows, stride)
	}
}

func columnSumGeneric(sum, x []float32, rows, stride int) {
	for r := range rows {
		addGeneric(sum, x[r*stride:][:len(sum)])
	}
}
