package sensor

import (
	"math"
	"slices"
	"testing"

	"github.com/blocktrain/blocktrain/internal/rng"
)

func TestAddWeightedIsItsGenericTwin(t *testing.T) {
	own := weigher
	t.Cleanup(func() { weigher = own })
	random := rng.NewKey(1, rng.TestPurpose).Stream(0, 0, 0)
	for _, i := range available() {
		t.Run(i.name, func(t *testing.T) {
			weigher = i
			for n := range 40 {
				values, got := make([]int32, n), make([]int64, n+1)
				for x := range values {
					values[x], got[x] = int32(random.Uint32()), int64(random.Uint64()>>2)
				}
				if n > 2 {
					values[0], values[n-1] = math.MinInt32, math.MaxInt32
				}
				got[n] = 7 // is not written
				want := slices.Clone(got)
				weight := []int64{0, 1, weightOne, -weightOne, math.MaxInt32, math.MinInt32}[n%6]
				addWeighted(got[:n], values, weight)
				addWeightedGeneric(want[:n], values, weight)
				if !slices.Equal(got, want) {
					t.Fatalf("%d values times %d: %d, want %d", n, weight, got, want)
				}
			}
		})
	}
}
