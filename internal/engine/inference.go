package engine

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// inferenceShard is the most images that a worker takes through the network at a
// time. Images do not affect each other, so it is free of the contract.
const inferenceShard = 8

// Inference is a graph compiled to its results: normalisation is folded into the
// layer before it, and dropout is gone. It is used by one goroutine at a time; Close
// ends its workers.
type Inference struct {
	plan      *plan
	sizes     []int
	batch     int
	outputs   [][]float32
	refreshes []func()
	divider   *divider
}

// NewInference compiles g, as it is, for batches of up to batch images. Its results
// are those of nn.Graph.Results, which may be of any shape.
func NewInference(g *nn.Graph, params *nn.Parameters, batch, workers int) (*Inference, error) {
	return compileInference(g, params, batch, workers, cacheOfInverted)
}

// compileInference is NewInference for some size of the cache.
func compileInference(g *nn.Graph, params *nn.Parameters, batch, workers int, inverted invertedBudgets) (*Inference, error) {
	if err := checkSizes(g, TrainerOptions{BatchSize: batch, ShardSize: inferenceShard, Workers: workers}); err != nil {
		return nil, err
	}
	users := usersOf(g)
	c := &compiler{
		plan: &plan{graph: g, pool: newPool(workers)}, params: params,
		batch: batch, shard: largestShard(batch, inferenceShard),
		values: make([]*tensor, len(g.Nodes)), users: users, again: map[int]*again{}, slots: &slots{}, foldInto: foldable(g, users), inverted: inverted,
	}
	if _, err := c.forward(); err != nil {
		c.plan.pool.close()
		return nil, err
	}
	p := &Inference{plan: c.plan, batch: batch}
	p.emitResults(c)
	c.plan.segments = schedule(c.ops, cacheBudget, c.shard)
	c.plan.allocate(batch, c.shard, c.scratch)
	c.plan.bind()
	p.refreshes, p.divider = c.refreshes, newDivider(c.plan)
	return p, nil
}

// result stands for what uses a node's output because it is a result of the graph.
var result = &nn.Node{Name: "result"}

// usersOf is nn.Graph.Users with a use for each time that a node is a result: what
// it leaves must stay, and nothing may be done together with it that changes it.
func usersOf(g *nn.Graph) [][]*nn.Node {
	users := g.Users()
	for _, n := range g.Results() {
		users[n.Index] = append(users[n.Index], result)
	}
	return users
}

// emitResults appends what copies the results to where Run is asked to put them.
func (p *Inference) emitResults(c *compiler) {
	c.at = part{phase: Forward}
	for k, n := range c.plan.graph.Results() {
		t := c.values[n.Index]
		p.sizes = append(p.sizes, t.size)
		c.emit(result.Name, func(w *worker, s span) { copy(p.outputs[k][s.first*t.size:], t.of(w, s)) }, t)
	}
}

// Refresh must be called after the parameters have changed.
func (p *Inference) Refresh() {
	for _, f := range p.refreshes {
		f()
	}
}

// Sizes are the numbers of values of one image in each of the results.
func (p *Inference) Sizes() []int { return p.sizes }

// BatchSize is the most images of one call of Run.
func (p *Inference) BatchSize() int { return p.batch }

// Run computes the results of images [N,H,W,C]: outputs[k] becomes [N,Sizes()[k]],
// for each result in order.
func (p *Inference) Run(outputs [][]float32, images []uint8) {
	n := p.begin(outputs, images)
	workers := len(p.plan.pool.workers)
	if n > 0 && n < workers && n <= inferenceShard {
		p.plan.shards = cutBatch(p.plan.shards, n, n)
		p.divider.execute()
		return
	}
	p.plan.shards = cutBatch(p.plan.shards, n, min(inferenceShard, max(n/workers, 1)))
	p.plan.execute()
}

// begin makes images the present batch and returns their number.
func (p *Inference) begin(outputs [][]float32, images []uint8) (n int) {
	size := p.plan.graph.Input().Shape.Elements()
	n = len(images) / size
	fits := n <= p.batch && n*size == len(images) && len(outputs) == len(p.sizes)
	for k := range outputs {
		fits = fits && len(outputs[k]) == n*p.sizes[k]
	}
	if !fits {
		panic(fmt.Sprintf("engine: %d bytes of images of %d and %d outputs for %d results, or their lengths, do not make a batch of at most %d",
			len(images), size, len(outputs), len(p.sizes), p.batch))
	}
	p.outputs, p.plan.images, p.plan.count = outputs, images, n
	return n
}

// Close ends the workers.
func (p *Inference) Close() { p.plan.pool.close() }
