package engine

import "slices"

// tensor is a value between two operations of a plan: size float32 numbers for
// every example. A tensor whose uses all fall into one segment lives in the
// arena of the worker that has the shard; one that crosses segments lives in the
// batch arena, where every example has its own place.
type tensor struct {
	size   int // values of one example
	offset int // in its arena, in values of one example (batch) or of a largest shard (worker)
	batch  bool
	bytes  bool // holds bytes instead of float32 numbers

	first, last int  // positions of the operations that use it
	used        bool // first and last are set
	started     bool // a gradient's first contribution has been emitted
}

// use widens the tensor's lifetime to the operation at position.
func (t *tensor) use(position int) {
	if !t.used {
		t.first, t.last, t.used = position, position, true
	}
	t.first, t.last = min(t.first, position), max(t.last, position)
}

// of returns the tensor's values for the examples of s: [count,size].
func (t *tensor) of(w *worker, s span) []float32 {
	if t.batch {
		return w.plan.batch.values[t.offset+s.first*t.size:][:s.count*t.size]
	}
	return w.arena.values[t.offset:][:s.count*t.size]
}

// bytesOf is of for a tensor of bytes.
func (t *tensor) bytesOf(w *worker, s span) []uint8 {
	if t.batch {
		return w.plan.batch.bytes[t.offset+s.first*t.size:][:s.count*t.size]
	}
	return w.arena.bytes[t.offset:][:s.count*t.size]
}

// arena is memory that is cut up once, when a plan is made.
type arena struct {
	values []float32
	bytes  []uint8
}

// arenaAlign is the number of values to whose multiple offsets are rounded up.
const arenaAlign = 16

// layOut gives each tensor an offset such that tensors that live at the same
// time do not overlap, and returns the memory they need, in values. Each takes
// examples times its size. Large tensors are placed first, each at the lowest
// offset that is free for its whole life.
func layOut(tensors []*tensor, examples int) int {
	order := slices.Clone(tensors)
	slices.SortStableFunc(order, func(a, b *tensor) int { return b.size - a.size })
	var placed []*tensor
	extent := func(t *tensor) int { return (t.size*examples + arenaAlign - 1) / arenaAlign * arenaAlign }
	total := 0
	for _, t := range order {
		t.offset = 0
		for _, other := range placed { // ascending offsets
			apart := other.last < t.first || t.last < other.first
			if apart || other.offset >= t.offset+extent(t) {
				continue
			}
			t.offset = max(t.offset, other.offset+extent(other))
		}
		at, _ := slices.BinarySearchFunc(placed, t.offset, func(p *tensor, offset int) int { return p.offset - offset })
		placed = slices.Insert(placed, at, t)
		total = max(total, t.offset+extent(t))
	}
	return total
}
