package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAddWeighted(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := range 40 {
			values, got := make([]int32, n+1), make([]int64, n+1)
			for i := range values {
				values[i], got[i] = int32(r.Uint32()), int64(r.Uint64())
			}
			values[0], values[n/2] = math.MinInt32, math.MaxInt32
			want, weight := slices.Clone(got), []int64{0, 1, 1 << 16, -1 << 16, math.MaxInt32, math.MinInt32}[n%6]
			AddWeighted(got[:n], values, weight) // the last sum is not written
			addWeightedGeneric(want[:n], values, weight)
			if !slices.Equal(got, want) {
				t.Fatalf("%d values times %d: %d, want %d", n, weight, got, want)
			}
		}
	})
}
