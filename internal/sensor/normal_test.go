package sensor

import (
	"math"
	"testing"
)

func TestQuantiles(t *testing.T) {
	var square, worst float64
	for i, z := range quantiles {
		want := math.Sqrt2 * math.Erfinv((float64(i)+0.5)/(1<<15))
		worst = max(worst, math.Abs(float64(z)/normalOne-want))
		square += float64(z) * float64(z)
	}
	if worst > 1.3e-4 {
		t.Errorf("a quantile is off by %g", worst)
	}
	variance := square / (1 << 15) / normalOne / normalOne
	t.Logf("largest error %g, variance %.6f, largest number %.3f", worst, variance, float64(quantiles[1<<15-1])/normalOne)
	if math.Abs(variance-1) > 2.2e-5 {
		t.Errorf("variance %.6f, want 1", variance)
	}
	sum := int64(0)
	for bits := range uint32(1 << 16) {
		sum += normal(bits)
	}
	if sum != 0 || normal(0xffff_0001) != -normal(0) || normal(0xfffe) != int64(quantiles[1<<15-1]) {
		t.Errorf("mean %d, want 0", sum)
	}
}

func TestRoot(t *testing.T) {
	for v := uint64(0); v < 1<<62; v += 1 + v/1000 {
		want := math.Sqrt(float64(v))
		if diff := math.Abs(float64(root(v)) - want); diff > 1+3.1e-5*want {
			t.Fatalf("root of %d: %d, want %g", v, root(v), want)
		}
	}
}
