package visualization

import (
	"cmp"
	"fmt"

	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// Figures of data that is no run's: they are no modules, and whoever draws one gives all that
// it shows. What they have in common are name, title and words.

// Labels say what a figure is: its file's name without ending, its title, and in words what it
// shows.
type Labels struct{ Name, Title, Alt string }

// Bar is a row of a bar chart.
type Bar struct {
	Name  string
	Count int
}

// DrawBars draws a horizontal bar for each count, with the number behind it.
func DrawBars(l Labels, bars []Bar) (Figure, error) {
	if len(bars) == 0 {
		return Figure{}, ErrNothingToDraw
	}
	b := newBarChart(bars)
	return render(l.Name, l.Title, l.Alt, rankingWidth, b.height(), func(p page) { b.paint(p, l.Title) })
}

type barChart struct {
	bars        []Bar
	row         vg.Length
	label       style
	left, right vg.Length
	most        int
}

func newBarChart(bars []Bar) *barChart {
	c := &barChart{bars: bars, row: 20, label: body, most: 1}
	if len(bars) > maxInOrder {
		c.row, c.label = 11, body.sized(8.5)
	}
	name, number := vg.Length(0), vg.Length(0)
	for _, b := range bars {
		name = max(name, c.label.width(c.label.shortened(b.Name, maxLabelWidth)))
		number = max(number, c.label.width(metric.Count(b.Count)))
		c.most = max(c.most, b.Count)
	}
	c.left, c.right = margin+name+10, rankingWidth-margin-number-8
	return c
}

const barsTop = margin + titleSize + 12

func (c *barChart) height() vg.Length { return barsTop + vg.Length(len(c.bars))*c.row + margin }

func (c *barChart) paint(p page, title string) {
	p.title(title)
	for i, b := range c.bars {
		y := barsTop + (vg.Length(i)+0.5)*c.row
		baseline := y + c.label.size*0.36
		width := (c.right - c.left) * vg.Length(b.Count) / vg.Length(c.most)
		p.name(c.label.aligned(1), c.left-8, baseline, false, b.Name, maxLabelWidth)
		p.rect(c.left, y-c.row*0.36, max(width, 0.5), c.row*0.72, blue)
		p.words(c.label, c.left+width+6, baseline, metric.Count(b.Count))
	}
}

// Histogram is a count for each of consecutive ranges of equal width.
type Histogram struct {
	Labels
	Axis      string // what is counted, with its unit: "mean level (grey levels)"
	Of        string // what has it; empty: images
	Low, High float64
	Counts    []int
}

// DrawHistogram draws a histogram.
func DrawHistogram(h Histogram) (Figure, error) {
	most := 0
	for _, n := range h.Counts {
		most = max(most, n)
	}
	if most == 0 || !(h.High > h.Low) {
		return Figure{}, ErrNothingToDraw
	}
	return render(h.Name, h.Title, h.Alt, histogramWidth, histogramHeight, func(p page) { h.paint(p, most) })
}

const (
	histogramWidth  = vg.Length(400)
	histogramHeight = vg.Length(240)
)

func (h *Histogram) paint(p page, most int) {
	top := p.title(h.Title)
	a := newAxes(p, top+6, newScale(h.Low, h.High, 6, plainLabel), newScale(0, float64(most), 4, countLabel))
	a.labelX, a.labelY = h.Axis, cmp.Or(h.Of, "images")
	a.paint(p)
	step := (h.High - h.Low) / float64(len(h.Counts))
	for i, n := range h.Counts {
		if n == 0 {
			continue
		}
		low, high := float64(h.Low)+float64(step*float64(i)), float64(h.Low)+float64(step*float64(i+1))
		from, to := a.at(low, float64(n)), a.at(high, 0)
		p.fill(from.X, from.Y, to.X-from.X, to.Y-from.Y, blue, fmt.Sprintf("%.4g to %.4g: %s", low, high, metric.Count(n)))
	}
}

func countLabel(v float64, _ int) string { return metric.Count(int(v)) }

// DrawPictures draws pictures with their captions, so many in a row at most.
func DrawPictures(l Labels, columns int, pictures []Picture) (Figure, error) {
	g := grid{name: l.Name, title: l.Title, alt: l.Alt, columns: columns, limit: len(pictures)}
	return g.draw(pictures)
}

// DensityMap is a count for each cell of a grid: Columns in a row, from the top left.
type DensityMap struct {
	Labels
	Columns int
	Counts  []int // [rows,Columns]
	// What is from left to right and from top to bottom, and what the edges of the cells stand
	// for, [Columns+1] and [rows+1], of which some may be empty; no axes where these are nil.
	AxisX, AxisY   string
	EdgesX, EdgesY []string
}

// DrawMap draws a map in which a cell is the darker the more it counts.
func DrawMap(m DensityMap) (Figure, error) {
	most := 0
	for _, n := range m.Counts {
		most = max(most, n)
	}
	if most == 0 || m.Columns < 1 {
		return Figure{}, ErrNothingToDraw
	}
	rows := (len(m.Counts) + m.Columns - 1) / m.Columns
	left, below := vg.Length(margin), vg.Length(margin)
	if m.EdgesX != nil {
		left, below = margin+4*textSize, margin+3*textSize
	}
	cell := (mapWidth + 2*margin - left - margin) / vg.Length(m.Columns)
	width, height := 2*margin+mapWidth, barsTop+cell*vg.Length(rows)+below
	return render(m.Name, m.Title, m.Alt, width, height, func(p page) {
		p.title(m.Title)
		p.rect(left, barsTop, cell*vg.Length(m.Columns), cell*vg.Length(rows), shade)
		for at, n := range m.Counts {
			x, y := left+cell*vg.Length(at%m.Columns), barsTop+cell*vg.Length(at/m.Columns)
			if n > 0 {
				p.fill(x, y, cell, cell, tint(blue, 0.1+float64(0.9*float64(n)/float64(most))), metric.Count(n))
			}
		}
		m.paintEdges(p, left, cell, rows)
	})
}

// paintEdges writes what the edges of the cells stand for.
func (m *DensityMap) paintEdges(p page, left, cell vg.Length, rows int) {
	right, bottom := left+cell*vg.Length(m.Columns), barsTop+cell*vg.Length(rows)
	for k, text := range m.EdgesX {
		p.words(body.aligned(0.5), left+cell*vg.Length(k), bottom+textSize+4, text)
	}
	for k, text := range m.EdgesY {
		p.words(body.aligned(1), left-6, barsTop+cell*vg.Length(k)+3.6, text)
	}
	if m.EdgesX != nil {
		p.words(body.aligned(0.5), (left+right)/2, p.height-margin, m.AxisX)
		p.wordsUp(body.aligned(0.5), margin+textSize-2, (barsTop+bottom)/2, m.AxisY)
	}
}

const mapWidth = vg.Length(368)
