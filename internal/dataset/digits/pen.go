package digits

// pen is how a digit is inked. Lengths are in pixels.
type pen struct {
	radius   int64 // half the line's width
	softness int64 // width of the edge between ink and paper
	drift    int64 // growth of the width along a stroke, as a share of it
	tremble  int64 // slow change of the width along a stroke, as a share of it
	rate     int64 // turns of that change per side of the unit square
	phase    int64 // turn at which that change begins
	nib      int64 // widening of lines down the page against lines across it
	lift     int64 // thinning where the pen lands and leaves
	ink      int64 // grey level of full ink; more than 255 saturates
	grain    int64 // greatest deviation of the noise in grey levels
}

func newPen(h hand) *pen {
	return &pen{
		radius:   h.between(one*55/100, one*175/100),
		softness: h.between(one*80/100, one*150/100),
		drift:    h.around(0, one*8/100),
		tremble:  h.around(0, one*8/100),
		rate:     h.between(one/2, 2*one),
		phase:    h.between(0, one),
		nib:      h.around(0, one*8/100),
		lift:     h.between(0, one*35/100),
		ink:      h.between(240, 400),
		grain:    h.between(0, 24),
	}
}

// dot is one touch of the pen: where, and its width as a share of the pen's.
type dot struct {
	point
	width int64
}

// The widths of dots.
const (
	narrowest = one * 4 / 10
	widest    = one * 16 / 10
)

// trace follows the strokes and returns the dots that ink them.
func (p *pen) trace(strokes []stroke) []dot {
	dots := make([]dot, 0, 256)
	for _, s := range strokes {
		begin := len(dots)
		dots = s.follow(dots)
		p.press(dots[begin:])
	}
	return dots
}

// press sets the widths of the dots of one stroke.
func (p *pen) press(dots []dot) {
	const landing = 4 // dots
	last := int64(len(dots) - 1)
	for i := range dots {
		k := int64(i)
		width := one + p.drift*(2*k-last)/max(last, 1)
		width += mul(p.tremble, wave(p.phase+mul(p.rate, k*step)))
		width += mul(p.nib, steepness(dots, i))
		if toEnd := min(k, last-k); toEnd < landing {
			width -= p.lift * (landing - toEnd) / landing
		}
		dots[i].width = min(max(width, narrowest), widest)
	}
}

// steepness is one where the stroke runs straight up or down the page and -one
// where it runs across.
func steepness(dots []dot, i int) int64 {
	before, after := dots[max(i-1, 0)], dots[min(i+1, len(dots)-1)]
	dx, dy := abs(after.x-before.x), abs(after.y-before.y)
	if dx+dy == 0 {
		return 0
	}
	return (dy - dx) * one / (dx + dy)
}
