package imaging

// Point is a place in an image, in 1/256 pixel from its top left corner: the pixel
// in column x and row y covers the places from (256*x, 256*y) to (256*x+256,
// 256*y+256).
type Point struct{ X, Y int }

// PointsPerPixel is the unit of a Point's coordinates.
const PointsPerPixel = 256

// Motion says where the places of an image go when it is resized, mirrored, turned
// or warped. It is computed with integers.
type Motion interface {
	// Move returns where the image that comes out shows what the image that went in
	// had at p. The place may lie outside.
	Move(p Point) Point
}

// Compose returns the motion that makes all of the given ones, in that order; nil
// stands for none, given or returned.
func Compose(motions ...Motion) Motion {
	var all composed
	for _, m := range motions {
		switch m := m.(type) {
		case nil:
		case composed:
			all = append(all, m...)
		default:
			all = append(all, m)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

// composed is a list of motions, the first of which moves first.
type composed []Motion

// Move implements Motion.
func (c composed) Move(p Point) Point {
	for _, m := range c {
		p = m.Move(p)
	}
	return p
}

// resized is the motion of a [Rule].
type resized struct{ x, y axis }

// axis is what a rule does along one direction, in pixels: it cuts off as many,
// brings from pixels to to, and puts as many before them.
type axis struct{ cut, from, to, pad int }

// Move implements Motion.
func (r resized) Move(p Point) Point { return Point{r.x.move(p.X), r.y.move(p.Y)} }

func (a axis) move(at int) int {
	return RoundedQuotient((at-a.cut*PointsPerPixel)*a.to, a.from) + a.pad*PointsPerPixel
}

// RoundedQuotient is n/d to nearest, halves up; d is positive.
func RoundedQuotient(n, d int) int {
	n, d = 2*n+d, 2*d
	q := n / d
	if n%d < 0 {
		q--
	}
	return q
}

// Box is a rectangle in an image, in 1/256 pixel as a [Point] is: its top left corner
// and its size.
type Box struct{ X, Y, W, H int }

// Moved returns the smallest upright box around the corners of b where m puts them,
// cut to an image of the given size in pixels; false where nothing of it is inside.
func (b Box) Moved(m Motion, width, height int) (Box, bool) {
	corners := []Point{{b.X, b.Y}, {b.X + b.W, b.Y}, {b.X, b.Y + b.H}, {b.X + b.W, b.Y + b.H}}
	for i, p := range corners {
		corners[i] = m.Move(p)
	}
	low, high := corners[0], corners[0]
	for _, p := range corners[1:] {
		low = Point{min(low.X, p.X), min(low.Y, p.Y)}
		high = Point{max(high.X, p.X), max(high.Y, p.Y)}
	}
	low = Point{max(low.X, 0), max(low.Y, 0)}
	high = Point{min(high.X, width*PointsPerPixel), min(high.Y, height*PointsPerPixel)}
	moved := Box{low.X, low.Y, high.X - low.X, high.Y - low.Y}
	return moved, moved.W > 0 && moved.H > 0
}
