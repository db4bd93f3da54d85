package engine

import (
	"math/bits"

	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// lateGradient is the gradient of a layer's weights, which is a tree over the shards.
// Each shard adds so little to each of them that they would be moved through memory
// for it. So the gradient waits for all shards, and a task takes a block of it, which
// stays in the cache, through the tree.
type lateGradient struct {
	*linear
	x, dy *tensor
	rows  []int32   // offsets of the examples of a shard in x
	dw    []float32 // [in,out]
}

// lateBlock is the number of weights, about, whose gradient makes a task. It is free
// of the contract.
const lateBlock = 2048

// features is the number of inputs whose weights make a task.
func (g *lateGradient) features() int { return min(max(1, lateBlock/g.out), g.in) }

// sum computes the gradient of the weights of count features from first on, as
// contributed by some shards, in the order of slots.sum. Scratch has room for as many
// values for each level of the tree.
func (g *lateGradient) sum(dst, scratch []float32, w *worker, shards []span, first, count int) {
	if len(shards) > 1 {
		left := 1 << (bits.Len(uint(len(shards)-1)) - 1)
		g.sum(dst, scratch, w, shards[:left], first, count)
		right := scratch[:len(dst)]
		g.sum(right, scratch[len(dst):], w, shards[left:], first, count)
		kernel.Add(dst, right)
		return
	}
	s := span{first: shards[0].first, count: shards[0].count}
	outer := kernel.Outer{
		Dst: dst, DstStride: g.out, A: g.x.of(w, s)[first:], Offsets: g.rows[:s.count],
		B: g.dy.of(w, s), BStride: g.out, M: count, N: g.out,
	}
	outer.Sum()
}

// emitLateGradients appends one operation for all late gradients.
func (c *compiler) emitLateGradients(shards int) {
	if len(c.late) == 0 {
		return
	}
	type task struct {
		*lateGradient
		first int
	}
	var list []task
	var uses []*tensor
	for _, g := range c.late {
		for first := 0; first < g.in; first += g.features() {
			list = append(list, task{g, first})
		}
		uses = append(uses, g.x, g.dy)
		c.needScratch(bits.Len(uint(shards)) * g.features() * g.out)
	}
	c.at = part{Backward, nn.Linear{}.Kind()}
	c.emitBatch("weight gradients", func(int) int { return len(list) }, func(w *worker, s span) {
		t := list[s.index]
		count := min(t.features(), t.in-t.first)
		t.sum(t.dw[t.first*t.out:][:count*t.out], w.scratch, w, w.plan.shards, t.first, count)
	}, uses...)
}
