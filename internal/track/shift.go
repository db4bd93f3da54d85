package track

// profiles are how much neighbouring pixels differ: of each column to the one on its left,
// and of each row to the one below. A camera that moves shifts them.
type profiles struct{ columns, rows []int32 }

// profilesOf adds up the differences of neighbours in a smoothed frame, in sixteenths of the
// levels of 8 bits.
func profilesOf(smooth []int32, width, height int) profiles {
	p := profiles{make([]int32, width), make([]int32, height)}
	for y := range height {
		row := smooth[y*width : (y+1)*width]
		below := smooth[min(y+1, height-1)*width:][:len(row)]
		columns := p.columns[:len(row)]
		sum, last := int32(0), row[0]
		for x, v := range row {
			columns[x] += magnitude(v-last) >> 4
			sum += magnitude(below[x]-v) >> 4
			last = v
		}
		p.rows[y] = sum
	}
	return p
}

// A shift is where the pixel at a place of one frame is in another, in pixels from there.
type shift struct{ x, y int }

// mostShift bounds shifts along each axis, in pixels, besides a quarter of the side.
const mostShift = 32

// shiftTo is the shift from a frame to another, along each axis found by itself.
func (p profiles) shiftTo(o profiles) shift {
	return shift{shiftOf(p.columns, o.columns), shiftOf(p.rows, o.rows)}
}

// shiftOf is by how many places a moves to lie best on b: the mean of the absolute differences
// where both lie is the least, the smaller shift of equals. Differences count up to their
// median without a shift, and the mean must be halved by one, so that most of the frame has to
// move: a target before an empty sky moves no camera.
func shiftOf(a, b []int32) int {
	most := min(mostShift, len(a)/4)
	list := make([]int, len(a))
	for i, v := range a {
		list[i] = int(magnitude(v - b[i]))
	}
	limit := int32(nth(list, len(list)/2))
	still := apart(a, b, 0, limit)
	best, least := 0, still
	for d := 1; d <= most; d++ {
		for _, by := range [...]int{d, -d} {
			if now := apart(a, b, by, limit); now < least {
				best, least = by, now
			}
		}
	}
	if 2*least > still {
		return 0
	}
	return best
}

// apart is the mean difference of a[i] and b[i+by], each up to a limit, in 1/256.
func apart(a, b []int32, by int, limit int32) int64 {
	first, last := max(0, -by), min(len(a), len(a)-by)
	sum := int64(0)
	for i := first; i < last; i++ {
		sum += int64(min(magnitude(a[i]-b[i+by]), limit))
	}
	return sum << 8 / int64(max(last-first, 1))
}
