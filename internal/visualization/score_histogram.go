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

// scoreBins is the number of bins of the histogram of scores.
const scoreBins = 40

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

func (h *scores) paint(p page, title string) {
	top := p.title(title)
	h.legend(p, top+textSize)
	a := newAxes(p, top+textSize+26, h.x, h.y)
	a.labelX, a.labelY = "score (mean squared error of an image)", "share of the part's images (%)"
	a.paint(p)
	for i, share := range h.validation {
		if share > 0 {
			from, to := a.at(h.edge(i), share), a.at(h.edge(i+1), 0)
			p.rect(from.X, from.Y, to.X-from.X, to.Y-from.Y, tint(blue, 0.5))
		}
	}
	p.polyline(h.outline(&a), stroke(1.4, vermilion))
	limit := a.at(h.limit, 0)
	p.line(limit.X, a.top-4, limit.X, a.bottom, stroke(1.2, ink, 4, 3))
}

// edge is the score at which bin i begins.
func (h *scores) edge(i int) float64 { return h.x.high * float64(i) / scoreBins }

// outline goes along the test part as steps, so that the validation part is seen behind it.
func (h *scores) outline(a *axes) []vg.Point {
	points := []vg.Point{a.at(0, 0)}
	for i, share := range h.test {
		points = append(points, a.at(h.edge(i), share), a.at(h.edge(i+1), share))
	}
	return append(points, a.at(h.x.high, 0))
}

func (h *scores) legend(p page, y vg.Length) {
	x := margin
	p.rect(x, y-8, 14, 9, tint(blue, 0.5))
	p.words(body, x+19, y, "validation")
	x += 19 + body.width("validation") + 18
	p.line(x, y-3.5, x+14, y-3.5, stroke(1.4, vermilion))
	p.words(body, x+19, y, "test")
	x += 19 + body.width("test") + 18
	p.line(x, y-3.5, x+14, y-3.5, stroke(1.2, ink, 4, 3))
	p.words(body, x+19, y, body.fit("99th percentile of validation, "+scoreText(h.limit), p.width-margin-x-19))
}

func scoreText(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
