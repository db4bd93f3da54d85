package head

import (
	"context"
	"math"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// Scaling brings features to mean 0 and, on average, variance 1: a feature v becomes
// fma(v, Scale, Shift[d]). Scale is one over the root of the mean of the features'
// variances. A feature whose deviation is less than what a float32 of its mean can show
// is a constant: its factor is 0.
type Scaling struct {
	Scale, Shift []float32 // [D]
}

const (
	// constantRatio is the square of how much a feature must vary, relative to its mean.
	constantRatio = 0x1p-48
	// leastVariance is the mean variance below which features are all constant: that
	// of numbers whose inverses a float32 cannot hold.
	leastVariance = 0x1p-200
	// columnBlock is the number of columns that a worker takes at a time.
	columnBlock = 64
)

// measureScaling finds the scaling of the features of some rows. Means and variances are
// sums over the rows in order, in float64.
func measureScaling(ctx context.Context, p part, workers int) (*Scaling, error) {
	mean, variance := make([]float64, p.d), make([]float64, p.d)
	err := each(ctx, workers, blocks(p.d, columnBlock), func(_, i int) {
		first := i * columnBlock
		last := min(first+columnBlock, p.d)
		columnMoments(p, mean, variance, first, last)
	})
	if err != nil {
		return nil, err
	}
	total := 0.0
	for d, v := range variance {
		if v <= float64(float64(mean[d]*mean[d])*constantRatio) {
			variance[d] = 0
		}
		total += variance[d]
	}
	return newScaling(mean, variance, total/float64(p.d)), nil
}

// columnMoments computes mean and biased variance of columns first to last-1.
func columnMoments(p part, mean, variance []float64, first, last int) {
	n := float64(p.count())
	for i := range p.count() {
		for d, v := range p.features(i)[first:last] {
			mean[first+d] += float64(v)
		}
	}
	for d := first; d < last; d++ {
		mean[d] /= n
	}
	for i := range p.count() {
		for d, v := range p.features(i)[first:last] {
			off := float64(v) - mean[first+d]
			variance[first+d] += float64(off * off)
		}
	}
	for d := first; d < last; d++ {
		variance[d] /= n
	}
}

func newScaling(mean, variance []float64, average float64) *Scaling {
	s := &Scaling{make([]float32, len(mean)), make([]float32, len(mean))}
	if average < leastVariance {
		return s
	}
	scale := float32(1 / math.Sqrt(average))
	for d := range mean {
		if variance[d] > 0 {
			s.Scale[d], s.Shift[d] = scale, float32(-mean[d]*float64(scale))
		}
	}
	return s
}

// apply writes scaled rows first to first+count-1 to dst, [count,D].
func (s *Scaling) apply(dst []float32, p part, first, count int) {
	if p.rows == nil {
		kernel.ScaleShift(dst[:count*p.d], p.Features[first*p.d:][:count*p.d], s.Scale, s.Shift)
		return
	}
	for i := range count {
		kernel.ScaleShift(dst[i*p.d:][:p.d], p.features(first+i), s.Scale, s.Shift)
	}
}

// unscaled returns the head that gives unscaled features the logits that parameters w,
// [K,D] and [K], give scaled ones.
func (s *Scaling) unscaled(w []float32, d, k int) *Head {
	h := &Head{Weights: make([]float32, d*k), Bias: make([]float32, k)}
	for class := range k {
		row := w[class*d:][:d]
		bias := float64(w[k*d+class])
		for i, v := range row {
			h.Weights[i*k+class] = float32(v * s.Scale[i])
			bias += float64(float64(v) * float64(s.Shift[i]))
		}
		h.Bias[class] = float32(bias)
	}
	return h
}
