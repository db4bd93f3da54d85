package track

import "github.com/blocktrain/blocktrain/internal/imaging"

// lumaAt is the luma of pixel i, of 0 to 65535: 256 times that of 8 bits, and that of 16
// bits as it is. Colours weigh as in imaging.Luma.
func lumaAt(m imaging.Image, i int) int {
	if m.Channels == 1 {
		if m.Wide != nil {
			return int(m.Wide[i])
		}
		return int(m.Pix[i]) << 8
	}
	i *= 3
	if m.Wide != nil {
		return int((19595*uint64(m.Wide[i]) + 38470*uint64(m.Wide[i+1]) + 7471*uint64(m.Wide[i+2]) + 1<<15) >> 16)
	}
	return int(imaging.Luma(m.Pix[i], m.Pix[i+1], m.Pix[i+2])) << 8
}

// lumaOf writes the luma of a frame, [H,W].
func lumaOf(to []int32, m imaging.Image) {
	switch {
	case m.Channels != 1:
		for i := range to {
			to[i] = int32(lumaAt(m, i))
		}
	case m.Wide != nil:
		for i, v := range m.Wide {
			to[i] = int32(v)
		}
	default:
		for i, v := range m.Pix {
			to[i] = int32(v) << 8
		}
	}
}

// filters smooth planes of one size. They are used by one goroutine at a time.
type filters struct {
	width, height int
	column        []int32 // sums down the columns, with the outermost repeated at both ends
}

// maxRadius bounds the squares of sums, so that they fit 32 bits.
const maxRadius = 90

func newFilters(width, height int) *filters {
	return &filters{width, height, make([]int32, width+2*maxRadius+1)}
}

// sums writes the sums over squares of 2*radius+1 pixels; beyond its edges the outermost
// pixels of a plane are repeated. to and from may not be the same.
func (f *filters) sums(to, from []int32, radius int) {
	w, h := f.width, f.height
	column := f.column[:w+2*radius+1]
	middle := column[radius+1 : radius+1+w]
	row := func(y int) []int32 { y = min(max(y, 0), h-1); return from[y*w : y*w+w] }
	clear(middle)
	for y := -radius; y <= radius; y++ {
		for x, v := range row(y) {
			middle[x] += v
		}
	}
	for y := range h {
		if y > 0 {
			in, out := row(y+radius), row(y-radius-1)
			for x := range middle {
				middle[x] += in[x] - out[x]
			}
		}
		for x := range radius + 1 {
			column[x] = middle[0]
		}
		for x := range radius {
			column[radius+1+w+x] = middle[w-1]
		}
		sum := int32(0)
		for _, v := range column[:2*radius+1] {
			sum += v
		}
		line, in := to[y*w:y*w+w], column[2*radius+1:]
		for x, out := range column[:w] {
			sum += in[x] - out
			line[x] = sum
		}
	}
}

// means writes the means over squares, rounded.
func (f *filters) means(to, from []int32, radius int) {
	f.sums(to, from, radius)
	n := int64(2*radius+1) * int64(2*radius+1)
	scale := (int64(1)<<32 + n/2) / n
	for i, v := range to {
		to[i] = int32((int64(v)*scale + 1<<31) >> 32)
	}
}
