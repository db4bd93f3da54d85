package measure

import (
	"cmp"
	"math"
	"slices"
)

const (
	levelBins = 32
	minBin    = 40  // pixels that a range of levels needs
	outlying  = 6.0 // standard deviations from which on a pixel shows something else than noise
)

// A scene is the window of frames, with what is known of each pixel. All planes are [H,W].
type scene struct {
	width, height int
	frames        [][]uint16
	step          float64   // between values, in DN
	mean          []float64 // over time
	fast          []float64 // variance by the differences of successive frames
	all           []float64 // variance
	clipped       []bool    // cut off in some frame
	bin           []int     // of levels
	static        []bool    // neither clipped nor moved over
	flat, flatter []bool    // static, where the picture changes least
	noise         []float64 // temporal variance without that of rows, columns and frames
	staticShare   float64
	clippedShare  float64
	tellsStuck    bool // there are so many frames that a pixel which never changes has a defect
}

// newScene measures every pixel. There must be at least two frames.
func newScene(m *Meter, l Levels) *scene {
	n := m.width * m.height
	s := &scene{width: m.width, height: m.height, frames: m.window, step: float64(l.Step),
		mean: make([]float64, n), fast: make([]float64, n), all: make([]float64, n), clipped: make([]bool, n), static: make([]bool, n)}
	sums, squares, steps := make([]int64, n), make([]int64, n), make([]int64, n)
	for t, frame := range s.frames {
		for i, v := range frame {
			sums[i] += int64(v)
			squares[i] += int64(v) * int64(v)
			if int(v) <= l.Bottom || int(v) >= l.Top {
				s.clipped[i] = true
			}
		}
		if t > 0 {
			for i, v := range s.frames[t-1] {
				d := int64(frame[i]) - int64(v)
				steps[i] += d * d
			}
		}
	}
	count, clipped := int64(len(s.frames)), 0
	for i := range n {
		s.mean[i] = float64(sums[i]) / float64(count)
		s.all[i] = float64(count*squares[i]-sums[i]*sums[i]) / float64(count*(count-1))
		s.fast[i] = float64(steps[i]) / float64(2*(count-1))
		if s.clipped[i] {
			clipped++
		}
	}
	s.clippedShare = float64(clipped) / float64(n)
	s.binLevels()
	s.findStatic()
	return s
}

// binLevels divides the pixels that are not clipped by their level.
func (s *scene) binLevels() {
	var levels []float64
	for i, v := range s.mean {
		if !s.clipped[i] {
			levels = append(levels, v)
		}
	}
	slices.Sort(levels)
	low, high := quantile(levels, 0.005), quantile(levels, 0.995)
	width := max(high-low, 1e-9) / levelBins
	s.bin = make([]int, len(s.mean))
	for i, v := range s.mean {
		s.bin[i] = min(max(int((v-low)/width), 0), levelBins-1)
	}
}

// byBin takes the medians of values over the pixels of each bin that count. Bins with too few
// pixels have those of the nearest bin that has enough. Where something bright moves, a bin may
// have hardly any other pixels: no bin has more than twice what a line through all of them says.
func (s *scene) byBin(values []float64, counts func(i int) bool) [levelBins]float64 {
	var lists [levelBins][]float64
	for i, v := range values {
		if counts(i) {
			lists[s.bin[i]] = append(lists[s.bin[i]], v)
		}
	}
	var medians [levelBins]float64
	for b, list := range lists {
		medians[b] = median(slices.Clone(list))
	}
	rise := robustLine(medians[:], func(b int) float64 { return float64(len(lists[b])) })
	var found [levelBins]float64
	for b := range lists {
		nearest := -1
		for other := range lists {
			if len(lists[other]) >= minBin && (nearest < 0 || distance(other, b) < distance(nearest, b)) {
				nearest = other
			}
		}
		if nearest >= 0 {
			found[b] = medians[nearest]
		}
		if l := rise.offset + float64(rise.slope*float64(b)); l > 0 {
			found[b] = min(found[b], 2*l)
		}
	}
	return found
}

// robustLine is the line through values at 0, 1 and so on whose slope is the median of those of
// all pairs, each as often as both weights say (Theil and Sen, with weights).
func robustLine(values []float64, weight func(i int) float64) line {
	type weighty struct{ value, weight float64 }
	middle := func(list []weighty) float64 {
		slices.SortFunc(list, func(a, b weighty) int { return cmp.Compare(a.value, b.value) })
		total, below := float64(0), float64(0)
		for _, v := range list {
			total += v.weight
		}
		for _, v := range list {
			if below += v.weight; 2*below >= total {
				return v.value
			}
		}
		return 0
	}
	var slopes, offsets []weighty
	for i := range values {
		for j := i + 1; j < len(values); j++ {
			slopes = append(slopes, weighty{(values[j] - values[i]) / float64(j-i), float64(weight(i) * weight(j))})
		}
	}
	l := line{slope: middle(slopes)}
	for i, v := range values {
		offsets = append(offsets, weighty{v - float64(l.slope*float64(i)), weight(i)})
	}
	l.offset = middle(offsets)
	return l
}

func distance(a, b int) int { return max(a-b, b-a) }

// findStatic finds the pixels that nothing moves over: their variance is that of most pixels of
// their level, fast and slow, and no frame stands out.
func (s *scene) findStatic() {
	whole := func(i int) bool { return !s.clipped[i] }
	fast, all := s.byBin(s.fast, whole), s.byBin(s.all, whole)
	n := float64(len(s.frames) - 1)
	limit := 1 + float64(outlying*math.Sqrt(2/n))
	limitFast := 1 + float64(outlying*math.Sqrt(3/n)) // successive differences share a frame
	count := 0
	floor := square(s.step) / 12
	for i := range s.mean {
		b := s.bin[i]
		far := outlying * math.Sqrt(max(all[b], floor))
		s.static[i] = !s.clipped[i] && s.fast[i] <= float64(limitFast*max(fast[b], floor)) && s.all[i] <= float64(limit*max(all[b], floor)) && !s.standsOut(i, far)
		if s.static[i] {
			count++
		}
	}
	s.staticShare = float64(count) / float64(len(s.mean))
}

// standsOut says whether a frame has a value of a pixel that is far from its mean.
func (s *scene) standsOut(i int, far float64) bool {
	for _, frame := range s.frames {
		if math.Abs(float64(frame[i])-s.mean[i]) > far {
			return true
		}
	}
	return false
}

// transposed exchanges rows and columns of a plane [height,width].
func transposed[T any](plane []T, width, height int) []T {
	other := make([]T, len(plane))
	for y := range height {
		for x := range width {
			other[x*height+y] = plane[y*width+x]
		}
	}
	return other
}

// smooth is a plane [height,width] after the binomial filter 1 4 6 4 1 in both directions; at
// the borders the nearest pixel counts again.
func smooth(plane []float64, width, height int) []float64 {
	return transposed(smoothRows(transposed(smoothRows(plane, width), width, height), height), height, width)
}

func smoothRows(plane []float64, width int) []float64 {
	out := make([]float64, len(plane))
	for from := 0; from < len(plane); from += width {
		row, to := plane[from:from+width], out[from:from+width]
		at := func(x int) float64 { return row[min(max(x, 0), width-1)] }
		for x := range to {
			to[x] = (at(x-2) + at(x+2) + float64(4*(at(x-1)+at(x+1))) + float64(6*at(x))) / 16
		}
	}
	return out
}
