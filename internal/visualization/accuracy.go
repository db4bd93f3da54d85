package visualization

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

type accuracy struct{}

func newAccuracy(*config.Options) (Visualization, error) { return accuracy{}, nil }

// Draw implements Visualization.
func (accuracy) Draw(d Data) (Figure, error) {
	if len(d.History) == 0 || d.History[0].FigureName() != metric.Accuracy.Name {
		return Figure{}, ErrNothingToDraw
	}
	best := &d.History[0]
	for i := range d.History {
		if d.History[i].ValidationAccuracy > best.ValidationAccuracy {
			best = &d.History[i]
		}
	}
	c := &chart{
		title: "Accuracy", y: "examples classified rightly (%)", best: best,
		note: fmt.Sprintf("highest validation accuracy %s %%, epoch %d", metric.Percent(best.ValidationAccuracy), best.Epoch),
		curves: trainingAndValidation(
			func(e *metric.Epoch) float64 { return e.TrainAccuracy },
			func(e *metric.Epoch) float64 { return e.ValidationAccuracy }),
	}
	low, high := extremes(d.History, c.curves)
	c.scale = accuracyScale(low, high)
	last := d.History[len(d.History)-1]
	alt := fmt.Sprintf("Line chart of the accuracy over %d epochs. It ends at %s %% on the training part and %s %% on the validation part; the %s.",
		len(d.History), metric.Percent(last.TrainAccuracy), metric.Percent(last.ValidationAccuracy), c.note)
	return render("accuracy", c.title, alt, chartWidth, chartHeight, func(p page) { c.paint(p, d.History) })
}

// accuracyScale covers low to high and is at least one percentage point wide,
// but never goes beyond 0 to 100 %.
func accuracyScale(low, high float64) scale {
	if high-low < 0.01 {
		low, high = max(0, high-0.01), min(1, max(high, low+0.01))
	}
	s := newScale(low, high, 6, percentLabel)
	for len(s.ticks) > 2 && s.low < 0 {
		s.ticks = s.ticks[1:]
		s.low = s.ticks[0].Value
	}
	for len(s.ticks) > 2 && s.high > 1 {
		s.ticks = s.ticks[:len(s.ticks)-1]
		s.high = s.ticks[len(s.ticks)-1].Value
	}
	return s
}
