package train

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// ValidationLoss is the figure to monitor that every target has. The others are
// "validation_" with the name of the target's own figure.
const ValidationLoss = "validation_loss"

// Stopping are the rules of early stopping.
type Stopping struct {
	Monitor  string  // ValidationLoss, or the target's figure
	Larger   bool    // the monitored figure is better the larger it is
	MinDelta float64 // a smaller change for the better does not count
	Patience int     // epochs without improvement before training stops; 0 means never
	From     int     // epochs of phases before the last, which are not counted, and in which it does not stop
}

// stopper is the state of early stopping. It is part of a checkpoint.
type stopper struct {
	Best      float64 `json:"best"`
	BestEpoch int     `json:"best_epoch"` // from 1; 0 before the first epoch
	Since     int     `json:"since"`      // epochs since an improvement of at least MinDelta
	Reference float64 `json:"reference"`  // the value that counts as the last such improvement
	Reason    string  `json:"reason,omitempty"`
}

// gain is how much better a is than b, in the sense of the monitored figure.
func (r Stopping) gain(a, b float64) float64 {
	if r.Larger {
		return a - b
	}
	return b - a
}

func (r Stopping) value(e metric.Epoch) float64 {
	if r.Monitor == ValidationLoss {
		return e.ValidationLoss
	}
	return e.ValidationFigure()
}

// next takes an epoch into account: best says that it is the best so far,
// finished that training ends with it.
func (s *stopper) next(r Stopping, e metric.Epoch, epochs int) (best, finished bool) {
	v := r.value(e)
	first := s.BestEpoch == 0
	best = first || r.gain(v, s.Best) > 0
	if best {
		s.Best, s.BestEpoch = v, e.Epoch
	}
	if gain := r.gain(v, s.Reference); first || (gain > 0 && gain >= r.MinDelta) {
		s.Reference, s.Since = v, 0
	} else if e.Epoch > r.From {
		s.Since++
	}
	if r.Patience > 0 && s.Since >= r.Patience && e.Epoch < epochs {
		s.Reason = r.reason(*s)
		return best, true
	}
	return best, e.Epoch >= epochs
}

// reason says in words why training ends early.
func (r Stopping) reason(s stopper) string {
	least, epochs := "", "epochs"
	if r.MinDelta > 0 {
		least = fmt.Sprintf(" by at least %g", r.MinDelta)
	}
	if s.Since == 1 {
		epochs = "epoch"
	}
	return fmt.Sprintf("%s has not improved%s for %d %s; the best was %.6g in epoch %d",
		r.Monitor, least, s.Since, epochs, s.Best, s.BestEpoch)
}
