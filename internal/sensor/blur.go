package sensor

import (
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// weightOne is the sum of the weights of a filter.
const weightOne = 1 << weightBits

const weightBits = 16

// pxBits are the bits of fraction of lengths in pixels.
const pxBits = 8

// gaussian are the weights at the distances 0, 1, 2 and so on of a blur with a standard
// deviation of sigma/256 pixels; nil where it changes nothing. They are those of the discrete
// analogue of the Gaussian, I(n,t)/exp(t) with t the variance and I the modified Bessel
// functions (Lindeberg, Scale-space for discrete signals, 1990): its variance is exactly t
// where that of a sampled Gaussian is not, and two blurs in turn are one of the sum of their
// variances. I comes from its recurrence downwards, I(n-1,t) = I(n+1,t) + 2n/t*I(n,t) (Miller).
// These are the floating-point numbers of the package that decide about pixels, a few for each
// clip; they are sums, products and quotients alone.
func gaussian(sigma int) []int64 {
	if sigma <= 0 {
		return nil
	}
	t := float64(sigma*sigma) / (1 << (2 * pxBits))
	n := 4*(sigma>>pxBits) + 12
	bessel := make([]float64, n+2)
	bessel[n] = 1e-250
	for ; n > 0; n-- {
		bessel[n-1] = bessel[n+1] + float64(float64(float64(2*n)/t)*bessel[n])
		if bessel[n-1] > 1e200 { // far above what is left of the rest
			for i := n - 1; i < len(bessel); i++ {
				bessel[i] = float64(bessel[i] * 1e-200)
			}
		}
	}
	sum := bessel[0]
	for _, v := range bessel[1:] {
		sum += float64(2 * v)
	}
	weights, rest := []int64{0}, int64(weightOne)
	for _, v := range bessel[1:] {
		w := int64(float64(float64(v/sum)*weightOne) + 0.5)
		if w == 0 {
			break
		}
		weights = append(weights, w)
		rest -= 2 * w
	}
	if len(weights) == 1 {
		return nil
	}
	weights[0] = rest
	return weights
}

// blurRow filters a row. padded has len(weights)-1 values more at each end of it. sums is scratch
// for a row.
func blurRow(dst, padded []int32, weights, sums []int64) {
	radius := len(weights) - 1
	sums = begin(sums[:len(dst)])
	kernel.AddWeighted(sums, padded[radius:][:len(sums)], weights[0])
	for i, w := range weights[1:] {
		kernel.AddWeighted(sums, padded[radius-i-1:][:len(sums)], w)
		kernel.AddWeighted(sums, padded[radius+i+1:][:len(sums)], w)
	}
	for x, sum := range sums {
		dst[x] = int32(sum >> weightBits)
	}
}

// begin sets sums to half of weightOne, by which the shift that follows rounds.
func begin(sums []int64) []int64 {
	for x := range sums {
		sums[x] = weightOne / 2
	}
	return sums
}

// blurColumns filters the columns of a plane of rows of width values. Beyond its edges lie its
// outermost values. sums is scratch for a row.
func blurColumns(dst, src []int32, width int, weights, sums []int64) {
	height := len(src) / width
	row := func(y int) []int32 {
		y = min(max(y, 0), height-1)
		return src[y*width:][:width]
	}
	sums = sums[:width]
	for y := range height {
		kernel.AddWeighted(begin(sums), row(y), weights[0])
		for i, w := range weights[1:] {
			kernel.AddWeighted(sums, row(y-i-1), w)
			kernel.AddWeighted(sums, row(y+i+1), w)
		}
		for x, sum := range sums {
			dst[y*width+x] = int32(sum >> weightBits)
		}
	}
}

// tap is a weight of a filter in two dimensions.
type tap struct {
	dx, dy int
	weight int64
}

// directions are so many, over half a turn.
const directions = 64

// cosines are those of the directions, in 1/2^14; sines are those half of them further.
var cosines = makeCosines()

func makeCosines() *[directions + directions/2]int {
	const turn = 3.1415927 / directions
	var table [directions + directions/2]int
	for k := range table {
		table[k] = int(math.Floor(float64(float64(kernel.Cos(float32(k)*turn))*(1<<14)) + 0.5))
	}
	return &table
}

// motion are the weights of a move by length/256 pixels in a direction: the mean over points
// spread evenly over the way, at least two for each pixel, between which and the pixels around
// them is interpolated linearly. Nil where nothing moves.
func motion(length, direction int) []tap {
	points := 2*(length>>pxBits) + 2
	reach := length>>(pxBits+1) + 2
	side := 2*reach + 1
	sums := make([]int64, side*side)
	cosine, sine := cosines[direction], -cosines[direction+directions/2]
	for k := range points {
		along := (2*k + 1 - points) * length / (2 * points) // from the middle, in 1/256 px
		x, y := (along*cosine+1<<13)>>14+reach<<pxBits, (along*sine+1<<13)>>14+reach<<pxBits
		at, right, down := y>>pxBits*side+x>>pxBits, int64(x&255), int64(y&255)
		sums[at] += (256 - right) * (256 - down)
		sums[at+1] += right * (256 - down)
		sums[at+side] += (256 - right) * down
		sums[at+side+1] += right * down
	}
	var taps []tap
	rest := int64(weightOne)
	for at, sum := range sums {
		if w := (sum + int64(points)/2) / int64(points); w > 0 {
			taps = append(taps, tap{at%side - reach, at/side - reach, w})
			rest -= w
		}
	}
	middle := slices.IndexFunc(taps, func(t tap) bool { return t.dx == 0 && t.dy == 0 })
	if len(taps) == 1 || middle < 0 {
		return nil
	}
	taps[middle].weight += rest
	return taps
}

// filter filters a plane of rows of width values by taps. Beyond its edges lie its outermost
// values. sums is scratch for a row.
func filter(dst, src []int32, width int, taps []tap, sums []int64) {
	height := len(src) / width
	sums = sums[:width]
	for y := range height {
		begin(sums)
		for _, t := range taps {
			row := src[min(max(y+t.dy, 0), height-1)*width:][:width]
			low, high := min(max(-t.dx, 0), width), max(min(width-t.dx, width), 0)
			for x := range low {
				sums[x] += t.weight * int64(row[0])
			}
			if low < high {
				kernel.AddWeighted(sums[low:high], row[low+t.dx:high+t.dx], t.weight)
			}
			for x := max(low, high); x < width; x++ {
				sums[x] += t.weight * int64(row[width-1])
			}
		}
		for x, sum := range sums {
			dst[y*width+x] = int32(sum >> weightBits)
		}
	}
}
