package interpreter

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestMultiplyGroup compares all that this machine can use with the loop in Go and with sums
// one by one, to the bit.
func TestMultiplyGroup(t *testing.T) {
	for _, way := range multiplyWays() {
		t.Run(way.name, func(t *testing.T) { testMultiplyGroup(t, way.multiply) })
	}
}

type multiplyWay struct {
	name     string
	multiply func(weights, panel []float32, sums *[groupRows * panelColumns]float32)
}

func testMultiplyGroup(t *testing.T, multiply func(weights, panel []float32, sums *[groupRows * panelColumns]float32)) {
	r := rand.New(rand.NewPCG(1, 2))
	special := []float32{0, float32(math.Copysign(0, -1)), math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1)), -1}
	number := func() float32 {
		if r.IntN(20) == 0 {
			return special[r.IntN(len(special))]
		}
		return float32(r.NormFloat64())
	}
	for _, depth := range []int{0, 1, 2, 3, 4, 7, 64, 577} {
		weights, panel := make([]float32, depth*groupRows), make([]float32, depth*panelColumns)
		for i := range weights {
			weights[i] = number()
		}
		for i := range panel {
			panel[i] = number()
		}
		var got, inGo [groupRows * panelColumns]float32
		multiply(weights, panel, &got)
		multiplyGroupGo(weights, panel, &inGo)
		for i := range got {
			var want float32
			for k := range depth {
				want += float32(weights[k*groupRows+i/panelColumns] * panel[k*panelColumns+i%panelColumns])
			}
			if !same(got[i], want) || !same(inGo[i], want) {
				t.Errorf("depth %d, sum %d: %v, and %v in Go; want %v", depth, i, got[i], inGo[i], want)
			}
		}
	}
}

// same reports whether two numbers have the same bits. A NaN is a NaN.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func BenchmarkMultiplyGroup(b *testing.B) {
	const depth = 256
	weights, panel := make([]float32, depth*groupRows), make([]float32, depth*panelColumns)
	var sums [groupRows * panelColumns]float32
	for _, way := range multiplyWays() {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				way.multiply(weights, panel, &sums)
			}
			b.ReportMetric(float64(depth*len(sums))*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "products/ns")
		})
	}
}
