package kernel

import "math"

// Batch normalisation works on a shard x of images [images,pixels,C]. Every
// statistic is summed pixel by pixel within an image, and then over the images
// in order: sums of hundreds of terms instead of tens of thousands, which is
// more accurate and leaves room to treat a shard image by image.

// ChannelMean computes mean[c], the mean of x over images and pixels. partial is
// scratch space as long as mean.
func ChannelMean(mean, partial, x []float32, images int) {
	clear(mean)
	channels, size := len(mean), len(x)/images
	for i := range images {
		clear(partial)
		image := x[i*size:][:size]
		for at := 0; at < size; at += channels {
			Add(partial, image[at:][:channels])
		}
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
		for at := 0; at < size; at += channels {
			for c, v := range image[at:][:channels] {
				d := v - mean[c]
				partial[c] = FMA32(d, d, partial[c])
			}
		}
		Add(variance, partial)
	}
	Scale(variance, 1/float32(len(x)/channels))
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
	channels := len(mean)
	for at := 0; at < len(x); at += channels {
		out := dst[at:][:channels]
		for c, v := range x[at:][:channels] {
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
		for at := i * size; at < (i+1)*size; at += channels {
			in := x[at:][:channels]
			for c, g := range dy[at:][:channels] {
				forBias[c] += g
				forWeight[c] = FMA32(g, float32((in[c]-mean[c])*inverse[c]), forWeight[c])
			}
		}
		Add(dweight, forWeight)
		Add(dbias, forBias)
	}
}

// NormalizeGradient adds to dx the gradient through the shard's own statistics.
// With n pixels in the shard, dweight and dbias their sums over it and
// xhat = (x - mean) * inverse:
//
//	dx += weight * inverse * (dy - dbias/n - xhat*dweight/n)
func NormalizeGradient(dx, dy, x, mean, inverse, weight, dweight, dbias []float32) {
	channels := len(mean)
	n := float32(len(x) / channels)
	for at := 0; at < len(x); at += channels {
		out, in := dx[at:][:channels], x[at:][:channels]
		for c, g := range dy[at:][:channels] {
			hat := float32((in[c] - mean[c]) * inverse[c])
			d := FMA32(-hat, dweight[c]/n, g-dbias[c]/n)
			out[c] = FMA32(float32(weight[c]*inverse[c]), d, out[c])
		}
	}
}

// ScaleShift computes dst = fma(x, scale, shift) in each channel.
func ScaleShift(dst, x, scale, shift []float32) {
	channels := len(scale)
	for at := 0; at < len(x); at += channels {
		out := dst[at:][:channels]
		for c, v := range x[at:][:channels] {
			out[c] = FMA32(v, scale[c], shift[c])
		}
	}
}

// ColumnSum adds to sum[c] all rows of x [rows,stride] in order.
func ColumnSum(sum, x []float32, rows, stride int) {
	for r := range rows {
		Add(sum, x[r*stride:][:len(sum)])
	}
}
