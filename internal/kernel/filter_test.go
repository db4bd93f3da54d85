package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestFilter(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := range 70 {
			src := make([]int32, 2*n+9)
			for i := range src {
				src[i] = int32(r.Uint32())
			}
			src[0], src[n/2] = math.MinInt32, math.MaxInt32
			var offsets []int
			var weights []int64
			for range n % 8 {
				offsets = append(offsets, r.IntN(n+9))
				weights = append(weights, []int64{0, 1, 1 << 16, -1 << 16, math.MaxInt32, math.MinInt32, int64(int32(r.Uint32()))}[r.IntN(7)])
			}
			got := make([]int32, n+1)
			got[n] = 7
			want := slices.Clone(got)
			Filter(got[:n], src, offsets, weights)
			filterGeneric(want[:n], src, offsets, weights)
			if !slices.Equal(got, want) {
				t.Fatalf("%d values at %d times %d: %d, want %d", n, offsets, weights, got, want)
			}
		}
	})
}

// TestFilterRounds checks the definition on numbers that one can follow.
func TestFilterRounds(t *testing.T) {
	dst := make([]int32, 3)
	Filter(dst, []int32{1, 2, 3, 4, -6}, []int{0, 2}, []int64{1 << 15, 1 << 14})
	if want := []int32{1, 2, 0}; !slices.Equal(dst, want) { // 1.25, 2, 0
		t.Errorf("%d, want %d", dst, want)
	}
}

func BenchmarkFilter(b *testing.B) {
	src, dst := make([]int32, 54), make([]int32, 48)
	for b.Loop() {
		Filter(dst, src, []int{0, 1, 2, 3, 4, 5, 6}, []int64{1, 2, 3, 4, 3, 2, 1})
	}
}
