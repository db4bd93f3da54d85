package digits

// A stroke is the path of the pen from touching the paper to leaving it: a
// smooth curve through its points. Two equal points in a row make a corner.
type stroke []point

// A pose is one exact way of writing: strokes in percent of the unit square,
// x to the right and y down.
type pose []stroke

// A form is a family of poses that flow into each other: all have the same
// strokes with the same numbers of points, and what is drawn lies between two
// of them. Its weight is its share among the forms of a digit.
type form struct {
	weight int
	poses  []pose
}

// forms are the ways of writing each digit.
var forms = [Classes][]form{
	zeroForms, oneForms, twoForms, threeForms, fourForms,
	fiveForms, sixForms, sevenForms, eightForms, nineForms,
}

// shape chooses how to write the digit and returns its strokes in the unit
// square.
func shape(digit int, h hand) []stroke {
	strokes := choose(forms[digit], h).draw(h)
	tremor := h.between(one*8/1000, one*36/1000)
	for _, s := range strokes {
		s.jitter(tremor, h)
		if len(strokes) > 1 {
			s.displace(h)
		}
	}
	return strokes
}

// choose picks a form with a probability in proportion to its weight.
func choose(family []form, h hand) *form {
	total := 0
	for i := range family {
		total += family[i].weight
	}
	ticket, i := h.IntN(total), 0
	for ; ticket >= family[i].weight; i++ {
		ticket -= family[i].weight
	}
	return &family[i]
}

// draw mixes two poses of the form, mostly closer to the first and at times a
// little beyond it.
func (f *form) draw(h hand) []stroke {
	from := f.poses[h.IntN(len(f.poses))]
	to := f.poses[h.IntN(len(f.poses))]
	u := h.between(0, one)
	t := mix(-one/10, one, mul(u, u))
	strokes := make([]stroke, len(from))
	for i, s := range from {
		strokes[i] = make(stroke, len(s))
		for j, p := range s {
			q := to[i][j]
			strokes[i][j] = point{mix(p.x*one, q.x*one, t) / 100, mix(p.y*one, q.y*one, t) / 100}
		}
	}
	return strokes
}

// jitter moves every point on its own; the two points of a corner move
// together.
func (s stroke) jitter(deviation int64, h hand) {
	var before, after point
	for i, p := range s {
		if i == 0 || p != before {
			after = point{h.around(p.x, deviation), h.around(p.y, deviation)}
		}
		before, s[i] = p, after
	}
}

// displace moves, stretches and turns one stroke against the others.
func (s stroke) displace(h hand) {
	dx, dy := h.around(0, one*2/100), h.around(0, one*2/100)
	size, turn := h.around(one, one*5/100), h.around(0, one*5/100)
	c := s.middle()
	for i, p := range s {
		x, y := mul(p.x-c.x, size), mul(p.y-c.y, size)
		s[i] = point{c.x + dx + x - mul(y, turn), c.y + dy + y + mul(x, turn)}
	}
}

// middle is the mean of the stroke's points.
func (s stroke) middle() point {
	var sum point
	for _, p := range s {
		sum.x += p.x
		sum.y += p.y
	}
	n := int64(len(s))
	return point{sum.x / n, sum.y / n}
}
