package measure

import "math"

// minSpan is how many levels, of 8 bits, a photon-transfer curve must cover.
const minSpan = 30

// transfer makes the photon-transfer curve of static pixels, by ranges of level. black is the
// level without light, if it is known. why says why there is no gain.
func (s *scene) transfer(black *float64, unit float64) (t *Transfer, why string) {
	curve := s.curve()
	if len(curve) < 5 {
		return nil, "the picture has too few levels with enough static pixels: give a clip with bright and dark areas"
	}
	if span := (curve[len(curve)-1].Level - curve[0].Level) / unit; span < minSpan {
		return nil, "the levels of static pixels span too little for a photon-transfer curve: give a clip with bright and dark areas"
	}
	var x, y, w []float64
	for _, p := range curve {
		x, y, w = append(x, p.Level), append(y, p.Variance), append(w, 1/square(p.Error))
	}
	l, ok := fitLine(x, y, w)
	if !ok || l.slope < 4*l.slopeSE {
		return nil, "noise does not rise with the level, as it does where photons are counted"
	}
	t = &Transfer{Gain: Figure{l.slope, l.slopeSE, Analytic}, Curve: curve}
	t.darkness(l, black)
	t.uniformity()
	return t, ""
}

// curve collects static pixels by level.
func (s *scene) curve() []Point {
	var bins [levelBins]Point
	operators := make([][]float64, levelBins)
	temporal := make([]float64, levelBins)
	for i, static := range s.static {
		if !static || s.noise[i] == 0 {
			continue
		}
		b := &bins[s.bin[i]]
		b.Level += s.mean[i]
		b.Variance += s.noise[i]
		b.Pixels++
		if s.flatter[i] && s.surrounded(i) {
			operators[s.bin[i]] = append(operators[s.bin[i]], cornerAt(s.mean, s.width, i))
			temporal[s.bin[i]] += s.noise[i]
		}
	}
	var curve []Point
	pairs := float64(len(s.frames)-1) * 2 / 3
	for at, b := range bins {
		if b.Pixels < minBin {
			continue
		}
		n := float64(b.Pixels)
		b.Level /= n
		b.Variance /= n
		b.Error = max(float64(b.Variance*math.Sqrt(2/float64(n*pairs))), 1e-9)
		b.Variance -= square(s.step) / 12
		if b.flat = len(operators[at]); b.flat >= 4*minBin {
			count := float64(b.flat)
			raw := square(spread(operators[at])) / cornerGain
			b.Fixed = raw - temporal[at]/count/float64(len(s.frames))
			b.fixedError = max(float64(raw*math.Sqrt(2*cornerRedundancy*medianLoss/count)), 1e-9)
		}
		curve = append(curve, b)
	}
	return curve
}

// darkness finds black level and read noise. Variance extrapolates to 0 at a level zero, and
// gain*readnoise^2 = black - zero: given the one, the other is known. Without light there can
// be no less than no noise, and with some a pixel is not below black: so black lies between
// zero and the darkest level that was seen. Bounds are wider by twice the standard error.
func (t *Transfer) darkness(l line, black *float64) {
	zero := -l.offset / l.slope
	low, high := max(zero-float64(2*l.errorAt(zero))/l.slope, 0), t.Curve[0].Level
	if black != nil {
		low, high = *black, *black
	}
	high = max(high, low)
	t.Black = Bounds{low, high}
	if black != nil {
		variance, se := l.offset+float64(l.slope*low), 2*l.errorAt(low)
		t.ReadNoise = Bounds{root(variance-se) / l.slope, root(variance+se) / l.slope}
		return
	}
	t.ReadNoise = Bounds{root((low - zero) / l.slope), root((high - zero) / l.slope)}
}

// errorAt is the standard error of the line at x.
func (l line) errorAt(x float64) float64 {
	return root(square(l.offsetSE) + square(float64(x*l.slopeSE)) + float64(2*float64(x*l.covariance)))
}

// uniformity fits fixed variance = (gain*DSNU)^2 + (PRNU*(level-black))^2.
func (t *Transfer) uniformity() {
	var x, y, w []float64
	black := float64(t.Black.Low/2) + float64(t.Black.High/2)
	for _, p := range t.Curve {
		if p.fixedError > 0 {
			x, y, w = append(x, square(max(p.Level-black, 0))), append(y, p.Fixed), append(w, 1/square(p.fixedError))
		}
	}
	l, ok := fitLine(x, y, w)
	if !ok {
		return
	}
	if l.slope < 0 { // the pattern does not rise with the level
		l.offset, l.offsetSE = weighted(y, w)
		l.slope = 0
	}
	dark := figureOf(l.offset, l.offsetSE)
	gain := t.Gain.Value
	t.DSNU = &Figure{dark.Value / gain, dark.Error / gain, Analytic}
	response := figureOf(l.slope, l.slopeSE)
	t.PRNU = &Figure{100 * response.Value, 100 * response.Error, Analytic}
}

// weighted is the mean of values by weights 1/variance, with its standard error.
func weighted(values, weights []float64) (middle, se float64) {
	var sum, total float64
	for i, w := range weights {
		sum += float64(w * values[i])
		total += w
	}
	return sum / total, math.Sqrt(1 / total)
}
