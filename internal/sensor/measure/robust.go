package measure

import (
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// normalMAD is the standard deviation of a normal distribution whose median absolute deviation
// is 1.
const normalMAD = 1.4826

// quantile is the value at place q*(n-1), rounded down, of sorted values; 0 of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))]
}

// median sorts the values and returns the one in the middle; 0 of none.
func median(values []float64) float64 {
	slices.Sort(values)
	return quantile(values, 0.5)
}

// clippedMean is the mean of the values that lie within four standard deviations of their
// median. Unlike a median's, sums of it over steps leave no trace of the values in between.
func clippedMean(values []float64) float64 {
	list := slices.Clone(values)
	middle := median(list)
	for i, v := range values {
		list[i] = v - middle
	}
	limit := float64(4 * spread(list))
	sum, n := float64(0), 0
	for _, v := range values {
		if math.Abs(v-middle) <= limit {
			sum += v
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// mean is 0 of no values.
func mean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sum := float64(0)
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// square is v times v, rounded before anything is added.
func square(v float64) float64 { return float64(v * v) }

// root is the square root, 0 of what is below 0.
func root(v float64) float64 { return math.Sqrt(max(v, 0)) }

// spread is the standard deviation about 0 of the values' middle part, by the median absolute
// value. It overwrites the values.
func spread(values []float64) float64 {
	for i, v := range values {
		values[i] = math.Abs(v)
	}
	return float64(normalMAD * median(values))
}

// deviation is the standard deviation; 0 of fewer than two values.
func deviation(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	middle, sum := mean(values), float64(0)
	for _, v := range values {
		sum += square(v - middle)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}

// normalCDF is the distribution function of the standard normal distribution, with an error
// below 2e-7: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.
func normalCDF(x float64) float64 {
	z := math.Abs(x) / math.Sqrt2
	t := 1 / (1 + float64(0.3275911*z))
	p := t * (0.254829592 + float64(t*(-0.284496736+float64(t*(1.421413741+float64(t*(-1.453152027+float64(t*1.061405429))))))))
	tail := float64(float64(p*exp(-float64(z*z))) / 2)
	if x > 0 {
		return 1 - tail
	}
	return tail
}

// normalDensity is the density of the standard normal distribution.
func normalDensity(x float64) float64 { return 0.3989422804014327 * exp(-float64(x*x)/2) }

func exp(x float64) float64 { return float64(kernel.Exp(float32(x))) }
func log(x float64) float64 { return float64(kernel.Log(float32(x))) }
func cos(x float64) float64 { return float64(kernel.Cos(float32(x))) }
func sin(x float64) float64 { return float64(kernel.Sin(float32(x))) }

// A line is value = offset + slope*x, with standard errors.
type line struct{ offset, slope, offsetSE, slopeSE, covariance float64 }

// fitLine fits a line to points by weighted least squares, where a weight is 1/variance. If the
// points lie further from the line than their variances say, the errors are enlarged by as
// much. ok is false where there is no line: fewer than three points, or one place.
func fitLine(x, y, weight []float64) (l line, ok bool) {
	var sw, sx, sy float64
	for i, w := range weight {
		sw += w
		sx += float64(w * x[i])
		sy += float64(w * y[i])
	}
	if len(x) < 3 || sw <= 0 {
		return l, false
	}
	mx, my := sx/sw, sy/sw
	var sxx, sxy float64
	for i, w := range weight {
		sxx += float64(w * square(x[i]-mx))
		sxy += float64(w * float64((x[i]-mx)*(y[i]-my)))
	}
	if sxx <= 0 {
		return l, false
	}
	l.slope = sxy / sxx
	l.offset = my - float64(l.slope*mx)
	chi := float64(0)
	for i, w := range weight {
		chi += float64(w * square(y[i]-l.offset-float64(l.slope*x[i])))
	}
	grow := max(1, chi/float64(len(x)-2))
	l.slopeSE = math.Sqrt(grow / sxx)
	l.offsetSE = math.Sqrt(grow * (1/sw + square(mx)/sxx))
	l.covariance = -float64(grow*mx) / sxx
	return l, true
}

// solve solves a*x = b for a symmetric positive a [n,n] by elimination with pivots, and returns
// the inverse's diagonal too. It overwrites both; ok is false where there is no solution.
func solve(a [][]float64, b []float64) (x, diagonal []float64, ok bool) {
	n := len(b)
	inverse := make([][]float64, n)
	for i := range inverse {
		inverse[i] = make([]float64, n)
		inverse[i][i] = 1
	}
	for c := range n {
		p := c
		for r := c + 1; r < n; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[p][c]) {
				p = r
			}
		}
		if math.Abs(a[p][c]) < 1e-12 {
			return nil, nil, false
		}
		a[c], a[p], b[c], b[p], inverse[c], inverse[p] = a[p], a[c], b[p], b[c], inverse[p], inverse[c]
		for r := range n {
			if r == c {
				continue
			}
			f := a[r][c] / a[c][c]
			for k := range n {
				a[r][k] -= float64(f * a[c][k])
				inverse[r][k] -= float64(f * inverse[c][k])
			}
			b[r] -= float64(f * b[c])
		}
	}
	x, diagonal = make([]float64, n), make([]float64, n)
	for i := range n {
		x[i] = b[i] / a[i][i]
		diagonal[i] = inverse[i][i] / a[i][i]
	}
	return x, diagonal, true
}
