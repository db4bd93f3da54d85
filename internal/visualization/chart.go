package visualization

import (
	"image/color"

	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/metric"
)

const (
	chartWidth  = vg.Length(540)
	chartHeight = vg.Length(320)
	// maxMarkers is up to how many epochs each gets a mark on the line.
	maxMarkers = 40
)

// curve is one line of a chart over epochs.
type curve struct {
	name   string
	color  color.NRGBA
	dashes []vg.Length
	value  func(e *metric.Epoch) float64
}

// chart is a figure of curves over the epochs of a history.
type chart struct {
	title  string
	y      string // label of the vertical axis, with its unit
	note   string
	curves []curve
	scale  scale
	best   *metric.Epoch // is ringed on the last curve
}

// trainingAndValidation are the two curves that loss and accuracy have.
func trainingAndValidation(training, validation func(e *metric.Epoch) float64) []curve {
	return []curve{
		{name: "training", color: vermilion, dashes: []vg.Length{5, 3}, value: training},
		{name: "validation", color: blue, value: validation},
	}
}

// extremes returns the lowest and the highest value of all curves.
func extremes(history []metric.Epoch, curves []curve) (low, high float64) {
	low = curves[0].value(&history[0])
	high = low
	for i := range history {
		for _, c := range curves {
			low, high = min(low, c.value(&history[i])), max(high, c.value(&history[i]))
		}
	}
	return low, high
}

func (c *chart) paint(p page, history []metric.Epoch) {
	top := p.title(c.title)
	c.legend(p, top+textSize)
	a := newAxes(p, top+textSize+18, epochScale(history[0].Epoch, history[len(history)-1].Epoch), c.scale)
	a.labelX, a.labelY = "epoch", c.y
	a.paint(p)
	paintPhases(p, &a, history)
	for _, curve := range c.curves {
		c.add(p, &a, curve, history)
	}
	if c.best != nil {
		last := c.curves[len(c.curves)-1]
		at := c.position(&a, last, c.best)
		p.circle(at.X, at.Y, 5.5, stroke(0.75, last.color))
	}
}

// paintPhases marks where a training goes from the last layer to all of the network.
func paintPhases(p page, a *axes, history []metric.Epoch) {
	for i := range history[1:] {
		if history[i].Phase == history[i+1].Phase {
			continue
		}
		x := a.at(float64(history[i].Epoch)+0.5, a.y.low).X
		p.line(x, a.top, x, a.bottom, stroke(0.75, muted, 2, 2))
		p.words(note.aligned(1), x-5, a.top+textSize-2, metric.PhaseWords(history[i].Phase))
		p.words(note, x+5, a.top+textSize-2, metric.PhaseWords(history[i+1].Phase))
	}
}

// legend is a row under the title: a piece of each line with its name, and the
// note at the right.
func (c *chart) legend(p page, y vg.Length) {
	x := margin
	for _, curve := range c.curves {
		p.line(x, y-3.5, x+24, y-3.5, stroke(1.8, curve.color, curve.dashes...))
		p.words(body, x+30, y, curve.name)
		x += 30 + body.width(curve.name) + 18
	}
	p.words(note.aligned(1), p.width-margin, y, note.fit(c.note, p.width-margin-x))
}

// position is that of an epoch on a curve. What is below the axis is put on it.
func (c *chart) position(a *axes, curve curve, e *metric.Epoch) vg.Point {
	return a.at(float64(e.Epoch), max(curve.value(e), c.scale.low))
}

func (c *chart) add(p page, a *axes, curve curve, history []metric.Epoch) {
	var points []vg.Point
	for i := range history {
		points = append(points, c.position(a, curve, &history[i]))
	}
	if len(points) > 1 {
		p.polyline(points, stroke(1.8, curve.color, curve.dashes...))
	}
	if len(points) > maxMarkers {
		return
	}
	for _, at := range points {
		p.disc(at.X, at.Y, 2.4, curve.color)
	}
}
