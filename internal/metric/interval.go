package metric

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// Interval is a 95 % confidence interval, of a share unless something else is said.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// z95 is the 97.5 % quantile of the normal distribution.
const z95 = 1.959963984540054

// Wilson is the 95 % score interval of the share that successes out of n, at
// least 1, is a sample of (E. B. Wilson, Probable Inference, the Law of
// Succession, and Statistical Inference, 1927). Unlike the textbook interval it
// stays within 0 to 1 and means something for a handful of examples and for a
// share of 1.
func Wilson(successes, n int) Interval {
	const z2 = z95 * z95
	count := float64(n)
	centre := float64(2*successes) + z2
	variance := float64(4 * float64(successes) * float64(n-successes) / count)
	spread := float64(z95 * math.Sqrt(z2+variance))
	scale := 2 * (count + z2)
	i := Interval{Low: (centre - spread) / scale, High: (centre + spread) / scale}
	if successes == 0 {
		i.Low = 0 // exactly, in spite of rounding
	}
	if successes == n {
		i.High = 1
	}
	return i
}

// meanInterval is the 95 % interval of the mean of a large population that values,
// at least two, none below 0, are a sample of: the mean plus and minus 1.96 times the
// standard error, the square root of the unbiased variance over the number of values
// (the central limit theorem). It does not go below 0.
func meanInterval(values []float32, mean float64) Interval {
	var squares kernel.Lanes64
	for i, v := range values {
		d := float64(v) - mean
		squares.Add(i, float64(d*d))
	}
	n := float64(len(values))
	spread := float64(z95 * math.Sqrt(squares.Total()/(n-1)/n))
	return Interval{Low: max(0, mean-spread), High: mean + spread}
}
