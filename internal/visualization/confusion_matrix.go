package visualization

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

const (
	// maxNumbered is the number of classes up to which cells hold their counts.
	maxNumbered   = 25
	maxLabelWidth = vg.Length(130)
)

type confusionMatrix struct{}

func newConfusionMatrix(*config.Options) (Visualization, error) { return confusionMatrix{}, nil }

// Draw implements Visualization.
func (confusionMatrix) Draw(d Data) (Figure, error) {
	e, part := d.judged()
	if e == nil {
		return Figure{}, ErrNothingToDraw
	}
	if len(e.PerClass) > metric.DenseClasses {
		return drawConfusedPairs(e, part)
	}
	m := newMatrix(e)
	title := fmt.Sprintf("Confusion matrix, %s part", part)
	alt := fmt.Sprintf("Matrix of %d true by %d predicted classes. %s of %s examples lie on the diagonal, which is right.",
		len(e.PerClass), len(e.PerClass), metric.Count(e.Correct), metric.Count(e.Examples))
	for _, pair := range e.MostConfused(1) {
		alt += fmt.Sprintf(" Most often %s was taken for %s (%s).", pair.Label, pair.Predicted, examples(pair.Count))
	}
	return render("confusion-matrix", title, alt, m.width(), m.height(), func(p page) { m.paint(p, title) })
}

// matrix is a confusion matrix with the sizes it is drawn in.
type matrix struct {
	e      *metric.Evaluation
	cell   vg.Length // side of a cell
	label  style
	indent vg.Length // width of the longest label
}

// level is whether column labels fit into their columns as they are.
func (m *matrix) level() bool { return m.indent <= m.cell-4 }

// foot is the room that the column labels take.
func (m *matrix) foot() vg.Length {
	if m.level() {
		return m.label.size
	}
	return m.indent
}

func newMatrix(e *metric.Evaluation) *matrix {
	m := &matrix{e: e, cell: cellSize(len(e.PerClass))}
	m.label = body.sized(min(textSize, m.cell-1.5))
	for _, c := range e.PerClass {
		m.indent = max(m.indent, m.label.width(m.label.shortened(c.Label, maxLabelWidth)))
	}
	return m
}

// cellSize keeps the matrix below 1,100 points a side, and labels readable.
func cellSize(classes int) vg.Length {
	switch {
	case classes <= 3:
		return 64
	case classes <= 12:
		return 36
	case classes <= maxNumbered:
		return 24
	case classes <= 50:
		return 14
	}
	return 11
}

func (m *matrix) side() vg.Length { return m.cell * vg.Length(len(m.e.PerClass)) }

// The matrix has the axis title and the labels at its left and below it, the
// figure's title and legend above.
func (m *matrix) left() vg.Length   { return margin + textSize + 8 + m.indent + 6 }
func (m *matrix) top() vg.Length    { return margin + titleSize + 6 + textSize + 14 }
func (m *matrix) width() vg.Length  { return max(m.left()+m.side()+margin, 330) }
func (m *matrix) height() vg.Length { return m.top() + m.side() + 6 + m.foot() + 8 + textSize + margin }

func (m *matrix) paint(p page, title string) {
	m.legend(p, p.title(title)+textSize)
	left, top, side := m.left(), m.top(), m.side()
	for i, c := range m.e.PerClass {
		if c.Support == 0 {
			p.rect(left, top+vg.Length(i)*m.cell, side, m.cell, shade)
		}
	}
	for c := range m.e.Cells() {
		m.paintCell(p, c)
	}
	m.grid(p)
	for i, c := range m.e.PerClass {
		middle := (vg.Length(i) + 0.5) * m.cell
		baseline := middle + m.label.size*0.36
		p.name(m.label.aligned(1), left-6, top+baseline, false, c.Label, maxLabelWidth)
		if m.level() {
			p.name(m.label.aligned(0.5), left+middle, top+side+6+m.label.size, false, c.Label, maxLabelWidth)
		} else {
			p.name(m.label.aligned(1), left+baseline, top+side+6, true, c.Label, maxLabelWidth)
		}
	}
	p.wordsUp(body.aligned(0.5), margin+textSize-2, top+side/2, "true class")
	p.words(body.aligned(0.5), left+side/2, p.height-margin, "predicted class")
}

func (m *matrix) legend(p page, y vg.Length) {
	x := margin
	for _, entry := range []struct {
		color color.NRGBA
		text  string
	}{{blue, "right"}, {vermilion, "wrong"}} {
		p.rect(x, y-8, 10, 10, entry.color)
		p.words(body, x+15, y, entry.text)
		x += 15 + body.width(entry.text) + 14
	}
	p.words(note, x, y, note.fit("stronger: a larger share of the true class", p.width-margin-x))
}

// grid draws lines between the cells.
func (m *matrix) grid(p page) {
	left, top, side := m.left(), m.top(), m.side()
	for i := range len(m.e.PerClass) + 1 {
		at := vg.Length(i) * m.cell
		p.line(left+at, top, left+at, top+side, stroke(0.5, hairline))
		p.line(left, top+at, left+side, top+at, stroke(0.5, hairline))
	}
}

func (m *matrix) paintCell(p page, c metric.Cell) {
	is, as := m.e.PerClass[c.True], m.e.PerClass[c.Predicted]
	x, y := m.left()+vg.Length(c.Predicted)*m.cell, m.top()+vg.Length(c.True)*m.cell
	color := tintOf(c.True == c.Predicted, float64(c.Count)/float64(is.Support))
	p.fill(x, y, m.cell, m.cell, color, fmt.Sprintf("%s taken for %s: %s of %s", is.Label, as.Label, metric.Count(c.Count), metric.Count(is.Support)))
	if len(m.e.PerClass) <= maxNumbered {
		m.number(p, x, y, c.Count, color)
	}
}

// number writes a count into a cell if it can be read there.
func (m *matrix) number(p page, x, y vg.Length, n int, background color.NRGBA) {
	s := body.aligned(0.5).colored(ink)
	if luma(background) < 150 {
		s = s.colored(white)
	}
	text := fmt.Sprint(n)
	s = s.sized(min(textSize, s.size*(m.cell-3)/s.width(text)))
	if s.size >= 5 {
		p.words(s, x+m.cell/2, y+m.cell/2+s.size*0.36, text)
	}
}

// tintOf shades a share. Mistakes are rare in a good model: the square root
// keeps them visible.
func tintOf(right bool, share float64) color.NRGBA {
	if right {
		return tint(blue, share)
	}
	return tint(vermilion, 0.08+0.92*math.Sqrt(share))
}
