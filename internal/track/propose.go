package track

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/clips"
)

// finder finds proposals in frames of one size. It is used by one goroutine at a time.
type finder struct {
	rule          Rule
	width, height int
	filters       *filters
	coarse, rest  []int32   // what is left of a frame under a wide filter; [H,W] as all of these
	contrast      []int32   // size of the difference of a narrow and a wide filter
	change        []int32   // the lesser of the differences in time
	around, moved []int32   // sums of the two above over the surroundings
	score         []float32 // squares
}

func newFinder(r Rule, width, height int) *finder {
	f := &finder{rule: r, width: width, height: height, filters: newFilters(width, height)}
	for _, plane := range []*[]int32{&f.coarse, &f.rest, &f.contrast, &f.change, &f.around, &f.moved} {
		*plane = make([]int32, width*height)
	}
	f.score = make([]float32, width*height)
	return f
}

// narrow smooths a frame by a filter whose deviation is about 1.6 pixels: two means over 3x3
// pixels and one more.
func (f *finder) narrow(to []int32, luma []int32) {
	f.filters.means(f.rest, luma, 1)
	f.filters.means(f.coarse, f.rest, 1)
	f.filters.means(to, f.coarse, 1)
}

// find returns the proposals of a smoothed frame, best first. before and after are the
// frames that the difference in time looks at; either or both may be nil.
func (f *finder) find(now, before, after []int32) []Proposal {
	f.filters.means(f.rest, now, 4)
	f.filters.means(f.coarse, f.rest, 5)
	f.filters.means(f.rest, f.coarse, 5)
	for i, v := range now {
		f.rest[i] = v - f.rest[i]
		f.contrast[i] = magnitude(f.rest[i])
	}
	f.filters.sums(f.around, f.contrast, f.rule.Around/2)
	f.differences(now, before, after)
	f.filters.sums(f.moved, f.change, f.rule.Around/2)
	f.rate(before != nil || after != nil)
	return f.best()
}

func magnitude(v int32) int32 { return max(v, -v) }

// differences writes the lesser of the differences to the frames before and after.
func (f *finder) differences(now, before, after []int32) {
	if before == nil {
		before = after
	}
	if after == nil {
		after = before
	}
	if before == nil {
		clear(f.change)
		return
	}
	for i, v := range now {
		f.change[i] = min(magnitude(v-before[i]), magnitude(v-after[i]))
	}
}

// rate writes the squares of the scores: contrast and difference over their means in the
// surroundings, the square of the one times the other.
func (f *finder) rate(changes bool) {
	n := float64(f.rule.Around * f.rule.Around)
	floor := float64(f.rule.Floor*256) * n
	for i := range f.score {
		c := float64(f.contrast[i]) * n / (float64(f.around[i]) + floor)
		square := c * c
		if changes {
			square *= float64(f.change[i]) * n / (float64(f.moved[i]) + floor)
		}
		f.score[i] = float32(square)
	}
}

// best takes the places of the highest scores, none near a better one.
func (f *finder) best() []Proposal {
	var list []Proposal
	for range f.rule.Proposals {
		at, most := -1, float32(0)
		for i, v := range f.score {
			if v > most {
				at, most = i, v
			}
		}
		if at < 0 {
			break
		}
		x, y := at%f.width, at/f.width
		list = append(list, Proposal{Box: f.extent(x, y), Score: math.Sqrt(float64(most))})
		for v := max(y-f.rule.Apart, 0); v <= min(y+f.rule.Apart, f.height-1); v++ {
			for u := max(x-f.rule.Apart, 0); u <= min(x+f.rule.Apart, f.width-1); u++ {
				f.score[v*f.width+u] = 0
			}
		}
	}
	return list
}

// extent is the box around what hangs together with a place and exceeds half its contrast.
func (f *finder) extent(x, y int) clips.Box {
	const radius = 16
	peak := f.rest[y*f.width+x]
	sign := int32(1)
	if peak < 0 {
		sign = -1
	}
	limit := sign * peak / 2
	var seen [(2*radius + 1) * (2*radius + 1)]bool
	stack := [][2]int{{x, y}}
	x0, y0, x1, y1 := x, y, x, y
	for len(stack) > 0 {
		u, v := stack[len(stack)-1][0], stack[len(stack)-1][1]
		stack = stack[:len(stack)-1]
		if u < max(x-radius, 0) || u > min(x+radius, f.width-1) || v < max(y-radius, 0) || v > min(y+radius, f.height-1) {
			continue
		}
		if k := (v-y+radius)*(2*radius+1) + u - x + radius; seen[k] || sign*f.rest[v*f.width+u] < limit {
			continue
		} else {
			seen[k] = true
		}
		x0, y0, x1, y1 = min(x0, u), min(y0, v), max(x1, u), max(y1, v)
		stack = append(stack, [2]int{u - 1, v}, [2]int{u + 1, v}, [2]int{u, v - 1}, [2]int{u, v + 1})
	}
	return clips.Box{X: x0, Y: y0, W: x1 - x0 + 1, H: y1 - y0 + 1}
}
