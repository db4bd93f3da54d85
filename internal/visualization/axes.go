package visualization

import "gonum.org/v1/plot/vg"

// axes are those of a diagram that takes the width of its page.
type axes struct {
	x, y                     scale
	left, right, top, bottom vg.Length
	labelX, labelY           string
}

// newAxes leaves room for the labels, and for what is above top.
func newAxes(p page, top vg.Length, x, y scale) axes {
	widest := vg.Length(0)
	for _, t := range y.ticks {
		widest = max(widest, body.width(t.Label))
	}
	return axes{x: x, y: y, left: margin + textSize + 10 + widest, right: p.width - margin - 8, top: top, bottom: p.height - margin - 2*textSize - 12}
}

// at is the position of a value.
func (a *axes) at(x, y float64) vg.Point {
	return vg.Point{
		X: a.left + vg.Length(a.x.share(x))*(a.right-a.left),
		Y: a.bottom - vg.Length(a.y.share(y))*(a.bottom-a.top),
	}
}

// paint draws grid and labels.
func (a *axes) paint(p page) {
	for _, t := range a.x.ticks {
		x := a.at(t.Value, a.y.low).X
		p.line(x, a.top, x, a.bottom, stroke(0.5, hairline))
		p.words(body.aligned(0.5), x, a.bottom+textSize+4, t.Label)
	}
	for _, t := range a.y.ticks {
		y := a.at(a.x.low, t.Value).Y
		p.line(a.left, y, a.right, y, stroke(0.75, hairline))
		p.words(body.aligned(1), a.left-6, y+3.6, t.Label)
	}
	p.line(a.left, a.bottom, a.right, a.bottom, stroke(0.5, muted))
	p.wordsUp(body.aligned(0.5), margin+textSize-2, (a.top+a.bottom)/2, a.labelY)
	p.words(body.aligned(0.5), (a.left+a.right)/2, p.height-margin, a.labelX)
}
