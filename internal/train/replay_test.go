package train

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/optimizer"
)

func TestReplay(t *testing.T) {
	for _, test := range []struct {
		name             string
		losses           []float64
		patience, epochs int
		want             Outcome
		ended            bool
	}{
		{"to the end", []float64{3, 2, 2.5}, 0, 3, Outcome{Epochs: 3, BestEpoch: 2}, true},
		{"first of equals", []float64{2, 2, 2}, 0, 3, Outcome{Epochs: 3, BestEpoch: 1}, true},
		{"early", []float64{2, 3, 3}, 2, 9, Outcome{Epochs: 3, BestEpoch: 1, Stopped: "validation_loss has not improved for 2 epochs; the best was 2 in epoch 1"}, true},
		{"lines after the end", []float64{2, 3, 3, 1}, 2, 9, Outcome{Epochs: 3, BestEpoch: 1, Stopped: "validation_loss has not improved for 2 epochs; the best was 2 in epoch 1"}, true},
		{"cut short", []float64{3, 2}, 0, 3, Outcome{Epochs: 2, BestEpoch: 2}, false},
	} {
		var history []metric.Epoch
		for i, loss := range test.losses {
			history = append(history, metric.Epoch{Epoch: i + 1, ValidationLoss: loss})
		}
		got, ended := Stopping{Monitor: ValidationLoss, Patience: test.patience}.Replay(history, test.epochs)
		if got != test.want || ended != test.ended {
			t.Errorf("%s: got %+v, %t, want %+v, %t", test.name, got, ended, test.want, test.ended)
		}
	}
}

// TestRates compares the learning rates of a training with those of its schedule.
func TestRates(t *testing.T) {
	schedule, _, err := optimizer.MakeSchedule("one-cycle", "")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Epochs: 3, BatchSize: 4, LearningRate: 0.1}
	rates := NewRates(o, schedule, 10)
	if rates.PerEpoch != 3 {
		t.Errorf("%d steps an epoch, want 3", rates.PerEpoch)
	}
	for step := range 9 {
		if got, want := rates.at(&rates.phases[0], step), 0.1*schedule.Factor(step, 9); got != want {
			t.Errorf("step %d: %v, want %v", step, got, want)
		}
	}
	o.OverfitBatch = true
	if per := NewRates(o, schedule, 10).PerEpoch; per != 1 {
		t.Errorf("with a single batch %d steps an epoch, want 1", per)
	}
	o.OverfitBatch, o.BatchSize, o.Warmup = false, 100, 1
	if rates := NewRates(o, schedule, 10); rates.PerEpoch != 1 || !(rates.at(&rates.phases[0], 0) < rates.at(&rates.phases[0], 1)*2) {
		t.Errorf("a batch larger than the data: %+v", rates)
	}
}

func TestReplayReason(t *testing.T) {
	outcome, _ := Stopping{Monitor: "validation_accuracy", Larger: true, Patience: 1, MinDelta: 0.1}.Replay(
		[]metric.Epoch{{Epoch: 1, ValidationAccuracy: 0.5}, {Epoch: 2, ValidationAccuracy: 0.55}}, 5)
	if !strings.Contains(outcome.Stopped, "has not improved by at least 0.1 for 1 epoch; the best was 0.55 in epoch 2") {
		t.Errorf("got %+v", outcome)
	}
}
