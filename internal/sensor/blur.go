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

// around are the weights of a filter at the distances -n to n, of those at 0 to n.
func around(weights []int64) []int64 {
	n := max(0, len(weights)-1)
	all := make([]int64, 2*n+1)
	for i, w := range weights {
		all[n-i], all[n+i] = w, w
	}
	return all
}

// blurRow filters a row by weights at the distances -n to n. padded has n values more at each
// end of it. offsets is scratch, one for each weight.
func blurRow(dst, padded []int32, weights []int64, offsets []int) {
	for i := range offsets {
		offsets[i] = i
	}
	kernel.Filter(dst, padded, offsets, weights)
}

// blurColumns filters the columns of a plane of rows of width values, as blurRow does rows.
// Beyond its edges lie its outermost values.
func blurColumns(dst, src []int32, width int, weights []int64, offsets []int) {
	height := len(src) / width
	for y := range height {
		for i := range offsets {
			offsets[i] = min(max(y+i-len(offsets)/2, 0), height-1) * width
		}
		kernel.Filter(dst[y*width:][:width], src, offsets, weights)
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
// values.
func filter(dst, src []int32, width int, taps []tap) {
	height := len(src) / width
	offsets, weights := make([]int, len(taps)), make([]int64, len(taps))
	left, right := 0, 0 // how far the taps reach
	for i, t := range taps {
		weights[i], left, right = t.weight, max(left, -t.dx), max(right, t.dx)
	}
	left = min(left, width)
	end := max(left, width-right)
	for y := range height {
		row := func(t tap) int { return min(max(y+t.dy, 0), height-1) * width }
		to := dst[y*width:][:width]
		if left < end {
			for i, t := range taps {
				offsets[i] = row(t) + left + t.dx
			}
			kernel.Filter(to[left:end], src, offsets, weights)
		}
		atEdge := func(first, end int) {
			for x := first; x < end; x++ {
				sum := int64(weightOne / 2)
				for _, t := range taps {
					sum += t.weight * int64(src[row(t)+min(max(x+t.dx, 0), width-1)])
				}
				to[x] = int32(sum >> weightBits)
			}
		}
		atEdge(0, left)
		atEdge(end, width)
	}
}
