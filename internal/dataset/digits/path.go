package digits

// step is the distance between neighbouring dots along a stroke in the unit
// square: less than half a pixel.
const step = one * 2 / 100

// follow appends dots at regular distances on the smooth curve through the
// points of s. The curve is the cubic spline of Catmull and Rom (1974) with
// tangents in proportion to the length of each span, so that a short span next
// to a long one makes no loop.
func (s stroke) follow(dots []dot) []dot {
	dots = append(dots, dot{point: s[0]})
	for i := 0; i+1 < len(s); i++ {
		p, q := s[i], s[i+1]
		length := distance(p, q)
		if length == 0 { // a corner
			continue
		}
		u, v := s.tangent(i, length), s.tangent(i+1, length)
		n := length/step + 1
		for k := int64(1); k <= n; k++ {
			dots = append(dots, dot{point: hermite(p, q, u, v, k*one/n)})
		}
	}
	return dots
}

// tangent is the velocity at point i on the span of the given length that ends
// or begins there.
func (s stroke) tangent(i int, length int64) point {
	before, after := s[max(i-1, 0)], s[min(i+1, len(s)-1)]
	both := distance(before, s[i]) + distance(s[i], after)
	return point{(after.x - before.x) * length / both, (after.y - before.y) * length / both}
}

// hermite is the cubic from p with velocity u to q with velocity v, at t from 0
// to one.
func hermite(p, q, u, v point, t int64) point {
	t2 := mul(t, t)
	t3 := mul(t2, t)
	ofQ := 3*t2 - 2*t3
	ofU := t3 - 2*t2 + t
	ofV := t3 - t2
	return point{
		p.x + mul(ofQ, q.x-p.x) + mul(ofU, u.x) + mul(ofV, v.x),
		p.y + mul(ofQ, q.y-p.y) + mul(ofU, u.y) + mul(ofV, v.y),
	}
}
