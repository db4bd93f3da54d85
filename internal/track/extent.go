package track

import "github.com/blocktrain/blocktrain/internal/clips"

// scales are how far from its middle a target is looked for, in pixels: the next one where it
// reaches the edge of the last.
var scales = [...]int{8, 16, 32, 64}

// snap is how far from the place of a score the brightest or darkest pixel may be.
const snap = 2

// extents finds how far targets reach in a frame.
type extents struct {
	levels        []int32 // sums of the luma over 3x3 pixels; [H,W]
	width, height int
	ring          []int
	stack         []int32
	mark          []uint32 // of each pixel the last search that came by
	search        uint32
}

func newExtents(width, height int) *extents {
	return &extents{levels: make([]int32, width*height), width: width, height: height, mark: make([]uint32, width*height)}
}

// level is that of a pixel, negative where the target is darker than its surroundings.
func (e *extents) level(x, y int, dark bool) int {
	v := int(e.levels[y*e.width+x])
	if dark {
		return -v
	}
	return v
}

// find is the box of the target at a place: what hangs together with it and exceeds the
// level of its surroundings, the median around it, by Edge hundredths of its peak. It is
// widened by the rule, since what is labelled as a target has space around it. Where nothing
// ends, as on a mast or the edge of a cloud, it is a small square, and not closed.
func (e *extents) find(r Rule, x, y int, dark bool) (box clips.Box, closed bool) {
	x, y = e.peak(x, y, dark)
	top := e.level(x, y, dark)
	box = clips.Box{X: x - scales[0]/2, Y: y - scales[0]/2, W: scales[0] + 1, H: scales[0] + 1}
	for _, scale := range scales {
		area := clips.Box{X: max(x-scale, 0), Y: max(y-scale, 0)}
		area.W, area.H = min(x+scale, e.width-1)-area.X+1, min(y+scale, e.height-1)-area.Y+1
		around := e.around(area, dark)
		if top <= around {
			continue
		}
		found := e.flood(area, x, y, around*100+(top-around)*r.Edge, dark)
		if !touches(found, area, e.width, e.height) {
			box, closed = found, true
			break
		}
	}
	wide, high := r.Pad+box.W*r.Grow/200, r.Pad+box.H*r.Grow/200
	x0, y0 := max(box.X-wide, 0), max(box.Y-high, 0)
	x1, y1 := min(box.X+box.W+wide, e.width), min(box.Y+box.H+high, e.height)
	return clips.Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}, closed
}

// peak is the highest place within snap pixels, the first of equals.
func (e *extents) peak(x, y int, dark bool) (px, py int) {
	px, py = x, y
	top := e.level(x, y, dark)
	for v := max(y-snap, 0); v <= min(y+snap, e.height-1); v++ {
		for u := max(x-snap, 0); u <= min(x+snap, e.width-1); u++ {
			if now := e.level(u, v, dark); now > top {
				px, py, top = u, v, now
			}
		}
	}
	return px, py
}

// around is the median of the pixels at the edge of an area.
func (e *extents) around(area clips.Box, dark bool) int {
	e.ring = e.ring[:0]
	for x := area.X; x < area.X+area.W; x++ {
		e.ring = append(e.ring, e.level(x, area.Y, dark), e.level(x, area.Y+area.H-1, dark))
	}
	for y := area.Y + 1; y < area.Y+area.H-1; y++ {
		e.ring = append(e.ring, e.level(area.X, y, dark), e.level(area.X+area.W-1, y, dark))
	}
	return nth(e.ring, len(e.ring)/2)
}

// flood is the box around the pixels of an area that hang together with a place and of which
// 100 times the level is at least the limit.
func (e *extents) flood(area clips.Box, x, y, limit int, dark bool) clips.Box {
	e.search++
	x0, y0, x1, y1 := x, y, x, y
	right, below := area.X+area.W, area.Y+area.H
	visit := func(u, v int) {
		at := v*e.width + u
		if u < area.X || u >= right || v < area.Y || v >= below || e.mark[at] == e.search {
			return
		}
		e.mark[at] = e.search
		if e.level(u, v, dark)*100 >= limit {
			e.stack = append(e.stack, int32(at))
		}
	}
	e.stack = e.stack[:0]
	visit(x, y)
	for len(e.stack) > 0 {
		at := int(e.stack[len(e.stack)-1])
		e.stack = e.stack[:len(e.stack)-1]
		u, v := at%e.width, at/e.width
		x0, y0, x1, y1 = min(x0, u), min(y0, v), max(x1, u), max(y1, v)
		visit(u+1, v)
		visit(u-1, v)
		visit(u, v+1)
		visit(u, v-1)
	}
	return clips.Box{X: x0, Y: y0, W: x1 - x0 + 1, H: y1 - y0 + 1}
}

// touches says whether a box reaches an edge of the area that is not one of the frame.
func touches(b, area clips.Box, width, height int) bool {
	return b.X == area.X && b.X > 0 || b.Y == area.Y && b.Y > 0 ||
		b.X+b.W == area.X+area.W && b.X+b.W < width || b.Y+b.H == area.Y+area.H && b.Y+b.H < height
}

// nth is the value at a place when all are in order. It moves them (Hoare's selection).
func nth(values []int, at int) int {
	low, high := 0, len(values)-1
	for low < high {
		pivot := values[(low+high)/2]
		i, j := low, high
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i++
				j--
			}
		}
		switch {
		case at <= j:
			high = j
		case at >= i:
			low = i
		default:
			return values[at]
		}
	}
	return values[at]
}
