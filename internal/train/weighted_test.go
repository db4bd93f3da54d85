package train

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// weighing is a dataset whose examples are given weights.
type weighing struct {
	drawn
	weight func(i int) float32
}

func (w weighing) Info(i int) dataset.Info {
	info := w.drawn.Info(i)
	info.Weight = dataset.Weight{Given: true, Value: w.weight(i)}
	return info
}

func historyOf(t *testing.T, job Job) []metric.Epoch {
	t.Helper()
	_, history := run(t, job)
	for i := range history {
		history[i].Seconds, history[i].ImagesPerSecond = 0, 0
	}
	return history
}

// TestWeightsOfOne: weights that are all 1 give the bits of a training without weights,
// other ones do not, and workers and interruptions change nothing.
func TestWeightsOfOne(t *testing.T) {
	weighted := func(weight func(i int) float32) Job {
		return testJob(t, smallGraph(t), weighing{weight: weight}, t.TempDir())
	}
	plain := historyOf(t, smallJob(t, t.TempDir()))
	if d := cmp.Diff(plain, historyOf(t, weighted(func(int) float32 { return 1 }))); d != "" {
		t.Errorf("weights of 1 (-without +with):\n%s", d)
	}
	some := func(i int) float32 { return float32(i%4) / 2 }
	history := historyOf(t, weighted(some))
	if history[1].WeightsSHA256 == plain[1].WeightsSHA256 || history[0].TrainLoss == plain[0].TrainLoss {
		t.Error("weights change nothing")
	}
	other := weighted(some)
	other.Workers, other.Train.Workers = 3, 1
	if d := cmp.Diff(history, historyOf(t, other)); d != "" {
		t.Errorf("other workers:\n%s", d)
	}
	resumed := weighted(some)
	ctx, cancel := context.WithCancel(context.Background())
	steps := 0
	resumed.Observer = watch{step: func() {
		if steps++; steps == 3 {
			cancel()
		}
	}}
	if _, err := Run(ctx, resumed); err == nil {
		t.Fatal("the training was not interrupted")
	}
	if d := cmp.Diff(history, historyOf(t, resumed)); d != "" {
		t.Errorf("resumed:\n%s", d)
	}
}
