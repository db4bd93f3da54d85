package kernel

import "math"

// Batch normalisation works on a shard x of images [images,pixels,C]. Every
// statistic is summed pixel by pixel within an image, and then over the images
// in order: sums of hundreds of terms instead of tens of thousands, which is
// more accurate and leaves room to treat a shard image by image.

// rowBlock is the number of values of each slice that a kernel on rows takes in
// one call: few enough to stay in the caches while panel after panel of channels
// goes over them. It is free of the contract.
const rowBlock = 4096

// eachRowBlock calls f for blocks of rows of a number of channels, the values
// first to last-1 of a slice of n.
func eachRowBlock(n, channels int, f func(first, last, rows int)) {
	size := max(rowBlock/channels, 1) * channels
	for first := 0; first < n; first += size {
		last := min(first+size, n)
		f(first, last, (last-first)/channels)
	}
}

// ChannelMean computes mean[c], the mean of x over images and pixels. partial is
// scratch space as long as mean.
func ChannelMean(mean, partial, x []float32, images int) {
	clear(mean)
	channels, size := len(mean), len(x)/images
	for i := range images {
		clear(partial)
		ColumnSum(partial, x[i*size:][:size], size/channels, channels)
		Add(mean, partial)
	}
	Scale(mean, 1/float32(len(x)/channels))
}

// ChannelVariance computes the biased variance of x around mean.
func ChannelVariance(variance, partial, mean, x []float32, images int) {
	clear(variance)
	channels, size := len(mean), len(x)/images
	for i := range images {
		clear(partial)
		image := x[i*size:][:size]
		eachRowBlock(size, channels, func(first, last, rows int) {
			active.squaredDeviations(partial, mean[:channels], image[first:last], rows, channels)
		})
		Add(variance, partial)
	}
	Scale(variance, 1/float32(len(x)/channels))
}

// squaredDeviationsGeneric adds to sum[c] the squares of x - mean, row by row.
func squaredDeviationsGeneric(sum, mean, x []float32, rows, stride int) {
	for r := range rows {
		for c, v := range x[r*stride:][:len(sum)] {
			d := v - mean[c]
			sum[c] = FMA32(d, d, sum[c])
		}
	}
}

// InverseDeviation computes dst[c] = 1 / sqrt(variance[c] + epsilon).
func InverseDeviation(dst, variance []float32, epsilon float32) {
	for c, v := range variance {
		dst[c] = 1 / float32(math.Sqrt(float64(v+epsilon)))
	}
}

// Normalize computes dst = fma((x - mean) * inverse, weight, bias) in each
// channel.
func Normalize(dst, x, mean, inverse, weight, bias []float32) {
	n := len(mean)
	inverse, weight, bias = inverse[:n], weight[:n], bias[:n]
	eachRowBlock(len(x), n, func(first, last, rows int) {
		active.normalize(dst[first:last], x[first:last], mean, inverse, weight, bias, rows, n)
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

// NormalizeSums adds, in each channel, the sum of dy to dbias and the sum of
// dy * (x - mean) * inverse to dweight. partial is scratch space of twice as
// many values as there are channels.
func NormalizeSums(dweight, dbias, partial, dy, x, mean, inverse []float32, images int) {
	channels, size := len(mean), len(x)/images
	forWeight, forBias := partial[:channels], partial[channels:2*channels]
	for i := range images {
		clear(partial)
		gradient, image := dy[i*size:][:size], x[i*size:][:size]
		eachRowBlock(size, channels, func(first, last, rows int) {
			active.normalizeSums(forWeight, forBias, gradient[first:last], image[first:last], mean, inverse[:channels], rows, channels)
		})
		Add(dweight, forWeight)
		Add(dbias, forBias)
	}
}

func normalizeSumsGeneric(dweight, dbias, dy, x, mean, inverse []float32, rows, stride int) {
	for r := range rows {
		in := x[r*stride:][:len(mean)]
		for c, g := range dy[r*stride:][:len(mean)] {
			dbias[c] += g
			dweight[c] = FMA32(g, float32((in[c]-mean[c])*inverse[c]), dweight[c])
		}
	}
}

// NormalizeGradient adds to dx the gradient through the shard's own statistics,
// for some of the shard's images. With n pixels in the shard, dweight and dbias
// their sums over all of it and xhat = (x - mean) * inverse:
//
//	dx += weight * inverse * (dy - dbias/n - xhat*dweight/n)
func NormalizeGradient(dx, dy, x, mean, inverse, weight, dweight, dbias []float32, n int) {
	channels := len(mean)
	inverse, weight, dweight, dbias = inverse[:channels], weight[:channels], dweight[:channels], dbias[:channels]
	eachRowBlock(len(x), channels, func(first, last, rows int) {
		active.normalizeGradient(dx[first:last], dy[first:last], x[first:last], mean, inverse, weight, dweight, dbias,
			float32(n), rows, channels)
	})
}

func normalizeGradientGeneric(dx, dy, x, mean, inverse, weight, dweight, dbias []float32, count float32, rows, stride int) {
	for r := range rows {
		out, in := dx[r*stride:][:len(mean)], x[r*stride:][:len(mean)]
		for c, g := range dy[r*stride:][:len(mean)] {
			hat := float32((in[c] - mean[c]) * inverse[c])
			d := FMA32(-hat, dweight[c]/count, g-dbias[c]/count)
			out[c] = FMA32(float32(weight[c]*inverse[c]), d, out[c])
		}
	}
}

// ScaleShift computes dst = fma(x, scale, shift) in each channel.
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

// AddScaled computes dst = fma(x, scale, dst) in each channel.
func AddScaled(dst, x, scale []float32) {
	n := len(scale)
	eachRowBlock(len(x), n, func(first, last, rows int) {
		active.addScaled(dst[first:last], x[first:last], scale, rows, n)
	})
}

func addScaledGeneric(dst, x, scale []float32, rows, stride int) {
	for r := range rows {
		mulAddGeneric(dst[r*stride:][:len(scale)], x[r*stride:][:len(scale)], scale)
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
