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
	maxNumbered = 25
	// maxLabelled is the number of classes up to which every row is labelled;
	// beyond it every so manieth row has its index.
	maxLabelled   = 120
	maxLabelWidth = vg.Length(130)
)

type confusionMatrix struct{}

func newConfusionMatrix(*config.Options) (Visualization, error) { return confusionMatrix{}, nil }

// Draw implements Visualization.
func (confusionMatrix) Draw(d Data) (Figure, error) {
	e, part := d.judged()
	if e == nil || len(e.Confusion) == 0 {
		return Figure{}, ErrNothingToDraw
	}
	m := newMatrix(e)
	title := fmt.Sprintf("Confusion matrix, %s part", part)
	alt := fmt.Sprintf("Matrix of %d true by %d predicted classes. %s of %s examples lie on the diagonal, which is right.",
		len(e.Confusion), len(e.Confusion), metric.Count(e.Correct), metric.Count(e.Examples))
	for _, pair := range e.MostConfused(1) {
		alt += fmt.Sprintf(" Most often %s was taken for %s (%s examples).", pair.Label, pair.Predicted, metric.Count(pair.Count))
	}
	return render("confusion-matrix", title, alt, m.width(), m.height(), func(p page) { m.paint(p, title) })
}

// matrix is a confusion matrix with the sizes it is drawn in.
type matrix struct {
	e      *metric.Evaluation
	cell   vg.Length // side of a cell
	label  style
	labels []string  // of rows and columns; "" where none is shown
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
	k := len(e.Confusion)
	m := &matrix{e: e, cell: cellSize(k)}
	m.label = body.sized(min(textSize, max(m.cell-1.5, 6)))
	for i, c := range e.PerClass {
		m.labels = append(m.labels, m.labelOf(i, c.Label, k))
		m.indent = max(m.indent, m.label.width(m.labels[i]))
	}
	return m
}

// cellSize keeps the matrix near 350 to 850 points a side.
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
	case classes <= maxLabelled:
		return 8.5
	}
	return max(850/vg.Length(classes), 0.5)
}

func (m *matrix) labelOf(i int, label string, classes int) string {
	if classes <= maxLabelled {
		return m.label.fit(label, maxLabelWidth)
	}
	if i%(classes/20) == 0 {
		return fmt.Sprint(i)
	}
	return ""
}

func (m *matrix) side() vg.Length { return m.cell * vg.Length(len(m.labels)) }

// The matrix has the axis title and the labels at its left and below it, the
// figure's title and legend above.
func (m *matrix) left() vg.Length   { return margin + textSize + 8 + m.indent + 6 }
func (m *matrix) top() vg.Length    { return margin + titleSize + 6 + textSize + 14 }
func (m *matrix) width() vg.Length  { return max(m.left()+m.side()+margin, 330) }
func (m *matrix) height() vg.Length { return m.top() + m.side() + 6 + m.foot() + 8 + textSize + margin }

func (m *matrix) paint(p page, title string) {
	m.legend(p, p.title(title)+textSize)
	left, top, side := m.left(), m.top(), m.side()
	for i, row := range m.e.Confusion {
		m.paintRow(p, i, row)
	}
	m.grid(p)
	for i, label := range m.labels {
		middle := (vg.Length(i)+0.5)*m.cell + m.label.size*0.36
		p.text(m.label.aligned(1), left-6, top+middle, label)
		if m.level() {
			p.text(m.label.aligned(0.5), left+(vg.Length(i)+0.5)*m.cell, top+side+6+m.label.size, label)
		} else {
			p.textUp(m.label.aligned(1), left+middle, top+side+6, label)
		}
	}
	p.textUp(body.aligned(0.5), margin+textSize-2, top+side/2, "true class")
	p.text(body.aligned(0.5), left+side/2, p.height-margin, "predicted class")
}

func (m *matrix) legend(p page, y vg.Length) {
	x := margin
	for _, entry := range []struct {
		color color.NRGBA
		text  string
	}{{blue, "right"}, {vermilion, "wrong"}} {
		p.fill(x, y-8, 10, 10, entry.color)
		p.text(body, x+15, y, entry.text)
		x += 15 + body.width(entry.text) + 14
	}
	p.text(note, x, y, note.fit("darker: a larger share of the true class", p.width-margin-x))
}

// grid frames the matrix, with lines between cells that are large enough.
func (m *matrix) grid(p page) {
	left, top, side := m.left(), m.top(), m.side()
	for i := range len(m.labels) + 1 {
		if at := vg.Length(i) * m.cell; m.cell >= 8 || i == 0 || i == len(m.labels) {
			p.line(left+at, top, left+at, top+side, stroke(0.5, hairline))
			p.line(left, top+at, left+side, top+at, stroke(0.5, hairline))
		}
	}
}

func (m *matrix) paintRow(p page, i int, row []int) {
	support := m.e.PerClass[i].Support
	y := m.top() + vg.Length(i)*m.cell
	if support == 0 {
		p.fill(m.left(), y, m.side(), m.cell, shade)
		return
	}
	for j, n := range row {
		if n == 0 {
			continue
		}
		share := float64(n) / float64(support)
		x := m.left() + vg.Length(j)*m.cell
		tint := tintOf(i == j, share)
		p.fill(x, y, m.cell, m.cell, tint)
		if len(row) <= maxNumbered {
			m.number(p, x, y, n, tint)
		}
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
		p.text(s, x+m.cell/2, y+m.cell/2+s.size*0.36, text)
	}
}

// tintOf shades a share. Mistakes are rare in a good model: the square root
// keeps them visible.
func tintOf(right bool, share float64) color.NRGBA {
	if right {
		return mix(blue, share)
	}
	return mix(vermilion, 0.08+0.92*math.Sqrt(share))
}

// mix blends a colour into white.
func mix(c color.NRGBA, share float64) color.NRGBA {
	blend := func(v uint8) uint8 { return uint8(255 - share*(255-float64(v)) + 0.5) }
	return color.NRGBA{blend(c.R), blend(c.G), blend(c.B), 255}
}

func luma(c color.NRGBA) int { return (299*int(c.R) + 587*int(c.G) + 114*int(c.B)) / 1000 }
