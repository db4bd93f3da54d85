package visualization

import (
	"fmt"

	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// MaxPairs is how many pairs of classes are listed where there are too many classes for
// a matrix.
const MaxPairs = 30

// Sizes of the list of pairs.
const (
	pairRow   = vg.Length(16)
	pairLabel = vg.Length(185) // the widest name
	pairArrow = vg.Length(26)
	pairTop   = margin + titleSize + 6 + textSize + 12
)

// drawConfusedPairs lists the pairs of classes that are confused most often.
func drawConfusedPairs(e *metric.Evaluation, part string) (Figure, error) {
	pairs := e.MostConfused(MaxPairs)
	title := fmt.Sprintf("Most often confused, %s part", part)
	alt := fmt.Sprintf("List of the %d pairs of classes, of %s classes, that were confused most often. %s of %s examples are right.",
		len(pairs), metric.Count(len(e.PerClass)), metric.Count(e.Correct), metric.Count(e.Examples))
	for _, pair := range pairs[:min(1, len(pairs))] {
		alt += fmt.Sprintf(" Most often %s was taken for %s (%s of %s).", pair.Label, pair.Predicted, metric.Count(pair.Count), examples(pair.Support))
	}
	l := newPairList(title, pairs)
	return render("confusion-matrix", title, alt, l.width, pairTop+vg.Length(len(pairs))*pairRow+margin, l.paint)
}

// pairList is a list of pairs with the places of its columns: the true classes end at
// left, the predicted ones begin at middle, the counts at right.
type pairList struct {
	title                      string
	pairs                      []metric.ConfusedPair
	left, middle, right, width vg.Length
}

func newPairList(title string, pairs []metric.ConfusedPair) *pairList {
	l := &pairList{title: title, pairs: pairs}
	is, as, counts := body.width("true class"), body.width("predicted class"), body.width("examples")
	for _, pair := range pairs {
		is = max(is, body.width(body.shortened(pair.Label, pairLabel)))
		as = max(as, body.width(body.shortened(pair.Predicted, pairLabel)))
		counts = max(counts, body.width(countText(pair)))
	}
	l.left = margin + is
	l.middle = l.left + pairArrow
	l.right = l.middle + as + 24
	l.width = max(l.right+counts+margin, gridMinWidth)
	return l
}

// examples says how many there are.
func examples(n int) string {
	if n == 1 {
		return "1 example"
	}
	return metric.Count(n) + " examples"
}

func countText(pair metric.ConfusedPair) string {
	return fmt.Sprintf("%s of %s (%s %%)", metric.Count(pair.Count), metric.Count(pair.Support), metric.Percent(pair.Share()))
}

func (l *pairList) paint(p page) {
	y := p.title(l.title) + textSize
	if len(l.pairs) == 0 {
		p.words(note, margin, y, "No example was taken for another class.")
		return
	}
	p.words(note.aligned(1), l.left, y, "true class")
	p.words(note, l.middle, y, "predicted class")
	p.words(note, l.right, y, "examples")
	for i, pair := range l.pairs {
		top := pairTop + vg.Length(i)*pairRow
		y := top + pairRow/2 + textSize*0.36
		p.line(margin, top, p.width-margin, top, stroke(0.5, hairline))
		p.name(body.aligned(1), l.left, y, false, pair.Label, pairLabel)
		p.words(note.aligned(0.5), l.left+pairArrow/2, y, "→")
		p.name(body, l.middle, y, false, pair.Predicted, pairLabel)
		p.words(body, l.right, y, countText(pair))
	}
}
