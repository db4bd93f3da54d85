package engine

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// slots hold what every shard contributes to a step: gradients of small layers
// and batch statistics. After the shards are done the slots are added up in a
// balanced binary tree over the shards' indexes.
type slots struct {
	of      [][]float32 // a slot for each shard
	size    int         // of one slot
	entries []slotEntry
	reduce  func(w *worker, i int)
	active  int // shards of the present batch
}

// slotEntry is a parameter's gradient in a slot.
type slotEntry struct {
	param  *nn.Param
	offset int
}

// reserve makes room for n values in every slot.
func (l *slots) reserve(n int) (offset int) {
	offset = l.size
	l.size += (n + arenaAlign - 1) / arenaAlign * arenaAlign
	return offset
}

// gradientOf makes room for a parameter's gradient.
func (l *slots) gradientOf(p *nn.Param) (offset int) {
	offset = l.reserve(p.Elements())
	l.entries = append(l.entries, slotEntry{p, offset})
	return offset
}

// at views n values of the slot of a shard.
func (l *slots) at(s span, offset, n int) []float32 { return l.of[s.index][offset:][:n] }

// begin is at for what adds portion after portion of a shard to the values: they
// are zero before the first.
func (l *slots) begin(s span, offset, n int) []float32 {
	values := l.at(s, offset, n)
	if s.within == 0 {
		clear(values)
	}
	return values
}

// reduceBlock is the number of a slot's values that one task adds up.
const reduceBlock = 4096

// allocate makes the slots for up to count shards.
func (l *slots) allocate(count int) {
	for range count {
		l.of = append(l.of, alignedFloats(l.size))
	}
	l.reduce = func(_ *worker, block int) {
		first := block * reduceBlock
		last := min(first+reduceBlock, l.size)
		for step := 1; step < l.active; step *= 2 {
			for i := 0; i+step < l.active; i += 2 * step {
				kernel.Add(l.of[i][first:last], l.of[i+step][first:last])
			}
		}
	}
}

// sum adds the slots of the first shards into slot 0.
func (l *slots) sum(p *pool, shards int) {
	l.active = shards
	p.run(blocks(l.size, reduceBlock), l.reduce)
}

// collect copies the summed gradients to where their parameters have them.
func (l *slots) collect(gradient []float32) {
	for _, e := range l.entries {
		n := e.param.Elements()
		copy(gradient[e.param.Offset:][:n], l.of[0][e.offset:][:n])
	}
}
