package measure

import (
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

const (
	// minStuck is how many frames it takes to say that a pixel never changes, and stuckByChance
	// how many pixels without a defect may happen not to.
	minStuck      = 8
	stuckByChance = 0.01
	// A pixel is hot or dark if it lies so many standard deviations of the fixed pattern, and at
	// least so many levels of 8 bits, beyond all its neighbours, which lie close together.
	hotSigmas = 8.0
	hotLevels = 4.0
	noisy     = 16.0 // times the variance of others of the level
)

// defects counts pixels that do not do as others do. pattern is the standard deviation of the
// fixed pattern, unit the DN of a level of 8 bits, unchanged the share of pixels that repeat
// from frame to frame.
func (s *scene) defects(pattern, unit, unchanged float64) *Defects {
	d := &Defects{}
	usual := s.byBin(s.fast, func(i int) bool { return !s.clipped[i] })
	s.tellsStuck = len(s.frames) >= minStuck && float64(kernel.PowInt(unchanged, len(s.frames)-1)*float64(len(s.mean))) < stuckByChance
	limit := max(float64(hotSigmas*pattern), float64(hotLevels*unit))
	for y := 1; y < s.height-1; y++ {
		for x := 1; x < s.width-1; x++ {
			s.judge(d, y*s.width+x, limit, usual[s.bin[y*s.width+x]])
		}
	}
	pixels := float64((s.width - 2) * (s.height - 2))
	count := float64(d.Stuck + d.Hot + d.Dark + d.Noisy)
	d.PPM = Figure{1e6 * count / pixels, 1e6 * math.Sqrt(max(count, 1)) / pixels, Analytic}
	return d
}

// judge counts a pixel, once.
func (s *scene) judge(d *Defects, i int, limit, usual float64) {
	around := s.neighbours(i)
	changing := 0
	for _, n := range around {
		if s.all[n] > 0 {
			changing++
		}
	}
	levels := make([]float64, len(around))
	for k, n := range around {
		levels[k] = s.mean[n]
	}
	slices.Sort(levels)
	low, high := levels[0], levels[len(levels)-1]
	below, above := low-s.mean[i] > limit, s.mean[i]-high > limit
	alike := high-low < limit
	switch {
	case s.all[i] == 0 && changing >= len(around)-1 && s.tellsStuck && (!s.clipped[i] || below || above):
		d.Stuck++
		if s.mean[i] == 0 || below {
			d.Dead++
		}
	case above && alike && s.static[i]:
		d.Hot++
	case below && alike && s.static[i]:
		d.Dark++
	case usual > 0 && s.fast[i] > noisy*usual && s.still(around) && len(s.frames) >= minStuck:
		d.Noisy++
	}
}

func (s *scene) neighbours(i int) [8]int {
	w := s.width
	return [8]int{i - w - 1, i - w, i - w + 1, i - 1, i + 1, i + w - 1, i + w, i + w + 1}
}

// still says whether all of the pixels are static: then it is no object that moves.
func (s *scene) still(pixels [8]int) bool {
	for _, i := range pixels {
		if !s.static[i] {
			return false
		}
	}
	return true
}
