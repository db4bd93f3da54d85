//go:build !purego

package kernel

import "math"

// The assembly takes whole blocks of 16 elements. What is left, and the lanes'
// fold, are done as the definitions in reduce.go do them.

// blocks cuts x into what the assembly takes and the rest.
func blocks[T any](x []T) (whole, rest []T) {
	n := len(x) / lanes * lanes
	return x[:n], x[n:]
}

func sumNEON(x []float32) float32 {
	var p [lanes]float32
	whole, rest := blocks(x)
	sumLanesNEON(&p, whole)
	for j, v := range rest {
		p[j] += v
	}
	return fold(&p)
}

func dotNEON(x, y []float32) float32 {
	var p Lanes
	whole, rest := blocks(x)
	dotLanesNEON((*[lanes]float32)(&p), whole, y)
	for j, v := range rest {
		p.MultiplyAdd(j, v, y[len(whole)+j])
	}
	return p.Total()
}

func squaredDistanceNEON(x, y []float32) float32 {
	var p Lanes
	whole, rest := blocks(x)
	squaredDistanceLanesNEON((*[lanes]float32)(&p), whole, y)
	for j, v := range rest {
		d := v - y[len(whole)+j]
		p.MultiplyAdd(j, d, d)
	}
	return p.Total()
}

func sumSquaresNEON(x []float32) float64 {
	var p [lanes]float64
	whole, rest := blocks(x)
	sumSquaresLanesNEON(&p, whole)
	for j, v := range rest {
		p[j] += float64(float64(v) * float64(v))
	}
	return fold(&p)
}

func largestNEON(x []float32) float32 {
	var p [lanes]float32
	for j := range p {
		p[j] = float32(math.Inf(-1))
	}
	whole, rest := blocks(x)
	largestLanesNEON(&p, whole)
	for j, v := range rest {
		p[j] = larger(p[j], v)
	}
	return foldLargest(&p)
}

func largestOffsetNEON(offsets []int32) int32 {
	var p [lanes]int32
	whole, rest := blocks(offsets)
	largestOffsetLanesNEON(&p, whole)
	return max(largestOffsetGeneric(p[:]), largestOffsetGeneric(rest))
}
