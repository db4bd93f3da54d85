package track

import (
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Shape is what a frame shows at a box. Levels are those of 8 bits, over the median of the
// surroundings.
type Shape struct {
	X, Y       float64 // centroid of the bright part, in pixels of the frame
	Peak       float64 // brightest level in the box
	Least      float64 // darkest level in the box
	Flux       float64 // sum of the levels over 0
	Area       float64 // pixels over half of the peak
	Elongation float64 // longer axis over the shorter one of those pixels, in variances
	Side       float64 // longer side of the box, in pixels
	Noise      float64 // of the surroundings, levels
}

// The surroundings go as far from the middle of the box as its longer side is, within these
// limits, in pixels.
const (
	leastReach = 24
	mostReach  = 64
)

// Measure measures what a grey or colour frame shows at a box.
func Measure(frame imaging.Image, box clips.Box) Shape {
	reach := min(max(box.W, box.H, leastReach), mostReach)
	cx, cy := box.X+box.W/2, box.Y+box.H/2
	area := clips.Box{X: max(cx-reach, 0), Y: max(cy-reach, 0)}
	area.W, area.H = min(cx+reach, frame.Width)-area.X, min(cy+reach, frame.Height)-area.Y
	s := Shape{X: float64(2*box.X+box.W) / 2, Y: float64(2*box.Y+box.H) / 2, Side: float64(max(box.W, box.H)), Elongation: 1}
	if area.W <= 0 || area.H <= 0 {
		return s
	}
	levels := levelsOf(frame, area)
	middle := middleOf(slices.Clone(levels))
	spread, patch := make([]int, len(levels)), make([]float64, len(levels))
	for i, v := range levels {
		spread[i] = max(2*v-middle, middle-2*v)
		patch[i] = float64(2*v-middle) / 512
	}
	s.Noise = float64(1.48*(float64(middleOf(spread))/1024)) + 1
	s.measure(patch, area, box)
	return s
}

// levelsOf is the luma of an area of the frame, of 0 to 65535.
func levelsOf(frame imaging.Image, area clips.Box) []int {
	levels := make([]int, 0, area.W*area.H)
	for y := area.Y; y < area.Y+area.H; y++ {
		for x := area.X; x < area.X+area.W; x++ {
			levels = append(levels, lumaAt(frame, y*frame.Width+x))
		}
	}
	return levels
}

// middleOf is twice the median: the sum of the two values in the middle. It moves them.
func middleOf(values []int) int {
	n := len(values)
	return nth(values, (n-1)/2) + nth(values, n/2)
}

// medianOf is the mean of the two values in the middle.
func medianOf(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// measure measures a patch, of which the level of the surroundings was taken away.
func (s *Shape) measure(patch []float64, area, box clips.Box) {
	x0, x1 := max(box.X-1, area.X), min(box.X+box.W, area.X+area.W-1)
	y0, y1 := max(box.Y-1, area.Y), min(box.Y+box.H, area.Y+area.H-1)
	each := func(visit func(x, y int, v float64)) {
		for y := y0; y <= y1; y++ {
			for x := x0; x <= x1; x++ {
				visit(x, y, patch[(y-area.Y)*area.W+x-area.X])
			}
		}
	}
	each(func(_, _ int, v float64) {
		s.Peak, s.Least = max(s.Peak, v), min(s.Least, v)
		s.Flux += max(v, 0)
	})
	var sum, sx, sy float64
	each(func(x, y int, v float64) {
		if v > s.Peak/2 && s.Peak > 2 {
			s.Area++
			sum += v
			sx += float64(v * float64(x))
			sy += float64(v * float64(y))
		}
	})
	if sum == 0 {
		return
	}
	s.X, s.Y = sx/sum, sy/sum
	var xx, yy, xy float64
	each(func(x, y int, v float64) {
		if v > s.Peak/2 && s.Peak > 2 {
			dx, dy := float64(x)-s.X, float64(y)-s.Y
			xx += float64(float64(v*dx) * dx)
			yy += float64(float64(v*dy) * dy)
			xy += float64(float64(v*dx) * dy)
		}
	})
	xx, yy, xy = xx/sum, yy/sum, xy/sum
	trace, d := xx+yy, xx-yy
	root := math.Sqrt(float64(d*d) + float64(float64(4*xy)*xy))
	s.Elongation = (trace + root + 0.2) / (max(trace-root, 0) + 0.2)
}
