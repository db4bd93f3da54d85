package train

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/metric"
)

func TestStopping(t *testing.T) {
	loss := func(patience int, delta float64) Stopping { return Stopping{ValidationLoss, false, delta, patience, 0} }
	accuracy := func(patience int, delta float64) Stopping {
		return Stopping{metric.Accuracy.Monitor(), true, delta, patience, 0}
	}
	tests := []struct {
		name   string
		rules  Stopping
		epochs int
		values []float64 // of the monitored figure, one for each epoch
		best   int       // epoch
		ends   int       // epoch after which training ends
		reason string    // part of it; empty where the last epoch is reached
	}{
		{"improves to the end", loss(1, 0), 4, []float64{4, 3, 2, 1}, 4, 4, ""},
		{"never stops without patience", loss(0, 0), 4, []float64{1, 2, 3, 4}, 1, 4, ""},
		{"gets worse", loss(2, 0), 9, []float64{3, 2, 4, 5}, 2, 4, "validation_loss has not improved for 2 epochs; the best was 2 in epoch 2"},
		{"a tie is no improvement", loss(2, 0), 9, []float64{2, 2, 2}, 1, 3, "for 2 epochs"},
		{"recovers in time", loss(2, 0), 5, []float64{3, 4, 2, 3, 1}, 5, 5, ""},
		{"patience ends with the last epoch", loss(2, 0), 3, []float64{1, 2, 3}, 1, 3, ""},
		{"too small an improvement", loss(2, 0.5), 9, []float64{3, 2.9, 2.8}, 3, 3, "has not improved by at least 0.5 for 2 epochs; the best was 2.8 in epoch 3"},
		{"small improvements add up", loss(2, 0.5), 5, []float64{3, 2.7, 2.4, 2.1, 1.8}, 5, 5, ""},
		{"exactly the least improvement", loss(1, 0.5), 3, []float64{3, 2.5, 2}, 3, 3, ""},
		{"accuracy rises", accuracy(1, 0), 3, []float64{0.1, 0.2, 0.3}, 3, 3, ""},
		{"accuracy falls", accuracy(1, 0), 9, []float64{0.9, 0.8}, 1, 2, "validation_accuracy has not improved for 1 epoch; the best was 0.9 in epoch 1"},
		{"accuracy stays", accuracy(3, 0.1), 9, []float64{0.5, 0.55, 0.5, 0.59}, 4, 4, "by at least 0.1 for 3 epochs; the best was 0.59 in epoch 4"},
		{"epochs of an earlier phase do not count", Stopping{Monitor: ValidationLoss, Patience: 2, From: 3}, 9, []float64{1, 2, 2, 2, 2}, 1, 5, "for 2 epochs; the best was 1 in epoch 1"},
		{"one epoch", loss(5, 0), 1, []float64{1}, 1, 1, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s stopper
			ended := 0
			for i, v := range test.values {
				e := metric.Epoch{Epoch: i + 1, ValidationLoss: v, ValidationAccuracy: v}
				best, finished := s.next(test.rules, e, test.epochs)
				if best != (s.BestEpoch == e.Epoch) {
					t.Errorf("epoch %d: best %v, but the best epoch is %d", e.Epoch, best, s.BestEpoch)
				}
				if finished {
					ended = e.Epoch
					break
				}
			}
			if ended != test.ends || s.BestEpoch != test.best {
				t.Errorf("ended after epoch %d with best epoch %d, want %d and %d", ended, s.BestEpoch, test.ends, test.best)
			}
			if !strings.Contains(s.Reason, test.reason) || (test.reason == "") != (s.Reason == "") {
				t.Errorf("reason %q, want %q", s.Reason, test.reason)
			}
		})
	}
}
