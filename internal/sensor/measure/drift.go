package measure

import "math"

const (
	// Gains whose standard deviation is above this, in percent, and means that change by more
	// levels of 8 bits, are an AGC's.
	steadyGain  = 1.0
	steadyLevel = 1.0
	// sameScene is the correlation with the first frame below which gain cannot be told.
	sameScene = 0.9
)

// What is said of an AGC.
const (
	Steady     = "fixed"
	Drifts     = "drifts"
	UnknownAGC = "unknown"
)

// drift follows level and gain through all frames.
func (m *Meter) drift() *Drift {
	d := &Drift{Mean: deviation(m.means), AGC: UnknownAGC}
	for i := 1; i < len(m.means); i++ {
		d.Largest = max(d.Largest, math.Abs(m.means[i]-m.means[i-1]))
	}
	d.PerSecond = m.slope()
	gains, lost := m.gains()
	if lost || len(gains) < 2 {
		return d
	}
	extremes := [2]Part{{0, gains[0]}, {0, gains[0]}}
	for i, g := range gains {
		if g < extremes[0].Gain {
			extremes[0] = Part{i, g}
		}
		if g > extremes[1].Gain {
			extremes[1] = Part{i, g}
		}
	}
	sd := 100 * deviation(gains)
	d.Extremes = &extremes
	d.Gain = &Figure{sd, sd / math.Sqrt(2*float64(len(gains)-1)), Analytic}
	d.AGC = Steady
	if sd > steadyGain || d.Mean > steadyLevel*m.unit {
		d.AGC = Drifts
	}
	return d
}

// slope is that of a line through the means of frames, in DN a second; nil where the rate is
// not known.
func (m *Meter) slope() *Figure {
	if m.options.RateHz <= 0 {
		return nil
	}
	x, w := make([]float64, len(m.means)), make([]float64, len(m.means))
	for i := range x {
		x[i], w[i] = float64(i)/m.options.RateHz, 1
	}
	l, ok := fitLine(x, m.means, w)
	if !ok {
		return nil
	}
	residual := float64(0)
	for i, v := range m.means {
		residual += square(v - l.offset - float64(l.slope*x[i]))
	}
	middle, spread := mean(x), float64(0)
	for _, v := range x {
		spread += square(v - middle)
	}
	return &Figure{l.slope, math.Sqrt(residual / float64(len(x)-2) / spread), Analytic}
}

// gains are the slopes of the frames' blocks against those of the first. What moves is left
// out: a block that lies far from the line. lost says that the scene became another.
func (m *Meter) gains() (gains []float64, lost bool) {
	first := make([]float64, len(m.blocks[0]))
	for i, v := range m.blocks[0] {
		first[i] = float64(v)
	}
	if deviation(first) < m.unit { // an even picture has no contrast to follow
		return nil, true
	}
	for _, blocks := range m.blocks {
		other, weights := make([]float64, len(blocks)), make([]float64, len(blocks))
		for i, v := range blocks {
			other[i], weights[i] = float64(v), 1
		}
		l, ok := fitLine(first, other, weights)
		for range 2 {
			if !ok {
				return nil, true
			}
			leaveOut(first, other, weights, l)
			l, ok = fitLine(first, other, weights)
		}
		if !ok || correlation(first, other, weights) < sameScene {
			return nil, true
		}
		gains = append(gains, l.slope)
	}
	return gains, false
}

// leaveOut gives points that lie far from a line the weight 0.
func leaveOut(x, y, weights []float64, l line) {
	distances := make([]float64, len(x))
	for i := range x {
		distances[i] = y[i] - l.offset - float64(l.slope*x[i])
	}
	list := make([]float64, len(x))
	copy(list, distances)
	limit := max(float64(4*spread(list)), 1e-6)
	for i, v := range distances {
		weights[i] = 1
		if math.Abs(v) > limit {
			weights[i] = 0
		}
	}
}

// correlation is Pearson's, of points with the weight 1.
func correlation(x, y, weights []float64) float64 {
	var a, b []float64
	for i, w := range weights {
		if w > 0 {
			a, b = append(a, x[i]), append(b, y[i])
		}
	}
	ma, mb := mean(a), mean(b)
	var ab, aa, bb float64
	for i := range a {
		ab += float64((a[i] - ma) * (b[i] - mb))
		aa += square(a[i] - ma)
		bb += square(b[i] - mb)
	}
	if aa <= 0 || bb <= 0 {
		return 0
	}
	return ab / math.Sqrt(float64(aa*bb))
}
