package visualization

import (
	"fmt"

	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

const (
	// maxRows is how many classes are shown; of more, the worst ones.
	maxRows = 100
	// maxInOrder is the number of classes up to which their own order is kept.
	maxInOrder = 20
)

type perClassAccuracy struct{}

func newPerClassAccuracy(*config.Options) (Visualization, error) { return perClassAccuracy{}, nil }

// Draw implements Visualization.
func (perClassAccuracy) Draw(d Data) (Figure, error) {
	e, part := d.judged()
	if e == nil || e.WorstClass == nil {
		return Figure{}, ErrNothingToDraw
	}
	r := newRanking(e)
	title := fmt.Sprintf("Accuracy by class, %s part%s", part, r.selection)
	alt := fmt.Sprintf("Dot plot of the accuracy of %d classes with 95 %% intervals. The worst is %s with %s %% of %s; over all classes it is %s %%.",
		len(r.classes), e.WorstClass.Label, metric.Percent(e.WorstClass.Accuracy), examples(e.WorstClass.Support), metric.Percent(e.Accuracy))
	return render("per-class-accuracy", title, alt, rankingWidth, r.height(), func(p page) { r.paint(p, title) })
}

const rankingWidth = vg.Length(540)

// ranking is a dot plot: one row for each class, with its accuracy as a dot and
// its interval as a bar. Dots, unlike bars, need no axis from 0, so that
// classes of 98 and 99 % can be told apart.
type ranking struct {
	e         *metric.Evaluation
	classes   []metric.Class
	selection string
	scale     scale
	row       vg.Length
	label     style
	left      vg.Length
	right     vg.Length
}

func newRanking(e *metric.Evaluation) *ranking {
	r := &ranking{e: e, classes: e.PerClass, row: 20, label: body}
	if len(r.classes) > maxInOrder {
		r.classes = e.Worst(maxRows)
		r.selection = ", worst first"
		r.row, r.label = 11, body.sized(8.5)
	}
	if len(r.classes) < len(e.PerClass) {
		r.selection = fmt.Sprintf(", the %d worst of %d", maxRows, len(e.PerClass))
	}
	low, widest := 1.0, vg.Length(0)
	for _, c := range r.classes {
		if c.Interval != nil {
			low = min(low, c.Interval.Low)
		}
		widest = max(widest, r.label.width(r.label.shortened(c.Label, maxLabelWidth)))
	}
	r.scale = accuracyScale(low, 1)
	r.left = margin + widest + 10
	r.right = rankingWidth - margin - r.label.width("100.00 % of 1,000,000")
	return r
}

const rankingTop = margin + titleSize + 6 + textSize + 12

func (r *ranking) bottom() vg.Length { return rankingTop + vg.Length(len(r.classes))*r.row + 4 }

func (r *ranking) height() vg.Length { return r.bottom() + 2*textSize + 14 + margin }

// x is the position of a share.
func (r *ranking) x(share float64) vg.Length {
	return r.left + vg.Length(r.scale.share(share))*(r.right-r.left)
}

func (r *ranking) paint(p page, title string) {
	top := p.title(title)
	for _, t := range r.scale.ticks {
		p.line(r.x(t.Value), rankingTop, r.x(t.Value), r.bottom(), stroke(0.5, hairline))
		p.words(body.aligned(0.5), r.x(t.Value), r.bottom()+textSize+4, t.Label)
	}
	p.line(r.left, r.bottom(), r.right, r.bottom(), stroke(0.5, muted))
	p.words(body.aligned(0.5), (r.left+r.right)/2, r.bottom()+2*textSize+12, "accuracy (%)")

	mean := r.x(r.e.Accuracy)
	p.line(mean, rankingTop-2, mean, r.bottom(), stroke(1, muted, 4, 3))
	p.words(note.aligned(1), r.right, top+textSize, fmt.Sprintf("dashed: all classes, %s %%. Bars: 95 %% interval", metric.Percent(r.e.Accuracy)))
	for i, c := range r.classes {
		r.paintClass(p, c, rankingTop+(vg.Length(i)+0.5)*r.row)
	}
}

func (r *ranking) paintClass(p page, c metric.Class, y vg.Length) {
	baseline := y + r.label.size*0.36
	p.name(r.label.aligned(1), r.left-8, baseline, false, c.Label, maxLabelWidth)
	if c.Accuracy == nil {
		p.words(r.label.colored(muted), r.right+8, baseline, "no examples")
		return
	}
	tone := blue
	if *c.Accuracy < r.e.Accuracy {
		tone = vermilion
	}
	p.line(r.x(c.Interval.Low), y, r.x(c.Interval.High), y, stroke(1.6, tint(tone, 0.45)))
	p.disc(r.x(*c.Accuracy), y, min(3.6, r.row*0.3), tone)
	p.words(r.label, r.right+8, baseline, fmt.Sprintf("%s %% of %s", metric.Percent(*c.Accuracy), metric.Count(c.Support)))
}
