package engine

import (
	"slices"
	"testing"
)

func TestNewCrews(t *testing.T) {
	for _, c := range []struct{ workers, shards, want int }{
		{1, 1, 0}, {1, 7, 0},
		{2, 2, 0}, {2, 4, 0}, {2, 5, 0}, {8, 8, 0}, {4, 8, 0}, // evenly, or often
		{2, 1, 1}, {2, 3, 2}, {16, 8, 8}, {6, 8, 6}, {7, 8, 7}, {5, 8, 5}, {12, 8, 8},
	} {
		if got := len(newCrews(c.workers, c.shards)); got != c.want {
			t.Errorf("%d workers for %d shards make %d crews, want %d", c.workers, c.shards, got, c.want)
		}
	}
}

// TestOrderedOperations takes every portion through operations with a worker of its
// own, and the last portion first unless an operation is ordered: one that adds up over
// a shard and is not marked gives other bits.
func TestOrderedOperations(t *testing.T) {
	randomCases(t, func(t *testing.T, c randomCase) {
		const shard, workers = 3, 5
		g := c.graph(false)
		trainer, err := NewTrainer(g, c.parameters(g), TrainerOptions{
			BatchSize: 8, ShardSize: shard, Workers: workers, Seed: 1, Frozen: frozenIn(g, c.seed),
			Loss: testLoss{}, Optimizer: still{}, joinAnyway: true,
		})
		if err != nil {
			t.Skip("nothing to train")
		}
		defer trainer.Close()
		if _, err := trainer.Step(testStep(g, 8)); err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(trainer.gradient)
		trainer.begin(testStep(g, 8))
		trainer.plan.executeBackToFront()
		trainer.plan.pool.run(len(trainer.blocks), trainer.collect)
		if !slices.Equal(bitsOf(trainer.gradient), bitsOf(want)) {
			t.Error("other portions first give other gradients")
		}
	})
}

// executeBackToFront is execute with all portions of a shard at the same operation.
func (p *plan) executeBackToFront() {
	p.pool.run(len(p.prepare), p.prepareTask)
	for i := range p.segments {
		p.current = &p.segments[i]
		if p.current.tasks != nil {
			p.pool.run(p.current.tasks(p.count), p.batchTask)
			continue
		}
		for _, shard := range p.shards {
			for j := range p.current.groups {
				p.backToFront(&p.current.groups[j], shard)
			}
		}
	}
}

func (p *plan) backToFront(g *group, shard span) {
	for _, o := range g.ops {
		count := g.portionsOf(shard)
		for i := range count {
			if !o.ordered {
				i = count - 1 - i
			}
			w := p.pool.workers[i]
			w.crew = p.crews[0]
			o.run(w, g.part(shard, i))
		}
	}
}
