package visualization

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

type learningCurve struct{}

func newLearningCurve(*config.Options) (Visualization, error) { return learningCurve{}, nil }

// Draw implements Visualization.
func (learningCurve) Draw(d Data) (Figure, error) {
	h := metric.HeadOf(d.History)
	if h == nil || !h.Compares() {
		return Figure{}, ErrNothingToDraw
	}
	examples := 0
	if metric.Present(d.Validation) {
		examples = d.Validation.Header().Examples
	}
	var points []string
	for _, p := range h.Curve {
		points = append(points, fmt.Sprintf("%s %% with %s images", metric.Percent(p.ValidationAccuracy), metric.Count(p.Images)))
	}
	const title = "Would more images help?"
	alt := strings.TrimSpace(fmt.Sprintf("Line chart of the accuracy on the validation part by the number of training images, the last layer alone being trained: %s. %s", strings.Join(points, ", "), h.MoreImages(examples)))
	return render("learning-curve", title, alt, chartWidth, chartHeight, func(p page) { paintLearningCurve(p, title, h.Curve) })
}

// paintLearningCurve draws a point for each share of the images, and what it is beside it.
func paintLearningCurve(p page, title string, curve []metric.HeadPoint) {
	top := p.title(title)
	p.words(note, margin, top+textSize, note.fit("the last layer alone, on shares of the training images", p.width-2*margin))
	low, high, most := 1.0, 0.0, 0
	for _, point := range curve {
		low, high, most = min(low, point.ValidationAccuracy), max(high, point.ValidationAccuracy), max(most, point.Images)
	}
	a := newAxes(p, top+textSize+18, newScale(0, float64(most), 6, countLabelOf), accuracyScale(low, high))
	a.labelX, a.labelY = "training images", "validation accuracy (%)"
	a.paint(p)
	points := make([]vg.Point, len(curve))
	for at, point := range curve {
		points[at] = a.at(float64(point.Images), point.ValidationAccuracy)
	}
	p.polyline(points, stroke(1.8, blue))
	for at, place := range points {
		p.disc(place.X, place.Y, 2.4, blue)
		words, side := fmt.Sprintf("%d %%: %s", curve[at].Percent, metric.Percent(curve[at].ValidationAccuracy)), vg.Length(0)
		y := place.Y + textSize + 4
		if place.X > (a.left+a.right)/2 {
			side = 1
		}
		switch {
		case meets(points, at, side == 1):
			y = place.Y - 6
		case y > a.bottom-2: // where the line rises to the right, there is room on its left
			side, y = 1, place.Y-6
		}
		p.words(note.aligned(side), place.X, y, words)
	}
}

// meets says whether words below a point, on its left or on its right, would touch the line.
// Lengths go down the page.
func meets(points []vg.Point, at int, left bool) bool {
	switch {
	case left && at > 0:
		return points[at-1].Y > points[at].Y
	case !left && at < len(points)-1:
		return points[at+1].Y > points[at].Y
	}
	return false
}

// countLabelOf labels numbers of things, where a step may be part of one.
func countLabelOf(v float64, digits int) string {
	if digits > 0 {
		return ""
	}
	return metric.Count(int(v))
}
