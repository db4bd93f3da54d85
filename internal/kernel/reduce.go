package kernel

import "math"

// lanes is the width of every reduction along a contiguous row: element i goes
// to partial result i mod 16, and fold joins the partial results. The order is
// the same whatever the width of the machine's vectors.
const lanes = 16

// fold adds partial j+8 to partial j, then j+4, j+2 and j+1.
func fold[T float32 | float64](p *[lanes]T) T {
	for width := lanes / 2; width > 0; width /= 2 {
		for j := range width {
			p[j] += p[j+width]
		}
	}
	return p[0]
}

// Lanes adds up the terms of a row in 16 lanes, for sums whose terms are made
// as they are needed. Its zero value is an empty sum.
type Lanes [lanes]float32

// Add adds v as the row's term i.
func (l *Lanes) Add(i int, v float32) { l[i%lanes] += v }

// MultiplyAdd adds a*b as the row's term i, by a fused multiply-add.
func (l *Lanes) MultiplyAdd(i int, a, b float32) { l[i%lanes] = FMA32(a, b, l[i%lanes]) }

// Total joins the lanes; it is called once.
func (l *Lanes) Total() float32 { return fold((*[lanes]float32)(l)) }

// Lanes64 is Lanes for terms of float64.
type Lanes64 [lanes]float64

// Add adds v as the row's term i.
func (l *Lanes64) Add(i int, v float64) { l[i%lanes] += v }

// Total joins the lanes, which stay as they are.
func (l *Lanes64) Total() float64 {
	p := *l
	return fold((*[lanes]float64)(&p))
}

// Sum64 returns the sum of x in 16 lanes of float64; 0 for an empty x.
func Sum64[T float32 | float64](x []T) float64 {
	var sum Lanes64
	for i, v := range x {
		sum.Add(i, float64(v))
	}
	return sum.Total()
}

// Sum returns the sum of x in 16 lanes; 0 for an empty x.
func Sum(x []float32) float32 { return active.sum(x) }

func sumGeneric(x []float32) float32 {
	var p [lanes]float32
	for len(x) >= lanes {
		for j, v := range x[:lanes] {
			p[j] += v
		}
		x = x[lanes:]
	}
	for j, v := range x {
		p[j] += v
	}
	return fold(&p)
}

// SumSquares returns the sum of the squares of x in 16 lanes of float64, in
// which each square is exact.
func SumSquares(x []float32) float64 { return active.sumSquares(x) }

func sumSquaresGeneric(x []float32) float64 {
	var p [lanes]float64
	for i, v := range x {
		p[i%lanes] += float64(float64(v) * float64(v))
	}
	return fold(&p)
}

// Dot returns the sum of x[i]*y[i] in 16 lanes of fused multiply-adds. y has at
// least the length of x.
func Dot(x, y []float32) float32 { return active.dot(x, y[:len(x)]) }

func dotGeneric(x, y []float32) float32 {
	var sum Lanes
	for i, v := range x {
		sum.MultiplyAdd(i, v, y[i])
	}
	return sum.Total()
}

// SquaredDistance returns the sum of (x[i]-y[i])^2 in 16 lanes: lane i mod 16 is
// fma(d, d, lane) with d = x[i]-y[i]. y has at least the length of x.
func SquaredDistance(x, y []float32) float32 { return active.squaredDistance(x, y[:len(x)]) }

func squaredDistanceGeneric(x, y []float32) float32 {
	var sum Lanes
	for i, v := range x {
		d := v - y[i]
		sum.MultiplyAdd(i, d, d)
	}
	return sum.Total()
}

// Max returns the largest element of x, NaN if there is one among them, and
// negative infinity for an empty x. Which of several zeros of different sign
// is returned is settled by the lanes.
func Max(x []float32) float32 { return active.largest(x) }

func largestGeneric(x []float32) float32 {
	var p [lanes]float32
	for j := range p {
		p[j] = float32(math.Inf(-1))
	}
	for i, v := range x {
		p[i%lanes] = larger(p[i%lanes], v)
	}
	return foldLargest(&p)
}

// foldLargest joins lanes in the order of fold.
func foldLargest(p *[lanes]float32) float32 {
	for width := lanes / 2; width > 0; width /= 2 {
		for j := range width {
			p[j] = larger(p[j], p[j+width])
		}
	}
	return p[0]
}

// larger keeps a unless b is greater or NaN.
func larger(a, b float32) float32 {
	if b > a || b != b {
		return b
	}
	return a
}

// ArgMax returns the index of the largest element of x, the lowest one where
// there are several, and -1 for an empty x. NaN counts as the largest of all.
func ArgMax(x []float32) int {
	best := -1
	for i, v := range x {
		if best < 0 || v > x[best] || v != v && x[best] == x[best] {
			best = i
		}
	}
	return best
}

// SoftmaxRow computes dst = exp(x - max(x)) / sum(exp(x - max(x))). dst may be x.
func SoftmaxRow(dst, x []float32) {
	dst = dst[:len(x)]
	top := Max(x)
	active.expMinus(dst, x, top)
	active.divide(dst, Sum(dst))
}

// LogSoftmaxRow computes dst = x - log(sum(exp(x))), which is what LogSumExp returns
// the parts of, from the same sum. dst must not be x.
func LogSoftmaxRow(dst, x []float32) {
	dst = dst[:len(x)]
	top := Max(x)
	active.expMinus(dst, x, top)
	rest := Log(Sum(dst))
	for i, v := range x {
		dst[i] = (v - top) - rest
	}
}

// ExpRow computes dst = exp(x). dst may be x.
func ExpRow(dst, x []float32) { active.expMinus(dst[:len(x)], x, 0) }

// expMinusGeneric computes dst = exp(x - top).
func expMinusGeneric(dst, x []float32, top float32) {
	for i, v := range x {
		dst[i] = Exp(v - top)
	}
}

func divideGeneric(x []float32, by float32) {
	for i := range x {
		x[i] /= by
	}
}

// largestOffsetGeneric returns the largest offset, 0 where all are negative.
func largestOffsetGeneric(offsets []int32) int32 {
	most := int32(0)
	for _, offset := range offsets {
		most = max(most, offset)
	}
	return most
}

// LogSumExp returns the two terms of log(sum(exp(x))) = top + rest, where top is
// max(x) and rest at least 0. They are apart because adding them would round
// away what log-probabilities, (x - top) - rest, are made of.
func LogSumExp(x []float32) (top, rest float32) {
	top = Max(x)
	var sum Lanes
	for i, v := range x {
		sum.Add(i, Exp(v-top))
	}
	return top, Log(sum.Total())
}
