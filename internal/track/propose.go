package track

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// finder finds proposals in frames of one size. It is used by one goroutine at a time.
type finder struct {
	rule          Rule
	width, height int
	filters       *filters
	extents       *extents
	coarse, rest  []int32   // what is left of a frame under a wide filter; [H,W] as all of these
	contrast      []int32   // size of the difference of a narrow and a wide filter
	change        []int32   // the lesser of the differences in time
	around, moved []int32   // sums of the two above over the surroundings
	score         []float32 // squares
	best          []int32   // of each row the place of the highest score, the first of equals
}

func newFinder(r Rule, width, height int) *finder {
	f := &finder{rule: r, width: width, height: height, filters: newFilters(width, height), extents: newExtents(width, height)}
	for _, plane := range []*[]int32{&f.coarse, &f.rest, &f.contrast, &f.change, &f.around, &f.moved} {
		*plane = make([]int32, width*height)
	}
	f.score, f.best = make([]float32, width*height), make([]int32, height)
	return f
}

// narrow smooths the luma of a frame by three means over 3x3 pixels, whose deviation is the
// root of 2 pixels.
func (f *finder) narrow(to []int32, img imaging.Image) {
	lumaOf(f.coarse, img)
	f.filters.means(f.rest, f.coarse, 1)
	f.filters.means(f.coarse, f.rest, 1)
	f.filters.means(to, f.coarse, 1)
}

// wide are the radii of the means that the wide filter is made of: its deviation is 5 pixels
// more than that of the narrow one.
var wide = [...]int{4, 5, 5}

// find returns the proposals of a frame, best first, where now is the frame smoothed, and
// before and after are those that the difference in time looks at, or nil.
func (f *finder) find(img imaging.Image, now, before, after []int32) []Proposal {
	f.filters.means(f.rest, now, wide[0])
	f.filters.means(f.coarse, f.rest, wide[1])
	f.filters.means(f.rest, f.coarse, wide[2])
	for i, v := range now {
		d := v - f.rest[i]
		f.rest[i], f.contrast[i] = d, magnitude(d)
	}
	f.filters.sums(f.around, f.contrast, f.rule.Around/2)
	f.differences(now, before, after)
	f.filters.sums(f.moved, f.change, f.rule.Around/2)
	f.rate(before != nil || after != nil)
	lumaOf(f.extents.luma, img)
	return f.choose()
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
// surroundings, the square of the one times the other. Without a difference it is 1.
func (f *finder) rate(changes bool) {
	n := float64(f.rule.Around * f.rule.Around)
	floor := float64(f.rule.Floor*256) * n
	if !changes {
		for i := range f.change {
			f.change[i], f.moved[i] = 1<<8, 0
		}
	}
	for y := range f.height {
		most := float32(-1)
		for i := y * f.width; i < (y+1)*f.width; i++ {
			c, d := float64(f.contrast[i]), float64(f.change[i])
			around, moved := float64(f.around[i])+floor, float64(f.moved[i])+floor
			v := float32(c * c * d * (n * n * n) / (around * around * moved))
			f.score[i] = v
			if v > most {
				most, f.best[y] = v, int32(i)
			}
		}
	}
}

// choose takes the places of the highest scores, the first of equals, none near a better one
// and none that is part of the same target.
func (f *finder) choose() []Proposal {
	list := make([]Proposal, 0, f.rule.Proposals)
	for range 2 * f.rule.Proposals {
		at, most := int32(-1), float32(0)
		for _, i := range f.best {
			if v := f.score[i]; v > most {
				at, most = i, v
			}
		}
		if at < 0 || len(list) == f.rule.Proposals {
			break
		}
		x, y := int(at)%f.width, int(at)/f.width
		p := Proposal{Box: f.extents.find(f.rule, x, y, f.rest[at] < 0), Score: math.Sqrt(float64(most))}
		if !f.known(list, p.Box) {
			list = append(list, p)
		}
		f.suppress(x, y)
	}
	return list
}

// known says whether a box is that of a proposal: over half of the pixels of both together
// are in both.
func (f *finder) known(list []Proposal, b clips.Box) bool {
	for _, p := range list {
		if o := p.Box; o.Overlaps(b) {
			w := min(o.X+o.W, b.X+b.W) - max(o.X, b.X)
			h := min(o.Y+o.H, b.Y+b.H) - max(o.Y, b.Y)
			if 3*w*h > o.W*o.H+b.W*b.H {
				return true
			}
		}
	}
	return false
}

// suppress takes away the scores near a place.
func (f *finder) suppress(x, y int) {
	for v := max(y-f.rule.Apart, 0); v <= min(y+f.rule.Apart, f.height-1); v++ {
		row := f.score[v*f.width : (v+1)*f.width]
		clear(row[max(x-f.rule.Apart, 0):min(x+f.rule.Apart+1, f.width)])
		best := 0
		for u, score := range row {
			if score > row[best] {
				best = u
			}
		}
		f.best[v] = int32(v*f.width + best)
	}
}
