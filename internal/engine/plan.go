package engine

import (
	"sync/atomic"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// span is the part of a batch that one call of an operation covers: some examples
// of a shard, or one task of an operation that takes the whole batch.
type span struct {
	first, count int // examples
	within       int // the first one's place in its shard
	index        int // of the shard, or of the task
}

// op is one operation of a plan. Most can be done on any portion of a shard, a few
// need the whole of it. An operation with tasks set takes the whole batch at once
// and is cut by outputs instead.
type op struct {
	name     string
	part     part
	uses     []*tensor // of a divisible one the input, the output, and others
	run      func(w *worker, s span)
	whole    bool
	cut      bool                   // begins a group
	ordered  bool                   // adds up over a shard, in the order of examples
	together bool                   // gains by all examples of a shard at once
	tasks    func(examples int) int // nil for an operation on shards

	divided   func(w *worker, s span, h share) // nil where it cannot be; see divide.go
	worth     bool                             // of being divided
	pixels    int                              // of an image that are divided; 0 where other outputs are
	pointwise bool
}

// output is the tensor that a divisible operation writes.
func (o *op) output() *tensor { return o.uses[1] }

// plan is a graph compiled to operations, memory and the order of both.
type plan struct {
	graph    *nn.Graph
	prepare  []*op // once a step, before all others: repacked weights
	segments []segment
	batch    arena
	pool     *pool
	crews    []*crew      // nil where every worker takes shards of its own
	shards   []span       // of the present batch
	drawn    atomic.Int64 // shards that crews have drawn
	count    int          // examples of the present batch

	images  []uint8   // the present batch [count,H,W,C]
	targets []float32 // its targets [count,size of a target]

	prepareTask, shardTask, crewTask, batchTask func(w *worker, i int)
	current                                     *segment
}

// cutBatch cuts a batch of n examples into shards of size; a remainder under
// half a shard joins its neighbour.
func cutBatch(shards []span, n, size int) []span {
	shards = shards[:0]
	for first := 0; first < n; {
		count := min(size, n-first)
		if rest := n - first - count; 2*rest < size {
			count += rest
		}
		shards = append(shards, span{first: first, count: count, index: len(shards)})
		first += count
	}
	return shards
}

// largestShard is the most examples that a shard of cutBatch can have.
func largestShard(batch, size int) int { return min(batch, size+(size-1)/2) }

// bind makes the functions handed to the pool, once, so that a step allocates
// nothing.
func (p *plan) bind() {
	p.prepareTask = func(w *worker, i int) { p.prepare[i].run(w, span{}) }
	p.shardTask = func(w *worker, i int) {
		for g := range p.current.groups {
			p.current.groups[g].run(w, p.shards[i])
		}
	}
	p.crewTask = func(w *worker, i int) {
		for j := range p.crews {
			p.crews[(i+j)%len(p.crews)].join(w)
		}
	}
	p.batchTask = func(w *worker, i int) {
		p.current.groups[0].ops[0].run(w, span{count: p.count, index: i})
	}
}

// execute runs the whole plan on the present batch.
func (p *plan) execute() {
	if len(p.prepare) > 0 {
		p.pool.run(len(p.prepare), p.prepareTask)
	}
	for i := range p.segments {
		p.current = &p.segments[i]
		switch {
		case p.current.tasks != nil:
			p.pool.run(p.current.tasks(p.count), p.batchTask)
		case p.crews != nil:
			p.drawn.Store(0)
			for _, c := range p.crews {
				c.members.Store(0)
				c.nextShard(p)
			}
			p.pool.run(len(p.pool.workers), p.crewTask)
		default:
			p.pool.run(len(p.shards), p.shardTask)
		}
	}
}
