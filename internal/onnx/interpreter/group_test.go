package interpreter

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMultiplyGroup compares all that this machine can use with the loop in Go and with sums
// one by one, to the bit.
func TestMultiplyGroup(t *testing.T) {
	for _, way := range ways() {
		t.Run(way.name, func(t *testing.T) { testMultiplyGroup(t, way) })
	}
}

// way computes sums of products.
type way struct {
	name          string
	multiplyGroup func(weights, panel []float32, bias *[groupRows]float32, to []float32, apart int)
	sumPlaces     func(weights []float32, distances []int, pixels []float32, bias float32, to *[placesTogether]float32)
	clip          func(out, in []float32, low, high float32)
	scale         func(out, in []float32, factor, offset float64)
}

var inGo = way{"go", multiplyGroupGo, sumPlacesGo, clipGo, scaleGo}

// numbers returns a source of numbers, ordinary ones and others.
func numbers() func() float32 {
	r := rand.New(rand.NewPCG(1, 2))
	special := []float32{0, float32(math.Copysign(0, -1)), math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1)), -1}
	return func() float32 {
		if r.IntN(20) == 0 {
			return special[r.IntN(len(special))]
		}
		return float32(r.NormFloat64())
	}
}

func testMultiplyGroup(t *testing.T, way way) {
	number := numbers()
	for _, depth := range []int{0, 1, 2, 3, 4, 7, 64, 577} {
		weights, panel := make([]float32, depth*groupRows), make([]float32, depth*panelColumns)
		for i := range weights {
			weights[i] = number()
		}
		for i := range panel {
			panel[i] = number()
		}
		bias := [groupRows]float32{number(), number(), number(), number()}
		const apart = panelColumns + 5
		got := slices.Repeat([]float32{-7}, groupRows*apart)
		way.multiplyGroup(weights, panel, &bias, got, apart)
		for i, found := range got {
			row, column, want := i/apart, i%apart, float32(-7)
			if column < panelColumns {
				want = 0
				for k := range depth {
					want += float32(weights[k*groupRows+row] * panel[k*panelColumns+column])
				}
				want += bias[row]
			}
			if !same(found, want) {
				t.Errorf("depth %d, row %d, column %d: %v, want %v", depth, row, column, found, want)
			}
		}
	}
}

// TestMultiply checks products of weights whose rows fill whole groups, two at a time or one,
// and do not, to the bit.
func TestMultiply(t *testing.T) {
	number := numbers()
	for rows := 1; rows <= 21; rows++ {
		for _, depth := range []int{1, 5, 32} {
			weights, biases, panel := make([]float32, rows*depth), make([]float32, rows), make([]float32, depth*panelColumns)
			for _, values := range [][]float32{weights, biases, panel} {
				for i := range values {
					values[i] = number()
				}
			}
			p := pack(rows, depth, func(row, k int) float32 { return weights[row*depth+k] }, func(row int) float32 { return biases[row] })
			for _, columns := range []int{panelColumns, panelColumns - 3} {
				const apart = panelColumns + 5
				got := slices.Repeat([]float32{-7}, rows*apart)
				p.multiply(panel, got, apart, 1, columns)
				for i, found := range got {
					row, column, want := i/apart, i%apart, float32(-7)
					if column < columns {
						want = 0
						for k := range depth {
							want += float32(weights[row*depth+k] * panel[k*panelColumns+column])
						}
						want += biases[row]
					}
					if !same(found, want) {
						t.Errorf("%d rows, depth %d, row %d, column %d of %d: %v, want %v", rows, depth, row, column, columns, found, want)
					}
				}
			}
		}
	}
}

// TestClipAndScale compares all that this machine can use with the loops in Go, to the bit.
func TestClipAndScale(t *testing.T) {
	number := numbers()
	for _, way := range ways() {
		t.Run(way.name, func(t *testing.T) {
			for n := range 40 {
				in := make([]float32, n)
				for i := range in {
					in[i] = number()
				}
				if n > 0 {
					in[n/2] = float32(math.NaN())
				}
				got, want := make([]float32, n+1), make([]float32, n+1)
				check := func(what string) {
					t.Helper()
					if !slices.EqualFunc(got, want, same) {
						t.Errorf("%s of %v: %v, want %v", what, in, got, want)
					}
				}
				way.clip(got[:n], in, 0, 0.5)
				clipGo(want, in, 0, 0.5)
				check("clip")
				way.scale(got[:n], in, 1.0/3, -0.1)
				scaleGo(want, in, 1.0/3, -0.1)
				check("scale")
			}
		})
	}
}

// same reports whether two numbers have the same bits. A NaN is a NaN.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func BenchmarkMultiplyGroup(b *testing.B) {
	const depth = 256
	weights, panel := make([]float32, depth*groupRows), make([]float32, depth*panelColumns)
	sums, bias := make([]float32, groupRows*panelColumns), new([groupRows]float32)
	for _, way := range ways() {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				way.multiplyGroup(weights, panel, bias, sums, panelColumns)
			}
			b.ReportMetric(float64(depth*len(sums))*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "products/ns")
		})
	}
}
