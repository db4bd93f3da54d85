package visualization

import (
	"fmt"

	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

type reliability struct{}

func newReliability(*config.Options) (Visualization, error) { return reliability{}, nil }

// Sizes of the reliability diagram: a square with a histogram below.
const (
	diagramSide    = vg.Length(300)
	histogramSide  = vg.Length(60)
	diagramLeft    = margin + textSize + 44
	legendLead     = vg.Length(textSize + 5)
	diagramTop     = margin + titleSize + 6 + textSize + 2*legendLead + 14
	diagramBottom  = diagramTop + diagramSide
	histogramTop   = diagramBottom + 26
	histogramEnd   = histogramTop + histogramSide
	diagramWidth   = diagramLeft + diagramSide + 30
	diagramHeight  = histogramEnd + 2*textSize + 14 + margin
	diagramTickGap = 6
)

// Draw implements Visualization.
func (reliability) Draw(d Data) (Figure, error) {
	e, part := d.judged()
	if e == nil || len(e.CalibrationBins) == 0 {
		return Figure{}, ErrNothingToDraw
	}
	title := fmt.Sprintf("Reliability, %s part", part)
	alt := fmt.Sprintf("Diagram of accuracy against confidence in %d bins, with the number of examples in each. The expected calibration error is %s %%.",
		len(e.CalibrationBins), metric.Percent(e.CalibrationError))
	return render("reliability", title, alt, diagramWidth, diagramHeight, func(p page) { paintReliability(p, e, title) })
}

func paintReliability(p page, e *metric.Evaluation, title string) {
	y := p.title(title) + textSize
	p.words(note, margin, y, note.fit(fmt.Sprintf("expected calibration error %s %%", metric.Percent(e.CalibrationError)), p.width-2*margin))
	paintReliabilityLegend(p, y+legendLead)
	x := func(share float64) vg.Length { return diagramLeft + vg.Length(share)*diagramSide }
	up := func(share float64) vg.Length { return diagramBottom - vg.Length(share)*diagramSide }
	for _, t := range newScale(0, 1, 5, percentLabel).ticks {
		p.line(x(t.Value), diagramTop, x(t.Value), diagramBottom, stroke(0.5, hairline))
		p.line(diagramLeft, up(t.Value), diagramLeft+diagramSide, up(t.Value), stroke(0.5, hairline))
		p.words(body.aligned(1), diagramLeft-diagramTickGap, up(t.Value)+3.6, t.Label)
		p.words(body.aligned(0.5), x(t.Value), histogramEnd+textSize+3, t.Label)
	}
	most := 1
	for _, b := range e.CalibrationBins {
		most = max(most, b.Count)
	}
	for _, b := range e.CalibrationBins {
		paintBin(p, b, x(b.Lower)+0.75, x(b.Upper)-x(b.Lower)-1.5, up, most)
	}
	p.line(x(0), up(0), x(1), up(1), stroke(1, muted, 4, 3))
	p.line(x(0), histogramEnd, x(1), histogramEnd, stroke(0.5, muted))
	p.line(x(0), diagramBottom, x(1), diagramBottom, stroke(0.5, muted))
	p.words(note, diagramLeft, histogramTop-8, fmt.Sprintf("examples (tallest bin: %s)", metric.Count(most)))
	p.wordsUp(body.aligned(0.5), margin+textSize-2, diagramTop+diagramSide/2, "accuracy (%)")
	p.words(body.aligned(0.5), diagramLeft+diagramSide/2, histogramEnd+2*textSize+10, "confidence (%)")
}

// The colours of a bin's accuracy and of what it falls short of the confidence.
var (
	accuracyColor  = tint(blue, 0.8)
	shortfallColor = tint(vermilion, 0.45)
)

// paintReliabilityLegend says in two rows, the baseline of the first at y, what the
// colours and lines of the diagram mean.
func paintReliabilityLegend(p page, y vg.Length) {
	const (
		swatch = vg.Length(14)
		second = margin + 150 // the second column
	)
	entry := func(x, y vg.Length, name string) { p.words(note, x+swatch+5, y, name) }
	p.rect(margin, y-8, swatch, 9, accuracyColor)
	entry(margin, y, "accuracy")
	p.rect(second, y-8, swatch, 9, shortfallColor)
	entry(second, y, "its shortfall against confidence")
	y += legendLead
	p.line(margin, y-3.5, margin+swatch, y-3.5, stroke(1.2, ink))
	entry(margin, y, "mean confidence")
	p.line(second, y-3.5, second+swatch, y-3.5, stroke(1, muted, 4, 3))
	entry(second, y, "accuracy equal to confidence")
}

// paintBin draws the accuracy of a bin as a bar, in blue up to its confidence
// and in vermilion the part by which accuracy falls short of it, and below it
// the number of its examples.
func paintBin(p page, b metric.Bin, x, width vg.Length, up func(float64) vg.Length, most int) {
	if b.Count == 0 {
		return
	}
	p.rect(x, up(*b.Accuracy), width, up(0)-up(*b.Accuracy), accuracyColor)
	if gap := up(*b.Accuracy) - up(*b.Confidence); gap > 0 {
		p.rect(x, up(*b.Confidence), width, gap, shortfallColor)
	}
	p.line(x, up(*b.Confidence), x+width, up(*b.Confidence), stroke(1.2, ink))
	height := max(histogramSide*vg.Length(b.Count)/vg.Length(most), 0.75)
	p.rect(x, histogramEnd-height, width, height, tint(blue, 0.5))
}
