package visualization

import (
	"fmt"
	"strconv"

	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

type scoreHistogram struct{}

func newScoreHistogram(*config.Options) (Visualization, error) { return scoreHistogram{}, nil }

// Sizes of the histogram of scores.
const (
	scoreBins   = 40
	scoreLeft   = margin + textSize + 40
	scoreRight  = chartWidth - margin - 8
	scoreTop    = margin + titleSize + 6 + textSize + 26
	scoreBottom = chartHeight - margin - 2*textSize - 14
)

// Draw implements Visualization.
func (scoreHistogram) Draw(d Data) (Figure, error) {
	if len(d.ValidationScores) == 0 {
		return Figure{}, ErrNothingToDraw
	}
	validation, err := metric.EvaluateScores(d.ValidationScores)
	if err != nil {
		return Figure{}, fmt.Errorf("cannot draw score-histogram: %w", err)
	}
	h := newScores(d.ValidationScores, d.TestScores, validation.Score.P99)
	const title = "Scores"
	alt := fmt.Sprintf("Histogram of the mean squared errors of %s images of the validation part and %s of the test part. The 99th percentile of the validation part is %s; %s %% of the test images are above it.",
		metric.Count(len(d.ValidationScores)), metric.Count(len(d.TestScores)), scoreText(h.limit), metric.Percent(h.above(d.TestScores)))
	return render("score-histogram", title, alt, chartWidth, chartHeight, func(p page) { h.paint(p, title) })
}

// scores are the scores of both parts, counted in bins of equal width.
type scores struct {
	limit            float64 // the 99th percentile of the validation part
	validation, test [scoreBins]float64
	x, y             scale
}

func newScores(validation, test []float32, limit float64) *scores {
	largest := limit
	for _, part := range [][]float32{validation, test} {
		for _, s := range part {
			largest = max(largest, float64(s))
		}
	}
	if largest == 0 {
		largest = 1
	}
	h := &scores{limit: limit, x: newScale(0, largest, 6, plainLabel)}
	h.validation, h.test = h.count(validation), h.count(test)
	tallest := 0.0
	for i := range h.validation {
		tallest = max(tallest, h.validation[i], h.test[i])
	}
	h.y = newScale(0, tallest, 5, percentLabel)
	return h
}

// count gives for each bin the share of a part's images.
func (h *scores) count(part []float32) (shares [scoreBins]float64) {
	for _, s := range part {
		shares[min(int(float64(s)/h.x.high*scoreBins), scoreBins-1)]++
	}
	for i := range shares {
		shares[i] /= float64(max(len(part), 1))
	}
	return shares
}

// above is the share of a part's images whose score is above the limit.
func (h *scores) above(part []float32) float64 {
	n := 0
	for _, s := range part {
		if float64(s) > h.limit {
			n++
		}
	}
	return float64(n) / float64(max(len(part), 1))
}

func (h *scores) right(score float64) vg.Length {
	return scoreLeft + vg.Length(score/h.x.high)*(scoreRight-scoreLeft)
}

func (h *scores) up(share float64) vg.Length {
	return scoreBottom - vg.Length(share/h.y.high)*(scoreBottom-scoreTop)
}

func (h *scores) paint(p page, title string) {
	h.legend(p, p.title(title)+textSize)
	for _, t := range h.x.ticks {
		p.line(h.right(t.Value), scoreTop, h.right(t.Value), scoreBottom, stroke(0.5, hairline))
		p.text(note.colored(ink).aligned(0.5), h.right(t.Value), scoreBottom+textSize+4, t.Label)
	}
	for _, t := range h.y.ticks {
		p.line(scoreLeft, h.up(t.Value), scoreRight, h.up(t.Value), stroke(0.75, hairline))
		p.text(note.colored(ink).aligned(1), scoreLeft-6, h.up(t.Value)+3.6, t.Label)
	}
	width := (scoreRight - scoreLeft) / scoreBins
	for i, share := range h.validation {
		if share > 0 {
			p.fill(scoreLeft+vg.Length(i)*width, h.up(share), width, scoreBottom-h.up(share), mix(blue, 0.5))
		}
	}
	h.outline(p, width)
	p.line(scoreLeft, scoreBottom, scoreRight, scoreBottom, stroke(0.5, muted))
	p.line(h.right(h.limit), scoreTop-4, h.right(h.limit), scoreBottom, stroke(1.2, ink, 4, 3))
	p.textUp(body.aligned(0.5), margin+textSize-2, (scoreTop+scoreBottom)/2, "share of the part's images (%)")
	p.text(body.aligned(0.5), (scoreLeft+scoreRight)/2, p.height-margin, "score (mean squared error of an image)")
}

// outline draws the test part as steps, so that the validation part is seen behind it.
func (h *scores) outline(p page, width vg.Length) {
	before := 0.0
	for i := range scoreBins + 1 {
		share, x := 0.0, scoreLeft+vg.Length(i)*width
		if i < scoreBins {
			share = h.test[i]
		}
		if share != before {
			p.line(x, h.up(before), x, h.up(share), stroke(1.4, vermilion))
		}
		if share > 0 {
			p.line(x, h.up(share), x+width, h.up(share), stroke(1.4, vermilion))
		}
		before = share
	}
}

func (h *scores) legend(p page, y vg.Length) {
	x := margin
	p.fill(x, y-8, 14, 9, mix(blue, 0.5))
	p.text(body, x+19, y, "validation")
	x += 19 + body.width("validation") + 18
	p.line(x, y-3.5, x+14, y-3.5, stroke(1.4, vermilion))
	p.text(body, x+19, y, "test")
	x += 19 + body.width("test") + 18
	p.line(x, y-3.5, x+14, y-3.5, stroke(1.2, ink, 4, 3))
	p.text(body, x+19, y, body.fit("99th percentile of validation, "+scoreText(h.limit), p.width-margin-x-19))
}

func scoreText(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
