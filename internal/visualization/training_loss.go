package visualization

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// smallestLoss is where a logarithmic axis ends, which has no place for 0.
const smallestLoss = 1e-6

type trainingLoss struct{ scale string }

func newTrainingLoss(o *config.Options) (Visualization, error) {
	v := &trainingLoss{}
	o.Choice(&v.scale, "scale", "linear", "vertical axis", "linear", "log")
	return v, nil
}

// Draw implements Visualization.
func (v *trainingLoss) Draw(d Data) (Figure, error) {
	if len(d.History) == 0 {
		return Figure{}, ErrNothingToDraw
	}
	best := &d.History[0]
	for i := range d.History {
		if d.History[i].ValidationLoss < best.ValidationLoss {
			best = &d.History[i]
		}
	}
	c := &chart{
		title: "Loss", y: "mean loss per example", best: best,
		note: fmt.Sprintf("lowest validation loss %s, epoch %d", metric.LossText(best.ValidationLoss), best.Epoch),
		curves: trainingAndValidation(
			func(e *metric.Epoch) float64 { return e.TrainLoss },
			func(e *metric.Epoch) float64 { return e.ValidationLoss }),
	}
	low, high := extremes(d.History, c.curves)
	if v.scale == "log" {
		c.scale = logScale(max(low, smallestLoss), max(high, 2*smallestLoss))
	} else {
		c.scale = newScale(min(low, 0), high, 6, plainLabel)
	}
	last := d.History[len(d.History)-1]
	alt := fmt.Sprintf("Line chart of the loss over %d epochs. It ends at %s on the training part and %s on the validation part; the %s.",
		len(d.History), metric.LossText(last.TrainLoss), metric.LossText(last.ValidationLoss), c.note)
	return render("training-loss", c.title, alt, chartWidth, chartHeight, func(p page) { c.paint(p, d.History) })
}
