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

// narrow writes the means over 3x3 pixels of the means over 3x3 pixels: a filter whose
// deviation is 1.2 pixels. Both are one, of weights 1, 2, 3, 2, 1 along each axis, rounded
// once. to and from may not be the same.
func (f *filters) narrow(to, from []int32) {
	w, h := f.width, f.height
	column := f.column[:w+4]
	row := func(y int) []int32 { y = min(max(y, 0), h-1); return from[y*w : y*w+w] }
	for y := range h {
		a, b, c, d, e := row(y-2), row(y-1), row(y), row(y+1), row(y+2)
		middle := column[2 : 2+w]
		a, b, c, d, e = a[:len(middle)], b[:len(middle)], c[:len(middle)], d[:len(middle)], e[:len(middle)]
		for x := range middle {
			middle[x] = a[x] + e[x] + 2*(b[x]+d[x]) + 3*c[x]
		}
		column[0], column[1] = middle[0], middle[0]
		column[w+2], column[w+3] = middle[w-1], middle[w-1]
		line := to[y*w : y*w+w]
		p, q, r, s, t := column[:len(line)], column[1:][:len(line)], column[2:][:len(line)], column[3:][:len(line)], column[4:][:len(line)]
		for x := range line {
			sum := p[x] + t[x] + 2*(q[x]+s[x]) + 3*r[x]
			line[x] = int32((uint64(sum)*part81 + 1<<31) >> 32)
		}
	}
}

// part81 is 2^32/81, rounded.
const part81 = 53024287

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
			in, out := row(y + radius)[:len(middle)], row(y - radius - 1)[:len(middle)]
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
		line := to[y*w : y*w+w]
		in, out := column[2*radius+1:][:len(line)], column[:len(line)]
		for x := range line {
			sum += in[x] - out[x]
			line[x] = sum
		}
	}
}
