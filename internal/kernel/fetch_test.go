package kernel

import "testing"

// fetched has products count the rows that they fetch, and returns where.
func fetched(t *testing.T) *int {
	own, counting, rows := active, *active, new(int)
	t.Cleanup(func() { active = own })
	counting.prefetch = func(_ *float32, _, n, _ int) { *rows += n }
	active = &counting
	return rows
}

// nextRows are rows of memory behind a product, of which there must be no others.
func nextRows(counts ...int) (next Next) {
	for i, count := range counts {
		next[i] = Rows{Data: make([]float32, count*5-2), Stride: 5, Count: count, Columns: 3}
	}
	return next
}

// TestProductFetchesEachRowOnce: what a product is told that comes next, and of its
// own right side all but the first block.
func TestProductFetchesEachRowOnce(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		if active.prefetch == nil {
			t.Skip("fetches nothing")
		}
		rows := fetched(t)
		for _, k := range []int{7, gatherBlock + 1, 2*gatherBlock + 100} {
			*rows = 0
			p := gatherCase(70, 1, k, 3, 0)
			p.Next = nextRows(40, 3)
			checkGather(t, p)
			if want := 43 + max(k-gatherBlock, 0); *rows != want {
				t.Errorf("%d rows were fetched, want %d", *rows, want)
			}
		}
		*rows = 0
		o := outerCase(0, 75, 40, 9, 1)
		o.Next = nextRows(1, 64)
		checkSum(t, o)
		if *rows != 65 {
			t.Errorf("%d rows were fetched, want 65", *rows)
		}
	})
}

// TestFewTilesFetchNothing: a portion would be everything at once.
func TestFewTilesFetchNothing(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rows := fetched(t)
		checkGather(t, gatherCase(1, 1, 2*gatherBlock, 3, 0))
		if *rows != 0 {
			t.Errorf("%d rows were fetched, want none", *rows)
		}
	})
}

func TestSmallestOffset(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		if active.smallestOffset == nil {
			t.Skip("has none")
		}
		for n := range 70 {
			offsets := make([]int32, n)
			for i := range offsets {
				offsets[i] = int32(7 * i)
			}
			if got := active.smallestOffset(offsets); got != 0 {
				t.Errorf("the smallest of %d offsets is %d, want 0", n, got)
			}
			for i := range offsets {
				offsets[i] = -5
				if got := active.smallestOffset(offsets); got != -5 {
					t.Errorf("the smallest of %d offsets is %d, want -5", n, got)
				}
				offsets[i] = 0
			}
		}
	})
}
