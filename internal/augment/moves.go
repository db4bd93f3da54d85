package augment

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Moves collects where transforms put the places of an image. A nil *Moves collects
// nothing, and costs nothing.
type Moves struct{ list []imaging.Motion }

// motion is that of all transforms together, nil where nothing moved.
func (m *Moves) motion() imaging.Motion { return imaging.Compose(m.list...) }

// shift notes that the image moves by whole pixels.
func (m *Moves) shift(dx, dy int) {
	if m != nil {
		m.list = append(m.list, shifted{dx * imaging.PointsPerPixel, dy * imaging.PointsPerPixel})
	}
}

// mirror notes that left and right of src are swapped, or top and bottom.
func (m *Moves) mirror(src imaging.Image, vertical bool) {
	switch {
	case m == nil:
	case vertical:
		m.list = append(m.list, mirrored{bottom: src.Height * imaging.PointsPerPixel})
	default:
		m.list = append(m.list, mirrored{right: src.Width * imaging.PointsPerPixel})
	}
}

// warp notes that src is seen through a matrix, about its middle.
func (m *Moves) warp(src imaging.Image, through matrix) { m.warpAbout(src, through, middle) }

// warpAbout notes that src is seen through a matrix.
func (m *Moves) warpAbout(src imaging.Image, through matrix, about place) {
	if m != nil {
		var centre imaging.Point
		if about == middle {
			centre = imaging.Point{X: src.Width * imaging.PointsPerPixel / 2, Y: src.Height * imaging.PointsPerPixel / 2}
		}
		m.list = append(m.list, warped{through, centre})
	}
}

// displace notes that each pixel shows what was dx, dy further on, in 1/256 pixel.
func (m *Moves) displace(src imaging.Image, dx, dy []int) {
	if m != nil {
		m.list = append(m.list, &displaced{src.Width, src.Height, slices.Clone(dx), slices.Clone(dy)})
	}
}

// shifted is the motion of an image that moves as a whole, in 1/256 pixel.
type shifted struct{ x, y int }

// Move implements imaging.Motion.
func (m shifted) Move(p imaging.Point) imaging.Point {
	return imaging.Point{X: p.X + m.x, Y: p.Y + m.y}
}

// mirrored is the motion of an image that is mirrored: the one of its edges that is
// not 0 becomes 0.
type mirrored struct{ right, bottom int }

// Move implements imaging.Motion.
func (m mirrored) Move(p imaging.Point) imaging.Point {
	if m.bottom > 0 {
		return imaging.Point{X: p.X, Y: m.bottom - p.Y}
	}
	return imaging.Point{X: m.right - p.X, Y: p.Y}
}

// warped is the motion of an image that is seen through a matrix, which takes places
// of the new image to those of the old one; places move by its inverse,
//
//	 one * one   ( yy -xy)
//	----------- *(       )    with all elements in 1/one,
//	xx*yy-xy*yx  (-yx  xx)
//
// rounded once.
type warped struct {
	matrix
	centre imaging.Point
}

// farOut bounds places far outside of an image, so that products keep within 63 bits.
const farOut = 1 << 24

// Move implements imaging.Motion.
func (m warped) Move(p imaging.Point) imaging.Point {
	x := min(max(p.X-m.centre.X, -farOut), farOut)
	y := min(max(p.Y-m.centre.Y, -farOut), farOut)
	determinant := m.xx*m.yy - m.xy*m.yx
	return imaging.Point{
		X: m.centre.X + imaging.RoundedQuotient((m.yy*x-m.xy*y)*one, determinant),
		Y: m.centre.Y + imaging.RoundedQuotient((m.xx*y-m.yx*x)*one, determinant),
	}
}

// displaced is the motion of an image each pixel of which shows what was dx, dy
// [height,width] further on, in 1/256 pixel. Between the middles of pixels the field
// is interpolated, beyond the outermost ones it goes on as it is there.
type displaced struct {
	width, height int
	dx, dy        []int
}

// displacedRounds is how often a place is corrected.
const displacedRounds = 20

// Move implements imaging.Motion. It looks for the place q whose displacement d leads
// back to p, q + d(q) = p, by q = p - d(q), again and again. Where neighbouring pixels
// are displaced by at most half a pixel more or less than each other, every round halves
// what is missing, and what remains is the rounding of d: at most 4/256 pixel. Where
// the image folds, several places show p, or none: of those that were tried the one
// that comes nearest is taken.
func (m *displaced) Move(p imaging.Point) imaging.Point {
	q, best, least := p, p, -1
	for range displacedRounds {
		x, y := m.at(q)
		offX, offY := p.X-q.X-x, p.Y-q.Y-y
		if off := max(offX, -offX) + max(offY, -offY); least < 0 || off < least {
			best, least = q, off
		}
		if least == 0 {
			break
		}
		q = imaging.Point{X: q.X + offX, Y: q.Y + offY}
	}
	return best
}

// at is the displacement at q, in 1/256 pixel.
func (m *displaced) at(q imaging.Point) (dx, dy int) {
	const half = imaging.PointsPerPixel / 2
	x := min(max(q.X-half, 0), (m.width-1)*imaging.PointsPerPixel)
	y := min(max(q.Y-half, 0), (m.height-1)*imaging.PointsPerPixel)
	left, top, fx, fy := x>>8, y>>8, x&255, y&255
	right, bottom := min(left+1, m.width-1), min(top+1, m.height-1)
	between := func(field []int) int {
		above := field[top*m.width+left]*(256-fx) + field[top*m.width+right]*fx
		below := field[bottom*m.width+left]*(256-fx) + field[bottom*m.width+right]*fx
		return (above*(256-fy) + below*fy + 1<<15) >> 16
	}
	return between(m.dx), between(m.dy)
}
