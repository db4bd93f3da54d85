package engine

import (
	"slices"
	"testing"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// TestLateGradient compares the tree of a late gradient with that of the slots, for
// numbers of shards that are powers of two and others.
func TestLateGradient(t *testing.T) {
	const in, out, size = 7, 5, 3
	l := &linear{in: in, out: out}
	for batch := 1; batch <= 40; batch++ {
		shards := cutBatch(nil, batch, size)
		w := &worker{plan: &plan{shards: shards, batch: arena{values: randomFloats(batch*(in+out), uint32(batch))}}}
		x := &tensor{size: in, place: inBatch}
		dy := &tensor{size: out, place: inBatch, offset: batch * in}
		g := &lateGradient{linear: l, x: x, dy: dy, rows: rowOffsets(largestShard(batch, size), in)}

		want := &slots{}
		whole := slotRange{want.reserve(in * out), in * out}
		want.allocate(len(shards))
		for _, s := range shards {
			outer := kernel.Outer{
				Dst: want.at(s, 0, in*out), DstStride: out, A: x.of(w, s), Offsets: g.rows[:s.count],
				B: dy.of(w, s), BStride: out, M: in, N: out,
			}
			outer.Sum()
		}
		sum := want.sum(whole, len(shards))

		const first, count = 2, 4
		got, scratch := make([]float32, count*out), make([]float32, 6*count*out)
		g.sum(got, scratch, w, shards, first, count)
		if !slices.Equal(got, sum[first*out:][:count*out]) {
			t.Errorf("%d shards: got %v, want %v", len(shards), got, sum[first*out:][:count*out])
		}
	}
}
