package measure

import (
	"math"
	"slices"
)

// The shares of the static pixels, those where the picture changes least, that patterns are
// measured on: of rows and columns, which takes many, and of pixels.
const (
	flatShare   = 0.65
	flatterPart = 0.4
)

// findFlat finds the static pixels around which the picture changes least, when the patterns
// of rows and columns are taken out: by the gradient of the smoothed picture, and by its detail,
// which texture has. Neither answers to the finest detail, which patterns are measured by, so
// that pixels are not chosen by what is measured.
func (s *scene) findFlat(rows, columns []float64) {
	once := smooth(s.without(rows, columns), s.width, s.height)
	twice := smooth(once, s.width, s.height)
	gradient, detail := make([]float64, len(once)), make([]float64, len(once))
	s.inside(func(i int) {
		gradient[i] = square(twice[i+1]-twice[i-1]) + square(twice[i+s.width]-twice[i-s.width])
		detail[i] = square(float64(4*once[i]) - once[i-1] - once[i+1] - once[i-s.width] - once[i+s.width])
	})
	for range 3 {
		detail = smooth(detail, s.width, s.height)
	}
	usualGradient, usualDetail := s.middleOf(gradient), s.middleOf(detail)
	var list []float64
	s.inside(func(i int) {
		gradient[i] = gradient[i]/usualGradient + detail[i]/usualDetail
		if s.static[i] {
			list = append(list, gradient[i])
		}
	})
	slices.Sort(list)
	limit, less := quantile(list, flatShare), quantile(list, flatterPart)
	s.flat, s.flatter = make([]bool, len(once)), make([]bool, len(once))
	s.inside(func(i int) {
		s.flat[i] = s.static[i] && gradient[i] <= limit
		s.flatter[i] = s.static[i] && gradient[i] <= less
	})
}

// inside visits the pixels that are not within two of the border.
func (s *scene) inside(visit func(i int)) {
	for y := 2; y < s.height-2; y++ {
		for x := 2; x < s.width-2; x++ {
			visit(y*s.width + x)
		}
	}
}

// middleOf is the median over static pixels, and never 0.
func (s *scene) middleOf(values []float64) float64 {
	var list []float64
	s.inside(func(i int) {
		if s.static[i] {
			list = append(list, values[i])
		}
	})
	return max(median(list), 1e-9)
}

// without is the mean picture less a pattern of rows and one of columns.
func (s *scene) without(rows, columns []float64) []float64 {
	plain := make([]float64, len(s.mean))
	for i, v := range s.mean {
		plain[i] = v - rows[i/s.width] - columns[i%s.width]
	}
	return plain
}

// fixed measures the patterns that stay, of pixels, rows and columns, on the mean over time.
// It returns the patterns of rows and columns themselves, without their slow changes, which
// cannot be told from the scene.
func (s *scene) fixed(n *Noise3D) (rows, columns []float64) {
	turned := transposed(s.mean, s.width, s.height)
	all := transposed(s.static, s.width, s.height)
	first := ripple(newProfile(s.mean, s.static, s.width, s.height, anySet))
	second := ripple(newProfile(turned, all, s.height, s.width, anySet))
	s.findFlat(first, second)
	flat := transposed(s.flat, s.width, s.height)
	frames := float64(len(s.frames))
	n.V = linePattern(s.mean, s.flat, s.width, s.height, square(n.TV.Value)/frames)
	n.H = linePattern(turned, flat, s.height, s.width, square(n.TH.Value)/frames)
	n.VH = s.pixelPattern()
	return ripple(newProfile(s.mean, s.flat, s.width, s.height, anySet)), ripple(newProfile(turned, flat, s.height, s.width, anySet))
}

// corner is the fourth difference: along rows and columns at once it answers to the finest
// detail, least of which an image has that went through a lens, and not at all to a pattern of
// rows or columns.
var corner = [5]float64{1, -4, 6, -4, 1}

// cornerGain is the sum of the squared weights of corner in both directions.
const cornerGain = 70 * 70

// The second difference in both directions (Immerkaer, Computer Vision and Image Understanding
// 64, 1996) answers to coarser detail too.
const immerkaerGain = 36

// cornerAt is corner in both directions at a pixel that is not at the border.
func cornerAt(plane []float64, width, i int) float64 {
	sum := float64(0)
	for dy, a := range corner {
		row := plane[i+(dy-2)*width-2:][:5]
		line := float64(0)
		for dx, b := range corner {
			line += float64(b * row[dx])
		}
		sum += float64(a * line)
	}
	return sum
}

// immerkaerAt is the second difference in both directions.
func immerkaerAt(plane []float64, width, i int) float64 {
	line := func(at int) float64 { return plane[at-1] - float64(2*plane[at]) + plane[at+1] }
	return line(i-width) - float64(2*line(i)) + line(i+width)
}

// pixelPattern measures the pattern of pixels, by the median of what is left of the finest
// detail in flat places. Where coarser detail says more, part of it is texture of the scene
// that was taken for a pattern, and the error says so.
func (s *scene) pixelPattern() *Figure {
	var fine, coarse []float64
	temporal := float64(0)
	for i, flat := range s.flatter {
		if flat && s.surrounded(i) {
			fine = append(fine, cornerAt(s.mean, s.width, i))
			coarse = append(coarse, immerkaerAt(s.mean, s.width, i))
			temporal += s.noise[i]
		}
	}
	if len(fine) < minBin {
		return nil
	}
	count := float64(len(fine))
	temporal = temporal / count / float64(len(s.frames))
	variance, other := square(spread(fine))/cornerGain, square(spread(coarse))/immerkaerGain
	error2 := float64(square(variance) * 2 * cornerRedundancy / count * medianLoss)
	if other > variance {
		error2 += float64(square(other-variance) / 4)
	}
	return figureOf(variance-temporal, math.Sqrt(error2))
}

const (
	// cornerRedundancy is how many pixels are worth one, as their values of corner share most of
	// what they are made of: the sum of the squared correlations.
	cornerRedundancy = 6.9
	medianLoss       = 2.7 // variance of a spread by the median against that of the best estimate
)

// surrounded says whether all 25 pixels around one are static.
func (s *scene) surrounded(i int) bool {
	for dy := -2; dy <= 2; dy++ {
		for _, static := range s.static[i+dy*s.width-2:][:5] {
			if !static {
				return false
			}
		}
	}
	return true
}

// Sets of columns from which a profile of rows is made.
const (
	anySet = iota
	evenSet
	oddSet
)

// setWidth is the width in pixels of the stripes of which every second one is in a set.
const setWidth = 8

// newProfile finds how much each row lies above the others, by the steps from a row to the
// next: the middle of the differences of pixels that count in both. A step for which there are
// too few such pixels is 0, and missing counts these.
func newProfile(plane []float64, counts []bool, width, height, set int) (profile []float64, missing int) {
	profile = make([]float64, height)
	var steps []float64
	for y := 1; y < height; y++ {
		steps = steps[:0]
		for x := range width {
			i := y*width + x
			if in := 1 + x/setWidth%2; counts[i] && counts[i-width] && (set == anySet || set == in) {
				steps = append(steps, plane[i]-plane[i-width])
			}
		}
		profile[y] = profile[y-1]
		if len(steps) < minLine {
			missing++
			continue
		}
		profile[y] += clippedMean(steps)
	}
	return profile, missing
}

// ripple is a profile without its slow changes: less its mean over 9 neighbours, twice.
func ripple(profile []float64, _ int) []float64 {
	slow := averaged(averaged(profile))
	out := make([]float64, len(profile))
	for i, v := range profile {
		out[i] = v - slow[i]
	}
	return out
}

func averaged(values []float64) []float64 {
	const reach = 4
	out := make([]float64, len(values))
	for i := range out {
		out[i] = mean(values[max(0, i-reach):min(len(values), i+reach+1)])
	}
	return out
}

// linePattern measures the standard deviation of the pattern of rows; temporal is the variance
// that the mean over time has kept of noise of rows. It multiplies the spectra of two profiles,
// of every second stripe of columns each: their product has the pattern, which both share, and
// not the noise of pixels, which they do not. The pattern is taken to be white. What the scene
// adds to it is taken for a random walk, since profiles are sums of steps, so that its
// spectrum rises towards low frequencies; both are fitted at once.
func linePattern(plane []float64, counts []bool, width, height int, temporal float64) *Figure {
	const border = 2 // rows in which nothing counts
	if height < 16+2*border {
		return nil
	}
	a, missingA := newProfile(plane, counts, width, height, evenSet)
	b, missingB := newProfile(plane, counts, width, height, oddSet)
	a, b = a[border:height-border], b[border:height-border]
	n := len(a)
	missing := max(missingA, missingB) - 2*border
	if missing > n/4 {
		return nil
	}
	const lowest = degree + 1 // frequencies below are the scene's
	x, y := spectrum(bent(a))[lowest:], spectrum(bent(b))[lowest:]
	walk, common, power := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
	for k := range x {
		walk[k] = 1 / (4 * square(sin(math.Pi/2*float64(k+lowest)/float64(n))))
		common[k] = float64(x[k] * y[k])
		power[k] = float64(square(x[k])/2) + float64(square(y[k])/2)
	}
	l, ok := fitSpectrum(walk, common, power)
	if !ok {
		return nil
	}
	// Rows whose step is missing do as the row before, and have no part in the pattern.
	whole := float64(n) / float64(n-missing)
	return figureOf(float64(l.offset*whole)-temporal, float64(l.offsetSE*whole))
}

// fitSpectrum fits values = offset + slope*walk, with no part below 0. The variance of a
// coefficient is the square of the power that is expected there, which the fit of power says.
func fitSpectrum(walk, values, power []float64) (l line, ok bool) {
	weights := make([]float64, len(walk))
	least := mean(power[len(power)/2:])
	expected := line{offset: least}
	least /= 5
	for range 4 {
		for k, g := range walk {
			weights[k] = 1 / (2 * square(max(expected.offset, least, 1e-9)+float64(expected.slope*g)))
		}
		if expected, ok = fitPositive(walk, power, weights); !ok {
			return l, false
		}
	}
	return fitPositive(walk, values, weights)
}

// fitPositive fits a line, or a constant unless it clearly rises.
func fitPositive(x, y, weights []float64) (line, bool) {
	l, ok := fitLine(x, y, weights)
	if ok && l.slope < 2*l.slopeSE {
		l = line{}
		l.offset, l.offsetSE = weighted(y, weights)
	}
	return l, ok
}

// degree is that of the polynomial that is taken out of a profile: what changes so slowly is the
// scene's.
const degree = 6

// bent is a profile without the polynomial that fits it best.
func bent(profile []float64) []float64 {
	out := slices.Clone(profile)
	var basis [][]float64
	for d := range degree + 1 {
		next := make([]float64, len(out))
		for i := range next {
			next[i] = 1
			if d > 0 {
				next[i] = float64(basis[d-1][i] * (2*float64(i)/float64(len(out)-1) - 1))
			}
		}
		for _, b := range basis {
			takeOut(next, b)
		}
		size := math.Sqrt(product(next, next))
		for i := range next {
			next[i] /= size
		}
		takeOut(out, next)
		basis = append(basis, next)
	}
	return out
}

// takeOut takes the part along b, of length 1, out of a.
func takeOut(a, b []float64) {
	part := product(a, b)
	for i, v := range b {
		a[i] -= float64(part * v)
	}
}

func product(a, b []float64) float64 {
	sum := float64(0)
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// spectrum is the discrete cosine transform (II) with the scale at which white noise of
// variance 1 has coefficients of variance 1.
func spectrum(values []float64) []float64 {
	n := len(values)
	table := make([]float64, 4*n)
	for i := range table {
		table[i] = cos(math.Pi / 2 * float64(i) / float64(n))
	}
	out := make([]float64, n)
	scale := math.Sqrt(2 / float64(n))
	for k := range out {
		sum := float64(0)
		for i, v := range values {
			sum += float64(v * table[(2*i+1)*k%(4*n)])
		}
		out[k] = float64(sum * scale)
	}
	return out
}
