package engine

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestCutBatch(t *testing.T) {
	tests := []struct {
		examples, size int
		want           []int // examples of each shard
	}{
		{1, 16, []int{1}},
		{7, 16, []int{7}},
		{16, 16, []int{16}},
		{23, 16, []int{23}},     // 7 are under half a shard
		{24, 16, []int{16, 8}},  // 8 are not
		{39, 16, []int{16, 23}}, // the remainder joins the last shard
		{5, 1, []int{1, 1, 1, 1, 1}},
		{7, 3, []int{3, 4}},
		{8, 3, []int{3, 3, 2}},
	}
	for _, test := range tests {
		var got []int
		first := 0
		for i, s := range cutBatch(nil, test.examples, test.size) {
			if s.first != first || s.index != i {
				t.Errorf("%d by %d: shard %d begins at %d with index %d, want %d", test.examples, test.size, i, s.first, s.index, first)
			}
			first += s.count
			got = append(got, s.count)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%d by %d: shards of %v, want %v", test.examples, test.size, got, test.want)
		}
	}
}

// TestCutBatchFitsItsMemory compares with what the plan allocates for the
// largest batch.
func TestCutBatchFitsItsMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		batch, size := rapid.IntRange(1, 300).Draw(t, "batch"), rapid.IntRange(1, 40).Draw(t, "size")
		n := rapid.IntRange(1, batch).Draw(t, "examples")
		shards := cutBatch(nil, n, size)
		if most := len(cutBatch(nil, batch, size)); len(shards) > most {
			t.Fatalf("%d examples make %d shards, the whole batch of %d makes %d", n, len(shards), batch, most)
		}
		total := 0
		for _, s := range shards {
			if s.count < 1 || s.count > largestShard(batch, size) {
				t.Fatalf("a shard has %d examples, want 1 to %d", s.count, largestShard(batch, size))
			}
			total += s.count
		}
		if total != n {
			t.Fatalf("the shards have %d examples, want %d", total, n)
		}
	})
}

// TestLayOutKeepsLivingTensorsApart lays out tensors of any sizes and lifetimes.
func TestLayOutKeepsLivingTensorsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tensors []*tensor
		for range rapid.IntRange(1, 20).Draw(t, "tensors") {
			a, b := rapid.IntRange(0, 10).Draw(t, "a"), rapid.IntRange(0, 10).Draw(t, "b")
			tensors = append(tensors, &tensor{
				size: rapid.IntRange(1, 100).Draw(t, "size"), room: rapid.IntRange(1, 5).Draw(t, "room"), first: min(a, b), last: max(a, b),
			})
		}
		total := layOut(tensors)
		for i, a := range tensors {
			if a.offset%arenaAlign != 0 || a.offset+a.size*a.room > total {
				t.Fatalf("tensor %d at %d to %d of %d", i, a.offset, a.offset+a.size*a.room, total)
			}
			for _, b := range tensors[:i] {
				together := a.first <= b.last && b.first <= a.last
				overlap := a.offset < b.offset+b.size*b.room && b.offset < a.offset+a.size*a.room
				if together && overlap {
					t.Fatalf("%+v and %+v live at the same time in the same place", *a, *b)
				}
			}
		}
	})
}
