package engine

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// slots hold what every shard contributes to a step: gradients of small layers
// and batch statistics. After the shards are done the slots are added up in a
// balanced binary tree over the shards' indexes.
type slots struct {
	of         [][]float32       // a slot for each shard
	size       int               // of one slot
	gradients  map[*nn.Param]int // where a parameter's gradient is in a slot
	statistics []slotRange
}

// slotRange is a run of a slot's values.
type slotRange struct{ offset, size int }

// reserve makes room for n values in every slot.
func (l *slots) reserve(n int) (offset int) {
	offset = l.size
	l.size += (n + arenaAlign - 1) / arenaAlign * arenaAlign
	return offset
}

// gradientOf makes room for a parameter's gradient.
func (l *slots) gradientOf(p *nn.Param) (offset int) {
	offset = l.reserve(p.Elements())
	l.gradients[p] = offset
	return offset
}

// statistic makes room for n values that are added up like gradients.
func (l *slots) statistic(n int) (offset int) {
	offset = l.reserve(n)
	l.statistics = append(l.statistics, slotRange{offset, n})
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

// allocate makes the slots for up to count shards.
func (l *slots) allocate(count int) {
	for range count {
		l.of = append(l.of, alignedFloats(l.size))
	}
}

// sum adds a run of values of the slots of the first shards into slot 0, and
// returns it.
func (l *slots) sum(r slotRange, shards int) []float32 {
	first, last := r.offset, r.offset+r.size
	for step := 1; step < shards; step *= 2 {
		for i := 0; i+step < shards; i += 2 * step {
			kernel.Add(l.of[i][first:last], l.of[i+step][first:last])
		}
	}
	return l.of[0][first:last]
}
