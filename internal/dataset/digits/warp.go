package digits

// warp bends the whole digit: the balance of its halves, a smooth elastic
// field, then proportion, slant and rotation about the middle.
func warp(strokes []stroke, h hand) {
	b := newBalance(h)
	e := newElastic(h)
	l := newLinear(h)
	for _, s := range strokes {
		for i, p := range s {
			s[i] = l.apply(e.apply(b.apply(p)))
		}
	}
}

// balance moves the middle of the digit up or down and left or right while its
// edges stay: a larger upper loop, say, makes a smaller lower one.
type balance struct{ x, y int64 }

func newBalance(h hand) balance {
	return balance{h.around(0, one*15/100), h.around(0, one*22/100)}
}

func (b balance) apply(p point) point {
	return point{
		p.x + mul(b.x, mul(p.x, one-p.x)),
		p.y + mul(b.y, mul(p.y, one-p.y)),
	}
}

// elastic is a displacement field of two slow waves in each direction.
type elastic struct{ x, y [2]ripple }

// ripple is one plane wave: amplitude * sin(2 pi (phase + kx x + ky y)).
type ripple struct{ amplitude, phase, kx, ky int64 }

func newElastic(h hand) elastic {
	var e elastic
	for i := range e.x {
		e.x[i], e.y[i] = newRipple(h), newRipple(h)
	}
	return e
}

func newRipple(h hand) ripple {
	return ripple{
		amplitude: h.around(0, one*40/1000),
		phase:     h.between(0, one),
		kx:        h.between(-one*9/10, one*9/10),
		ky:        h.between(-one*9/10, one*9/10),
	}
}

func (r ripple) at(p point) int64 {
	return mul(r.amplitude, wave(r.phase+mul(r.kx, p.x)+mul(r.ky, p.y)))
}

func (e elastic) apply(p point) point {
	return point{
		p.x + e.x[0].at(p) + e.x[1].at(p),
		p.y + e.y[0].at(p) + e.y[1].at(p),
	}
}

// linear is a matrix applied about the middle of the square.
type linear struct{ xx, xy, yx, yy int64 }

// newLinear composes proportion (width against height), slant (a shear, to the
// right more often than not) and rotation. With t the tangent of half the
// angle, cosine and sine are rational: (1-t^2)/(1+t^2) and 2t/(1+t^2).
func newLinear(h hand) linear {
	width := h.between(one*70/100, one*130/100)
	slant := h.between(-one*25/100, one*58/100)
	t := h.around(0, one*5/100)
	t2 := mul(t, t)
	cos, sin := (one-t2)*one/(one+t2), 2*t*one/(one+t2)
	return linear{
		xx: mul(width, cos), xy: -mul(slant, cos) - sin,
		yx: mul(width, sin), yy: cos - mul(slant, sin),
	}
}

func (l linear) apply(p point) point {
	x, y := p.x-one/2, p.y-one/2
	return point{one/2 + mul(l.xx, x) + mul(l.xy, y), one/2 + mul(l.yx, x) + mul(l.yy, y)}
}
