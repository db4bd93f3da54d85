package kernel

import (
	"fmt"
	"math"
	"testing"
)

// guarded is a slice with cells around it that nothing may touch.
type guarded struct {
	all  []float32
	body []float32
}

const guard = float32(-12345.5)

func newGuarded(values []float32) guarded {
	const margin = 16
	all := make([]float32, len(values)+2*margin)
	for i := range all {
		all[i] = guard
	}
	copy(all[margin:], values)
	return guarded{all, all[margin:][:len(values)]}
}

func (g guarded) check(t *testing.T, name string) {
	t.Helper()
	margin := (len(g.all) - len(g.body)) / 2
	for i, v := range g.all {
		if (i < margin || i >= margin+len(g.body)) && v != guard {
			t.Fatalf("%s: wrote outside of its slice at %d", name, i-margin)
		}
	}
}

// randoms returns n multiples of 2^-22 in [-2, 2), the same for the same item.
func randoms(n int, item uint32) []float32 {
	m := mix(item)
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(int32(m.next()>>40)-1<<23) / (1 << 22)
	}
	return x
}

// offsetsFor returns n offsets of rows of stride elements, one in eight of them
// negative.
func offsetsFor(n, stride, item int) []int32 {
	m := mix(item)
	offsets := make([]int32, n)
	for i := range offsets {
		offsets[i] = int32(m.next()>>61)*int32(stride) - int32(stride)
		if offsets[i] < 0 {
			offsets[i] = -1
		}
	}
	return offsets
}

// at reads a gathered value, zero for a negative offset.
func at(a []float32, offset int32, k int) float32 {
	if offset < 0 {
		return 0
	}
	return a[int(offset)+k]
}

func TestProductIsItsScalarLoop(t *testing.T) { eachImplementation(t, testProductIsItsScalarLoop) }

func testProductIsItsScalarLoop(t *testing.T) {
	for _, rows := range []int{1, 2, 7} {
		for _, taps := range []int{0, 1, 9} {
			for _, k := range []int{1, 3} {
				for _, n := range []int{1, 5, 16, 67} {
					for mode := range 3 {
						checkProduct(t, rows, taps, k, n, mode)
					}
				}
			}
		}
	}
}

// checkProduct compares Gather with the loop of its doc comment; mode 0 starts
// from zero, 1 from a bias, 2 accumulates.
func checkProduct(t *testing.T, rows, taps, k, n, mode int) {
	t.Helper()
	name := fmt.Sprintf("rows %d taps %d k %d n %d mode %d", rows, taps, k, n, mode)
	stride, bStride := n+3, n+2
	dst := newGuarded(randoms(rows*stride, 1))
	p := Product{
		Dst: dst.body, DstStride: stride, A: randoms(8*k, 2), Offsets: offsetsFor(rows*taps, k, n),
		B: randoms(taps*k*bStride+n, 3), BStride: bStride, Rows: rows, Taps: taps, K: k, N: n, Accumulate: mode == 2,
	}
	if mode == 1 {
		p.Bias = randoms(n, 4)
	}
	want := append([]float32(nil), dst.body...)
	for m := range rows {
		for j := range n {
			acc := float32(0)
			switch mode {
			case 1:
				acc = p.Bias[j]
			case 2:
				acc = want[m*stride+j]
			}
			for tap := range taps {
				for i := range k {
					acc = FMA32(at(p.A, p.Offsets[m*taps+tap], i), p.B[(tap*k+i)*bStride+j], acc)
				}
			}
			want[m*stride+j] = acc
		}
	}
	p.Gather()
	sameBits(t, name, dst.body, want)
	dst.check(t, name)
}

func TestOuterIsItsScalarLoop(t *testing.T) { eachImplementation(t, testOuterIsItsScalarLoop) }

func testOuterIsItsScalarLoop(t *testing.T) {
	for _, m := range []int{1, 3, 6} {
		for _, n := range []int{1, 8, 33} {
			for _, steps := range []int{0, 1, 10} {
				for mode := range 3 {
					checkOuterLoop(t, 1+steps%3, m, n, steps, mode, false)
					checkOuterLoop(t, 1+steps%2, m, n, steps, mode, true)
				}
			}
		}
	}
}

// checkOuterLoop is checkProduct for Outer, with B gathered or not.
func checkOuterLoop(t *testing.T, pieces, m, n, steps, mode int, gathered bool) {
	t.Helper()
	name := fmt.Sprintf("pieces %d m %d n %d steps %d mode %d gathered %v", pieces, m, n, steps, mode, gathered)
	o := Outer{
		DstStride: n + 3, A: randoms((8+pieces)*m, 6), Offsets: offsetsFor(steps, m, n), PieceStride: m + 1,
		B: randoms((steps+8)*(n+1), 7), BStride: n + 1, Pieces: pieces, M: m, N: n, Accumulate: mode == 2,
	}
	row := func(k int) int32 { return int32(k * o.BStride) }
	if gathered {
		o.BOffsets = offsetsFor(steps, n, m)
		row = func(k int) int32 { return o.BOffsets[k] }
	}
	if mode == 1 {
		o.Bias = randoms(pieces*m, 8)
	}
	dst := newGuarded(randoms(pieces*m*o.DstStride, 5))
	o.Dst = dst.body
	want := append([]float32(nil), dst.body...)
	for i := range pieces * m {
		for j := range n {
			acc := []float32{0, 0, want[i*o.DstStride+j]}[mode]
			if mode == 1 {
				acc = o.Bias[i]
			}
			for k, offset := range o.Offsets {
				acc = FMA32(at(o.A, offset, i/m*o.PieceStride+i%m), at(o.B, row(k), j), acc)
			}
			want[i*o.DstStride+j] = acc
		}
	}
	o.Sum()
	sameBits(t, name, dst.body, want)
	dst.check(t, name)
}

func TestDepthwiseIsAProductOfEachChannel(t *testing.T) {
	eachImplementation(t, testDepthwiseIsAProductOfEachChannel)
}

func testDepthwiseIsAProductOfEachChannel(t *testing.T) {
	const rows, taps, channels = 5, 9, 7
	d := Depthwise{
		Dst: make([]float32, rows*channels), A: randoms(8*channels, 1), Offsets: offsetsFor(rows*taps, channels, 1),
		W: randoms(taps*channels, 2), Bias: randoms(channels, 3), Rows: rows, Taps: taps, Channels: channels,
	}
	d.Convolve()
	gradient := make([]float32, taps*channels)
	DepthwiseGradient(gradient, d.A, d.Dst, d.Offsets, rows, taps, channels)
	for c := range channels {
		for m := range rows {
			acc := d.Bias[c]
			for tap := range taps {
				acc = FMA32(at(d.A, d.Offsets[m*taps+tap], c), d.W[tap*channels+c], acc)
			}
			sameBits(t, "output", d.Dst[m*channels+c:][:1], []float32{acc})
		}
		for tap := range taps {
			acc := float32(0)
			for m := range rows {
				acc = FMA32(at(d.A, d.Offsets[m*taps+tap], c), d.Dst[m*channels+c], acc)
			}
			sameBits(t, "gradient", gradient[tap*channels+c:][:1], []float32{acc})
		}
	}
}

func TestMaxPoolTakesTheFirstOfEquals(t *testing.T) {
	eachImplementation(t, testMaxPoolTakesTheFirstOfEquals)
}

func testMaxPoolTakesTheFirstOfEquals(t *testing.T) {
	nan := float32(math.NaN())
	tests := []struct {
		x     []float32
		want  float32
		index uint8
	}{
		{[]float32{1, 3, 3, 2}, 3, 1},
		{[]float32{-1, -2, -3, -1}, -1, 0},
		{[]float32{1, nan, 3, nan}, nan, 1},
		{[]float32{float32(math.Inf(-1)), float32(math.Inf(-1)), 0, 0}, 0, 2},
	}
	for _, test := range tests {
		dst, index, dx := make([]float32, 1), make([]uint8, 1), make([]float32, 4)
		offsets := []int32{0, 1, 2, 3}
		MaxPool(dst, index, test.x, offsets, 1, 4, 1)
		if math.Float32bits(dst[0]) != math.Float32bits(test.want) || index[0] != test.index {
			t.Errorf("MaxPool(%v) = %v at %d, want %v at %d", test.x, dst[0], index[0], test.want, test.index)
		}
		MaxPoolGradient(dx, index, []float32{2}, offsets, 1, 4, 1)
		for i, v := range dx {
			if (v == 2) != (i == int(test.index)) {
				t.Errorf("gradient %v went to the wrong element", dx)
			}
		}
	}
	dst, index := []float32{0}, []uint8{0}
	MaxPool(dst, index, []float32{-5}, []int32{-1, 0, -1}, 1, 3, 1)
	if dst[0] != -5 || index[0] != 1 {
		t.Errorf("padding won: %v at %d, want -5 at 1", dst[0], index[0])
	}
}

func TestReLULetsNaNThrough(t *testing.T) { eachImplementation(t, testReLULetsNaNThrough) }

func testReLULetsNaNThrough(t *testing.T) {
	x := []float32{-1, float32(math.Copysign(0, -1)), 0, 2, float32(math.NaN()), float32(math.Inf(1)), 7}
	dst := make([]float32, len(x))
	ReLU(dst, x)
	sameBits(t, "ReLU", dst, []float32{0, 0, 0, 2, x[4], x[5], 7})
	ReLU6(dst, x)
	sameBits(t, "ReLU6", dst, []float32{0, 0, 0, 2, x[4], 6, 6})
}

func TestNormalizeStatistics(t *testing.T) { eachImplementation(t, testNormalizeStatistics) }

func testNormalizeStatistics(t *testing.T) {
	x := []float32{1, 10, 2, 20, 3, 30, 6, 60} // two images, two pixels, two channels
	mean, variance, scratch := make([]float32, 2), make([]float32, 2), make([]float32, 2*NormScratch)
	moments := make([]float32, 8)
	Moments(moments[:2], moments[2:4], scratch, x[:4])
	Moments(moments[4:6], moments[6:], scratch, x[4:])
	sameBits(t, "moments", moments, []float32{1.5, 15, 0.5, 50, 4.5, 45, 4.5, 450})
	JoinMoments(mean, variance, scratch, moments, 2, 2)
	sameBits(t, "mean", mean, []float32{3, 30})
	sameBits(t, "variance", variance, []float32{3.5, 350})
}

func sameBits(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: element %d is %v (%08x), want %v (%08x)", name, i,
				got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}
