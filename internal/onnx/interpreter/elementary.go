package interpreter

import (
	"math"
	"sync"
)

// Elementary functions, in float64. Those of package math may differ between processors.

// exp is e^x, with a relative error below 1e-15: x is k*ln 2 + r with |r| <= ln 2 / 2, and e^r
// its Taylor series up to r^13.
func exp(x float64) float64 {
	const (
		high, low = 6.93147180369123816490e-01, 1.90821492927058770002e-10 // of ln 2
		inverse   = 1.44269504088896338700                                 // 1 / ln 2
		bias      = 1023                                                   // of the exponents of float64
	)
	switch {
	case x != x:
		return x
	case x > 709:
		return math.Inf(1)
	case x < -708:
		return 0
	}
	k := math.RoundToEven(x * inverse)
	r := x - float64(k*high) - float64(k*low)
	sum := 1.0
	for n := 13; n > 0; n-- {
		sum = 1 + float64(sum*r)/float64(n)
	}
	return sum * math.Float64frombits(uint64(int64(k)+bias)<<52)
}

// sigmoid is 1 / (1 + e^-x).
func sigmoid(x float64) float64 { return 1 / (1 + exp(-x)) }

// The error function is tabulated at the multiples of erfStep up to erfEnd, beyond which
// it is 1 in float32.
const (
	erfStep = 1.0 / 64
	erfEnd  = 6
)

// erfTable has erf and its derivative at each place.
var erfTable = sync.OnceValue(func() [][2]float64 {
	table := make([][2]float64, erfEnd/erfStep+2)
	for i := range table {
		x := float64(i) * erfStep
		slope := 2 / math.Sqrt(math.Pi) * exp(-float64(x*x))
		// erf(x) = slope * sum over n of 2^n x^(2n+1) / (1*3*5*...*(2n+1)): all terms are positive.
		term, sum := x, x
		for n := 1; term > 1e-18*sum; n++ {
			term = float64(term * (float64(2*float64(x*x)) / float64(2*n+1)))
			sum += term
		}
		table[i] = [2]float64{slope * sum, slope}
	}
	return table
})

// erf is the error function, with an absolute error below 1e-8: its Taylor series around
// the nearest place of the table, up to the third power.
func erf(x float64) float64 {
	switch {
	case x != x:
		return x
	case x < 0:
		return -erf(-x)
	case x >= erfEnd:
		return 1
	}
	at := math.RoundToEven(x / erfStep)
	x0, entry := float64(at*erfStep), erfTable()[int(at)]
	d := x - x0
	// The derivatives are slope, -2 x0 slope and (4 x0^2 - 2) slope.
	cubic := float64((float64(2*float64(x0*x0)) - 1) / 3 * d)
	inner := 1 + float64(d*(cubic-x0))
	return entry[0] + float64(entry[1]*float64(d*inner))
}
