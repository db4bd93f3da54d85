package track

import (
	"cmp"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// finder finds proposals in frames of one size. It is used by one goroutine at a time.
type finder struct {
	rule          Rule
	width, height int
	filters       *filters
	extents       *extents
	rest          []int32   // what is left of a frame without the wide filter; [H,W] as all of these
	contrast      []int32   // size of the difference of a narrow and a wide filter
	change        []int32   // the lesser of the differences in time
	around, moved []int32   // sums of the two above over the surroundings
	score         []float32 // squares
	places        []Proposal
	best          []int32 // of each row the place of the highest score, the first of equals
}

func newFinder(r Rule, width, height int) *finder {
	f := &finder{rule: r, width: width, height: height, filters: newFilters(width, height), extents: newExtents(width, height)}
	for _, plane := range []*[]int32{&f.rest, &f.contrast, &f.change, &f.around, &f.moved} {
		*plane = make([]int32, width*height)
	}
	f.score, f.best = make([]float32, width*height), make([]int32, height)
	return f
}

// narrow smooths the luma of a frame.
func (f *finder) narrow(to []int32, img imaging.Image) {
	lumaOf(f.rest, img)
	f.filters.narrow(to, f.rest)
}

// looked is how many places are looked at for each proposal.
const looked = 3

// wide is the radius of the wide filter, a mean over a square of 11x11 pixels.
const wide = 5

// find returns the proposals of a frame, best first, where now is the frame smoothed, and
// before and after are those that the difference in time looks at.
func (f *finder) find(img imaging.Image, now []int32, before, after past) []Proposal {
	f.filters.sums(f.rest, now, wide)
	f.subtract(now)
	f.filters.sums(f.around, f.contrast, f.rule.Around/2)
	f.differences(now, before, after)
	f.filters.sums(f.moved, f.change, f.rule.Around/2)
	f.rate(before.smooth != nil || after.smooth != nil)
	lumaOf(f.around, img)
	f.filters.sums(f.extents.levels, f.around, 1)
	return f.choose()
}

// subtract takes the wide filter, whose sums are in rest, from the narrow one.
func (f *finder) subtract(now []int32) {
	const n = (2*wide + 1) * (2*wide + 1)
	const part = (1<<32 + n/2) / n
	rest, contrast := f.rest[:len(now)], f.contrast[:len(now)]
	for i, v := range now {
		d := v - int32((uint64(rest[i])*part+1<<31)>>32)
		rest[i], contrast[i] = d, magnitude(d)
	}
}

func magnitude(v int32) int32 { return max(v, -v) }

// A past is a frame at another time, which the difference in time looks at. Its smooth is nil
// where there is none.
type past struct {
	smooth []int32
	by     shift // where the pixels of the present frame are in it
}

// unknown is the difference to what lies outside of the other frame.
const unknown = 1 << 30

// differences writes the lesser of the differences to the frames before and after, where the
// camera's own motion is taken out. It is 0 where neither shows the place.
func (f *finder) differences(now []int32, before, after past) {
	for y := range f.height {
		row := f.change[y*f.width : (y+1)*f.width]
		for x := range row {
			row[x] = unknown
		}
		f.lessen(row, now, before, y)
		f.lessen(row, now, after, y)
		for x, v := range row {
			if v == unknown {
				row[x] = 0
			}
		}
	}
}

// lessen lowers the differences of a row to those to a past.
func (f *finder) lessen(row, now []int32, p past, y int) {
	if other := y + p.by.y; p.smooth != nil && other >= 0 && other < f.height {
		first, last := max(0, -p.by.x), min(f.width, f.width-p.by.x)
		row = row[first:last]
		there := p.smooth[other*f.width+first+p.by.x:][:len(row)]
		here := now[y*f.width+first:][:len(row)]
		for x, v := range here {
			row[x] = min(row[x], magnitude(v-there[x]))
		}
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
		f.best[y] = f.rateRow(y, n*n*n, floor)
	}
}

// rateRow rates the places of a row, and returns the best, the first of equals.
func (f *finder) rateRow(y int, n, floor float64) int32 {
	first, last := y*f.width, (y+1)*f.width
	score := f.score[first:last]
	contrast, change := f.contrast[first:last][:len(score)], f.change[first:last][:len(score)]
	arounds, moves := f.around[first:last][:len(score)], f.moved[first:last][:len(score)]
	best, most := first, float32(-1)
	for x := range score {
		c, d := float64(contrast[x]), float64(change[x])
		around, moved := float64(arounds[x])+floor, float64(moves[x])+floor
		v := float32(c * c * d * n / (around * around * moved))
		score[x] = v
		if v > most {
			most, best = v, first+x
		}
	}
	return int32(best)
}

// choose takes the places of the highest scores, the first of equals, and none near a better
// one. What does not end has a lower score. Of several that are part of one target the best
// is kept.
func (f *finder) choose() []Proposal {
	f.places = f.places[:0]
	for range looked * f.rule.Proposals {
		at, most := int32(-1), float32(0)
		for _, i := range f.best {
			if v := f.score[i]; v > most {
				at, most = i, v
			}
		}
		if at < 0 {
			break
		}
		x, y := int(at)%f.width, int(at)/f.width
		box, closed := f.extents.find(f.rule, x, y, f.rest[at] < 0)
		p := Proposal{Box: box, Score: math.Sqrt(float64(most))}
		if !closed {
			p.Score = float64(p.Score * f.rule.Open)
		}
		f.places = append(f.places, p)
		f.suppress(x, y)
	}
	slices.SortStableFunc(f.places, func(a, b Proposal) int { return cmp.Compare(b.Score, a.Score) })
	list := make([]Proposal, 0, f.rule.Proposals)
	for _, p := range f.places {
		if len(list) < f.rule.Proposals && !known(list, p.Box) {
			list = append(list, p)
		}
	}
	return list
}

// known says whether a box is that of a proposal: over half of the pixels of both together
// are in both.
func known(list []Proposal, b clips.Box) bool {
	for _, p := range list {
		if o := p.Box; 3*o.Common(b) > o.W*o.H+b.W*b.H {
			return true
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
