package engine

import (
	"math"
	"testing"

	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// TestPlanarConvolution compares convolutions over planes, whole and in parts, with
// those through gathered taps, bit for bit.
func TestPlanarConvolution(t *testing.T) {
	s := rng.NewKey(23, rng.TestPurpose).Stream(0, 0, 0)
	for _, size := range [][2]int{{1, 1}, {1, 5}, {5, 2}, {6, 9}, {9, 17}} {
		for kernel := 1; kernel < 6; kernel++ {
			for padY := range kernel {
				for _, padX := range []int{0, kernel / 2, kernel - 1} {
					in := nn.Shape{H: size[0], W: size[1], C: 1 + int(s.Uint32()%7)}
					out := nn.Shape{H: in.H + 2*padY - kernel + 1, W: in.W + 2*padX - kernel + 1, C: 1 + int(s.Uint32()%13)}
					if out.H > 0 && out.W > 0 {
						g := window{in: in, out: out, kernel: kernel, stride: 1, padY: padY, padX: padX}
						comparePlanar(t, g, s)
					}
				}
			}
		}
	}
}

// drawn returns n random values.
func drawn(s *rng.Stream, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(int32(s.Uint32())) / (1 << 31)
	}
	return x
}

func comparePlanar(t *testing.T, g window, s *rng.Stream) {
	t.Helper()
	x := drawn(s, g.in.Elements())
	v := &conv{window: g, groups: 1, weight: drawn(s, g.taps()*g.in.C*g.out.C), bias: drawn(s, g.out.C)}
	want := make([]float32, g.out.Elements())
	runs := g.outputRuns(g.everyTap(1))
	for i := range runs {
		v.multiply(want, x, &runs[i], 1)
	}
	p := &planarConv{window: g, weights: v.weight, bias: v.bias}
	p.layOut()
	in, scratch, got := drawn(s, g.in.C*p.from.size), drawn(s, g.out.C*p.to.size), make([]float32, g.out.Elements())
	p.widen(in, x)
	p.convolve(got, in, scratch, 0, g.out.H/2)
	p.convolve(got, in, scratch, g.out.H/2, g.out.H)
	sameValues(t, g, got, want)
}

func sameValues(t *testing.T, g window, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%v to %v, kernel %d, stride %d, padding %d and %d: value %d is %v, want %v",
				g.in, g.out, g.kernel, g.stride, g.padY, g.padX, i, got[i], want[i])
		}
	}
}

// TestWeightGradientOfRows compares the gradient of weights that takes the rows of a
// kernel together with that which takes them one by one, bit for bit.
func TestWeightGradientOfRows(t *testing.T) {
	s := rng.NewKey(24, rng.TestPurpose).Stream(0, 0, 0)
	for _, size := range [][2]int{{1, 1}, {2, 6}, {7, 4}, {9, 9}} {
		for kernel := 2; kernel < 8; kernel++ {
			for padding := range kernel {
				for stride := 1; stride < 3; stride++ {
					in := nn.Shape{H: size[0], W: size[1], C: 1 + int(s.Uint32()%2)}
					h, w := in.H+2*padding-kernel, in.W+2*padding-kernel
					if h < 0 || w < 0 {
						continue
					}
					out := nn.Shape{H: h/stride + 1, W: w/stride + 1, C: 1 + int(s.Uint32()%9)}
					compareSums(t, window{in: in, out: out, kernel: kernel, stride: stride, padY: padding, padX: padding}, s)
				}
			}
		}
	}
}

func compareSums(t *testing.T, g window, s *rng.Stream) {
	t.Helper()
	v := &conv{window: g, groups: 1}
	taps, size := v.gathering(), g.taps()*g.in.C*g.out.C
	x, dy := drawn(s, taps.in.Elements()), drawn(s, g.out.Elements())
	got, want := drawn(s, size), drawn(s, size)
	for _, accumulate := range []bool{false, true} {
		v.sumOfTaps(taps)(want, x, dy, accumulate)
		v.sumOfRows(taps)(got, x, dy, accumulate)
		sameValues(t, g, got, want)
	}
}
