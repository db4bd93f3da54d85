package digits

// box is the longer side of a digit's ink in pixels.
const box = 20 * one

// fit brings the trace from the unit square to pixels: the longer side of the
// ink measures about 20 pixels, its centre of mass lies about in the middle of
// the image, and no ink is cut off. It returns half the width of the line, which
// is the pen's unless that would blot the digit.
func fit(dots []dot, p *pen, h hand) (radius int64) {
	low, high := bounds(dots)
	width, height := high.x-low.x, high.y-low.y
	extent := max(width, height, one/8)
	side := mul(box, h.around(one, one*3/100))
	radius = min(p.radius, legible(len(dots), width, height, side*one/extent))
	scale := (side - 2*radius) * one / extent
	margin := mul(radius, widest) + p.softness
	centre := centroid(dots)
	x := place(centre.x-low.x, high.x-centre.x, scale, margin, h)
	y := place(centre.y-low.y, high.y-centre.y, scale, margin, h)
	for i := range dots {
		d := &dots[i]
		d.x = x + mul(d.x-centre.x, scale)
		d.y = y + mul(d.y-centre.y, scale)
	}
	return radius
}

// place returns where in the image the centre of mass goes on one axis, given
// how far the trace reaches before and after it.
func place(before, after, scale, margin int64, h hand) int64 {
	const middle = one * Size / 2
	least := margin + mul(before, scale)
	most := one*Size - margin - mul(after, scale)
	return min(max(h.around(middle, one*6/10), least), most)
}

// legible is the greatest radius with which a stroke of so many dots leaves
// enough paper in a box of the given size: nobody writes narrow loops with a
// broad pen. A slender box, that of a 1, needs no paper.
func legible(dots int, width, height, scale int64) int64 {
	const (
		slender = one * 45 / 100 // ratio of the sides
		inked   = one * 60 / 100 // share of the box
	)
	area := mul(max(width, mul(height, slender)), max(height, mul(width, slender)))
	length := int64(dots) * step
	return max(mul(mul(area, inked)*one/length, scale)/2, one/2)
}

// bounds returns the corners of the box around the dots.
func bounds(dots []dot) (low, high point) {
	low, high = dots[0].point, dots[0].point
	for _, d := range dots {
		low = point{min(low.x, d.x), min(low.y, d.y)}
		high = point{max(high.x, d.x), max(high.y, d.y)}
	}
	return low, high
}

// centroid is the centre of mass; a dot weighs as much as it is wide.
func centroid(dots []dot) point {
	var sum point
	var weight int64
	for _, d := range dots {
		sum.x += d.x * d.width
		sum.y += d.y * d.width
		weight += d.width
	}
	return point{sum.x / weight, sum.y / weight}
}
