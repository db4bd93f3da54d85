package visualization

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

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
	color  color.Color
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
	log    bool
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
	pl := c.axes(history)
	pl.Add(gridLines())
	for _, curve := range c.curves {
		c.add(pl, curve, history)
	}
	if c.best != nil {
		pl.Add(ring(c.curves[len(c.curves)-1], c.best))
	}
	// The range is set last, because adding a plotter widens it.
	c.limits(pl, history)
	// gonum leaves too much room for the label of a logarithmic axis.
	p.textUp(body.aligned(0.5), margin+textSize-2, (top+p.height)/2, c.y)
	pl.Draw(p.inset(margin+textSize+4, margin+8, margin, top+textSize+12))
}

// legend is a row under the title: a piece of each line with its name, and the
// note at the right.
func (c *chart) legend(p page, y vg.Length) {
	x := margin
	for _, curve := range c.curves {
		p.line(x, y-3.5, x+24, y-3.5, stroke(1.8, curve.color, curve.dashes...))
		p.text(body, x+30, y, curve.name)
		x += 30 + body.width(curve.name) + 18
	}
	p.text(note.aligned(1), p.width-margin, y, note.fit(c.note, p.width-margin-x))
}

func (c *chart) axes(history []metric.Epoch) *plot.Plot {
	pl := plot.New()
	pl.BackgroundColor = nil
	pl.X.Label.Text = "epoch"
	pl.X.Tick.Marker = epochScale(history[0].Epoch, history[len(history)-1].Epoch)
	pl.Y.Tick.Marker = c.scale
	if c.log {
		pl.Y.Scale = plot.LogScale{}
	}
	for _, axis := range []*plot.Axis{&pl.X, &pl.Y} {
		axis.Color, axis.Tick.LineStyle.Color = muted, muted
		axis.Tick.Length = 4
		axis.Padding = 0
		axis.Label.Padding = 4
		setFont(&axis.Label.TextStyle, body)
		setFont(&axis.Tick.Label, note.colored(ink))
	}
	return pl
}

func (c *chart) limits(pl *plot.Plot, history []metric.Epoch) {
	x := epochScale(history[0].Epoch, history[len(history)-1].Epoch)
	pl.X.Min, pl.X.Max = x.low, x.high
	pl.Y.Min, pl.Y.Max = c.scale.low, c.scale.high
}

func setFont(t *text.Style, s style) { t.Font, t.Color = s.font(), s.color }

func gridLines() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical = draw.LineStyle{Color: hairline, Width: 0.5}
	g.Horizontal = draw.LineStyle{Color: hairline, Width: 0.75}
	return g
}

func (c *chart) add(pl *plot.Plot, curve curve, history []metric.Epoch) {
	points := make(plotter.XYs, len(history))
	for i := range history {
		points[i] = plotter.XY{X: float64(history[i].Epoch), Y: max(curve.value(&history[i]), c.scale.low)}
	}
	if len(points) > 1 {
		pl.Add(&plotter.Line{XYs: points, LineStyle: draw.LineStyle{Color: curve.color, Width: 1.8, Dashes: curve.dashes}})
	}
	if len(points) <= maxMarkers {
		pl.Add(dots(points, draw.GlyphStyle{Color: curve.color, Radius: 2.4, Shape: draw.CircleGlyph{}}))
	}
}

func dots(points plotter.XYs, style draw.GlyphStyle) *plotter.Scatter {
	return &plotter.Scatter{XYs: points, GlyphStyle: style}
}

func ring(c curve, e *metric.Epoch) *plotter.Scatter {
	point := plotter.XYs{{X: float64(e.Epoch), Y: c.value(e)}}
	return dots(point, draw.GlyphStyle{Color: c.color, Radius: 5.5, Shape: draw.RingGlyph{}})
}
