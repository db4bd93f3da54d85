package engine

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// inferenceShard is the most images that a worker takes through the network at a
// time. Images do not affect each other, so it is free of the contract.
const inferenceShard = 8

// Inference is a graph compiled to probabilities: normalisation is folded into
// the layer before it, dropout is gone and a Softmax stands at the end. It is
// used by one goroutine at a time; Close ends its workers.
type Inference struct {
	plan      *plan
	classes   int
	batch     int
	output    []float32
	refreshes []func()
	divider   *divider
}

// NewInference compiles g for batches of up to batch images.
func NewInference(g *nn.Graph, params *nn.Parameters, batch, workers int) (*Inference, error) {
	if err := checkSizes(g, TrainerOptions{BatchSize: batch, ShardSize: inferenceShard, Workers: workers}); err != nil {
		return nil, err
	}
	g = withSoftmax(g)
	c := &compiler{
		plan: &plan{graph: g, pool: newPool(workers)}, params: params,
		batch: batch, shard: largestShard(batch, inferenceShard),
		values: make([]*tensor, len(g.Nodes)), users: g.Users(), again: map[int]*again{}, slots: &slots{}, foldInto: foldable(g),
	}
	if _, err := c.forward(); err != nil {
		c.plan.pool.close()
		return nil, err
	}
	p := &Inference{plan: c.plan, classes: g.Output().Shape.C, batch: batch}
	result := c.values[g.Output().Index]
	c.at = part{phase: Forward}
	c.emit("result", func(w *worker, s span) {
		copy(p.output[s.first*p.classes:], result.of(w, s))
	}, result)
	c.plan.segments = schedule(c.ops, cacheBudget, c.shard)
	c.plan.allocate(batch, c.shard, c.scratch)
	c.plan.bind()
	p.refreshes, p.divider = c.refreshes, newDivider(c.plan)
	return p, nil
}

// Refresh must be called after the parameters have changed.
func (p *Inference) Refresh() {
	for _, f := range p.refreshes {
		f()
	}
}

// Classes is the number of probabilities of one image.
func (p *Inference) Classes() int { return p.classes }

// BatchSize is the most images of one call of Run.
func (p *Inference) BatchSize() int { return p.batch }

// Run computes probabilities [N,classes] of images [N,H,W,C].
func (p *Inference) Run(probabilities []float32, images []uint8) {
	n := len(probabilities) / p.classes
	if n > p.batch || n*p.plan.graph.Input().Shape.Elements() != len(images) {
		panic(fmt.Sprintf("engine: %d bytes of images for %d results of a batch of at most %d", len(images), n, p.batch))
	}
	p.output, p.plan.images, p.plan.count = probabilities, images, n
	workers := len(p.plan.pool.workers)
	if n > 0 && n < workers && n <= inferenceShard {
		p.plan.shards = cutBatch(p.plan.shards, n, n)
		p.divider.execute()
		return
	}
	p.plan.shards = cutBatch(p.plan.shards, n, min(inferenceShard, max(n/workers, 1)))
	p.plan.execute()
}

// Close ends the workers.
func (p *Inference) Close() { p.plan.pool.close() }
