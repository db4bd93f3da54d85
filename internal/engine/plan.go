package engine

import (
	"github.com/blocktrain/blocktrain/internal/nn"
)

// span is the part of a batch that one call of an operation covers: the examples
// of a shard, or one task of an operation that takes the whole batch.
type span struct {
	first, count int // examples
	index        int // of the shard, or of the task
}

// op is one operation of a plan. Most run on one shard at a time. An operation
// with tasks set takes the whole batch at once and is cut by outputs instead.
type op struct {
	name  string
	part  part
	uses  []*tensor
	run   func(w *worker, s span)
	tasks func(examples int) int // nil for an operation on shards
}

// segment is a run of operations that a worker does on a shard without waiting
// for other shards, or a single operation on the whole batch.
type segment struct {
	ops   []*op
	tasks func(examples int) int
}

// plan is a graph compiled to operations, memory and the order of both.
type plan struct {
	graph    *nn.Graph
	prepare  []*op // once a step, before all others: repacked weights
	segments []segment
	batch    arena
	pool     *pool
	shards   []span // of the present batch
	count    int    // examples of the present batch

	images  []uint8   // the present batch [count,H,W,C]
	targets []float32 // its targets [count,classes]

	prepareTask, shardTask, batchTask func(w *worker, i int)
	current                           *segment
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

// segmentsOf groups operations into segments.
func segmentsOf(ops []*op) []segment {
	var segments []segment
	for _, o := range ops {
		last := len(segments) - 1
		if o.tasks == nil && last >= 0 && segments[last].tasks == nil {
			segments[last].ops = append(segments[last].ops, o)
			continue
		}
		segments = append(segments, segment{ops: []*op{o}, tasks: o.tasks})
	}
	return segments
}

// allocate decides where every tensor lives and makes the arenas for batches of
// up to batch examples and shards of up to shard.
func (p *plan) allocate(batch, shard, scratch int) {
	segmentAt := map[int]int{} // position -> segment
	position := 0
	var all []*tensor
	seen := map[*tensor]bool{}
	for i, s := range p.segments {
		for _, o := range s.ops {
			segmentAt[position] = i
			for _, t := range o.uses {
				t.use(position)
				if !seen[t] {
					seen[t] = true
					all = append(all, t)
				}
			}
			position++
		}
	}
	var kinds [2][2][]*tensor // [worker, batch][float32, bytes]
	for _, t := range all {
		t.batch = segmentAt[t.first] != segmentAt[t.last] || p.segments[segmentAt[t.first]].tasks != nil
		kinds[index(t.batch)][index(t.bytes)] = append(kinds[index(t.batch)][index(t.bytes)], t)
	}
	p.batch = arena{
		values: alignedFloats(layOut(kinds[1][0], batch)),
		bytes:  make([]uint8, layOut(kinds[1][1], batch)),
	}
	values, bytes := layOut(kinds[0][0], shard), layOut(kinds[0][1], shard)
	for _, w := range p.pool.workers {
		w.plan = p
		w.arena = arena{values: alignedFloats(values), bytes: make([]uint8, bytes)}
		w.scratch = alignedFloats(scratch)
	}
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// bind makes the functions handed to the pool, once, so that a step allocates
// nothing.
func (p *plan) bind() {
	p.prepareTask = func(w *worker, i int) { p.prepare[i].run(w, span{}) }
	p.shardTask = func(w *worker, i int) {
		for _, o := range p.current.ops {
			o.run(w, p.shards[i])
		}
	}
	p.batchTask = func(w *worker, i int) {
		p.current.ops[0].run(w, span{count: p.count, index: i})
	}
}

// execute runs the whole plan on the present batch.
func (p *plan) execute() {
	if len(p.prepare) > 0 {
		p.pool.run(len(p.prepare), p.prepareTask)
	}
	for i := range p.segments {
		p.current = &p.segments[i]
		if p.current.tasks == nil {
			p.pool.run(len(p.shards), p.shardTask)
		} else {
			p.pool.run(p.current.tasks(p.count), p.batchTask)
		}
	}
}
