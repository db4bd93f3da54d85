package machine

import (
	"errors"
	"math"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/optimizer"
)

// graphOf is the network of a model for ten classes of grey images.
func graphOf(t *testing.T, name string, side int) *nn.Graph {
	t.Helper()
	m, _, err := model.MakeModel(name, "")
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Build(nn.Shape{H: side, W: side, C: 1}, 10)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestLeastMemory compares the estimate with what plans of every model allocate: it
// is never more, and not much less.
func TestLeastMemory(t *testing.T) {
	const batch, shard, workers, held = 32, 8, 2, 3
	mse, _, err := loss.MakeLoss("mse", "")
	if err != nil {
		t.Fatal(err)
	}
	adamw, _, err := optimizer.MakeOptimizer("adamw", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range model.Modules() {
		for _, side := range []int{28, 64} {
			g := graphOf(t, d.Name, side)
			params := g.NewParameters(1)
			trainer, err := engine.NewTrainer(g, params, engine.TrainerOptions{BatchSize: batch, ShardSize: shard, Workers: workers, Loss: mse, Optimizer: adamw})
			if err != nil {
				t.Fatal(err)
			}
			taken := float64(trainer.Memory().Total() + 4*len(params.Values) + held*batch*g.Input().Shape.Elements())
			trainer.Close()
			if share := (Demand{g, batch, shard, workers, held}).least() / taken; share > 1.001 || share < 0.1 {
				t.Errorf("%s at %d: the estimate is %.2f of what is taken", d.Name, side, share)
			}
		}
	}
}

func TestCheckMemory(t *testing.T) {
	d := Demand{graphOf(t, "linear", 28), 50, 8, 1, 3}
	for available, refused := range map[int64]bool{0: false, 1000: true, math.MaxInt64: false} {
		err := d.check(available)
		var usage *config.UsageError
		if errors.As(err, &usage) != refused {
			t.Errorf("with %d bytes the error is %v", available, err)
		}
	}
}
