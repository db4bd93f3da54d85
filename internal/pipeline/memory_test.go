package pipeline

import (
	"math"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/model"
)

// TestLeastMemory compares the estimate with what plans of every model allocate: it
// is never more, and not much less.
func TestLeastMemory(t *testing.T) {
	for _, d := range model.Modules() {
		if m, _, _ := model.MakeModel(d.Name, ""); model.TargetOf(m) != "class" {
			continue
		}
		for _, size := range []string{"28", "64"} {
			s := mustResolve(t, "dataset-options=count=100,test-count=10", "model="+d.Name, "image-size="+size, "batch-size=32", "workers=2")
			r, err := prepare(t.Context(), testEnvironment(t, nil), s, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			trainer, err := engine.NewTrainer(r.graph, r.params, engine.TrainerOptions{
				BatchSize: 32, ShardSize: s.ShardSize, Workers: 2, Loss: r.modules.loss, Optimizer: r.modules.optimizer,
			})
			if err != nil {
				t.Fatal(err)
			}
			taken := float64(trainer.Memory().Total() + 4*len(r.params.Values) + 3*32*r.graph.Input().Shape.Elements())
			trainer.Close()
			if share := r.demand(r.graph).least() / taken; share > 1.001 || share < 0.2 {
				t.Errorf("%s at %s: the estimate is %.2f of what is taken", d.Name, size, share)
			}
		}
	}
}

func TestCheckMemory(t *testing.T) {
	r, err := prepare(t.Context(), testEnvironment(t, nil), smallRun(t, t.TempDir()), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for available, refused := range map[int64]bool{0: false, 1000: true, math.MaxInt64: false} {
		err := r.demand(r.graph).check(available)
		if _, is := err.(*config.UsageError); is != refused {
			t.Errorf("with %d bytes the error is %v", available, err)
		}
	}
}
