package engine

import "slices"

// tensor is a value between two operations of a plan: size float32 numbers for
// every example.
type tensor struct {
	size   int  // values of one example
	bytes  bool // holds bytes instead of float32 numbers
	place  place
	offset int // in its arena
	room   int // examples that it has memory for

	first, last int  // positions of the operations between which it needs its memory
	used        bool // first and last are set
	started     bool // a gradient's first contribution has been emitted
}

// place says which examples of a tensor have memory at the same time.
type place uint8

const (
	// inGroup: those that a worker takes through a group at a time; all uses
	// are in that group.
	inGroup place = iota
	// inShard: those of the shard that a worker or a crew has; all uses are in
	// one segment.
	inShard
	// inBatch: all. The tensor crosses segments, and between them shards change
	// workers.
	inBatch
)

// use widens the tensor's lifetime to the operation at position.
func (t *tensor) use(position int) {
	if !t.used {
		t.first, t.last, t.used = position, position, true
	}
	t.first, t.last = min(t.first, position), max(t.last, position)
}

// begin is the place of a span's first example in the tensor's memory.
func (t *tensor) begin(s span) int {
	switch t.place {
	case inBatch:
		return t.offset + s.first*t.size
	case inShard:
		return t.offset + s.within*t.size
	}
	return t.offset
}

// arena is where a worker finds the tensor.
func (t *tensor) arena(w *worker) *arena {
	switch t.place {
	case inBatch:
		return &w.plan.batch
	case inShard:
		return &w.crew.arena
	}
	return &w.arena
}

// of returns the tensor's values for the examples of s: [count,size].
func (t *tensor) of(w *worker, s span) []float32 {
	return t.arena(w).values[t.begin(s):][:s.count*t.size]
}

// bytesOf is of for a tensor of bytes.
func (t *tensor) bytesOf(w *worker, s span) []uint8 {
	return t.arena(w).bytes[t.begin(s):][:s.count*t.size]
}

// meets says that two tensors of one arena have memory in common.
func (t *tensor) meets(other *tensor) bool {
	return t.bytes == other.bytes && t.offset < other.offset+other.size*other.room && other.offset < t.offset+t.size*t.room
}

// arena is memory that is cut up once, when a plan is made.
type arena struct {
	values []float32
	bytes  []uint8
}

// arenaSize is what the tensors of an arena need.
type arenaSize struct{ values, bytes int }

func (s arenaSize) arena() arena { return arena{alignedFloats(s.values), make([]uint8, s.bytes)} }

// layOutArena is layOut for tensors of numbers and of bytes.
func layOutArena(tensors []*tensor) arenaSize {
	var values, bytes []*tensor
	for _, t := range tensors {
		if t.bytes {
			bytes = append(bytes, t)
		} else {
			values = append(values, t)
		}
	}
	return arenaSize{layOut(values), layOut(bytes)}
}

// arenaAlign is the number of values to whose multiple offsets are rounded up.
const arenaAlign = 16

// layOut gives each tensor an offset such that tensors that live at the same
// time do not overlap, and returns the memory they need, in values. Large tensors
// are placed first, each at the lowest offset that is free for its whole life.
func layOut(tensors []*tensor) int {
	extent := func(t *tensor) int { return (t.size*t.room + arenaAlign - 1) / arenaAlign * arenaAlign }
	order := slices.Clone(tensors)
	slices.SortStableFunc(order, func(a, b *tensor) int { return extent(b) - extent(a) })
	var placed []*tensor
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
