package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// awkward returns n values among which are zeros of both signs, infinities,
// subnormal numbers and ties.
func awkward(seed uint64, n int) []float32 {
	m := mix(seed)
	x := make([]float32, n)
	special := []float32{0, math.Float32frombits(1 << 31), 1, -1, 0x1p-149, -0x1p-140, 0x1p-126, 0x1p-75}
	for i := range x {
		switch r := m.next(); r % 8 {
		case 0:
			x[i] = special[r>>8%uint64(len(special))]
		case 1:
			_, x[i], _ = m.triple()
			if x[i]-x[i] != 0 {
				x[i] = 0x1.fffffep127
			}
		default:
			x[i] = withExponent(m.float32(), 120+r>>8%12)
		}
	}
	return x
}

// withInfinity replaces one value by an infinity.
func withInfinity(x []float32, at int) []float32 {
	if len(x) > 0 {
		x[at%len(x)] = float32(math.Inf(1))
	}
	return x
}

// sameAs fails unless all values are the same bits, or both NaN.
func sameAs(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i := range want {
		if !same(got[i], want[i]) {
			t.Fatalf("%s: element %d of %d is %x, want %x", name, i, len(want), got[i], want[i])
		}
	}
}

// gatherCase is a product of a size and start: mode 0 from zero, 1 from a bias,
// 2 from Dst.
func gatherCase(rows, taps, k, n, mode int) Product {
	p := Product{
		DstStride: n + 3, A: awkward(2, 8*k+k), Offsets: offsetsFor(rows*taps, k, n+mode),
		B: awkward(3, taps*k*(n+2)+n), BStride: n + 2, Rows: rows, Taps: taps, K: k, N: n, Accumulate: mode == 2,
	}
	if mode == 1 {
		p.Bias = awkward(4, n)
	}
	if n%5 == 0 {
		withInfinity(p.A, 7)
	}
	return p
}

func checkGather(t *testing.T, p Product) {
	t.Helper()
	start := awkward(1, p.Rows*p.DstStride)
	dst := newGuarded(start)
	want := p
	want.Dst, p.Dst = append([]float32(nil), start...), dst.body
	want.gatherGeneric()
	p.Gather()
	name := fmt.Sprintf("rows %d taps %d k %d n %d bias %v accumulate %v", p.Rows, p.Taps, p.K, p.N, p.Bias != nil, p.Accumulate)
	sameAs(t, name, p.Dst, want.Dst)
	dst.check(t, name)
}

// TestGatherTiles goes through every tile: all numbers of rows up to twice the
// largest tile, and all numbers of columns up to two panels.
func TestGatherTiles(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for rows := range 14 {
			for n := range 35 {
				checkGather(t, gatherCase(rows, 2, 1+n%6, n, (rows+n)%3))
				checkGather(t, gatherCase(rows, n%4, 1, n, (rows+n+1)%3))
			}
		}
		for rows := 1; rows < 8; rows++ {
			for n := 47; n < 133; n++ {
				checkGather(t, gatherCase(rows, 1+n%2, 1+n%5, n, (rows+n)%3))
			}
		}
		for k := range 24 {
			checkGather(t, gatherCase(5, 3, k, 19, k%3))
		}
		for _, k := range []int{gatherBlock - 1, gatherBlock, gatherBlock + 1, 2*gatherBlock + 7} {
			checkGather(t, gatherCase(2, 1, k, 3, k%3))
			checkGather(t, gatherCase(2, 2, k, 3, k%3))
		}
		checkGather(t, gatherCase(1, 2, 5000, 2, 0)) // longer than the first row of zeros
	})
}

// outerCase is gatherCase for Outer.
func outerCase(pieces, m, n, steps, mode int) Outer {
	o := Outer{
		DstStride: n + 1, Offsets: offsetsFor(steps, m, n), PieceStride: m + n%3,
		B: awkward(7, (steps+8)*(n+3)), BStride: n + 3, Pieces: pieces, M: m, N: n, Accumulate: mode == 2,
	}
	o.A = awkward(6, 8*m+o.extent())
	if mode == 1 {
		o.Bias = awkward(8, o.pieces()*m)
	}
	if n%5 == 0 {
		withInfinity(o.A, 3)
	}
	return o
}

// checkOuter checks a sum with rows of B a stride apart, without rows of zeros, and
// with gathered rows of B.
func checkOuter(t *testing.T, o Outer) {
	t.Helper()
	checkSum(t, o)
	whole := o
	whole.Offsets = slices.Clone(o.Offsets)
	for i, offset := range o.Offsets {
		whole.Offsets[i] = max(offset, 0)
	}
	checkSum(t, whole)
	o.BOffsets = offsetsFor(len(o.Offsets), o.N, o.N+o.M)
	checkSum(t, o)
}

func checkSum(t *testing.T, o Outer) {
	t.Helper()
	start := awkward(5, o.pieces()*o.M*o.DstStride)
	dst := newGuarded(start)
	want := o
	want.Dst, o.Dst = append([]float32(nil), start...), dst.body
	want.sumGeneric()
	o.Sum()
	name := fmt.Sprintf("pieces %d m %d n %d steps %d gathered %v bias %v accumulate %v",
		o.Pieces, o.M, o.N, len(o.Offsets), o.BOffsets != nil, o.Bias != nil, o.Accumulate)
	sameAs(t, name, o.Dst, want.Dst)
	dst.check(t, name)
}

// TestOuterTiles goes through every tile, like TestGatherTiles.
func TestOuterTiles(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for m := range 27 {
			for n := range 35 {
				checkOuter(t, outerCase(0, m, n, 1+(m+n)%5, n%3))
			}
		}
		for m := 1; m < 10; m++ {
			for n := 47; n < 133; n++ {
				checkOuter(t, outerCase(0, m, n, 1+n%3, m%3))
			}
		}
		for pieces := 1; pieces < 10; pieces++ {
			for m := 1; m < 9; m++ {
				for n := range 10 {
					checkOuter(t, outerCase(pieces, m, n, 1+(m+n)%5, n%3))
				}
			}
		}
		for _, steps := range []int{0, outerBlock - 1, outerBlock, outerBlock + 1, 2*outerBlock + 3} {
			for mode := range 3 {
				checkOuter(t, outerCase(0, 7, 5, steps, mode))
			}
		}
	})
}

// FuzzProducts compares the implementations on products of any small shape: few
// milliseconds each, since a fuzzing process that takes ten seconds for one, at a low
// priority on a busy machine, counts as hung.
func FuzzProducts(f *testing.F) {
	f.Add(uint8(7), uint8(3), uint8(5), uint8(70), uint8(0), uint64(1))
	f.Add(uint8(1), uint8(9), uint8(1), uint8(6), uint8(2), uint64(2))
	f.Fuzz(func(t *testing.T, rows, taps, k, n, mode uint8, seed uint64) {
		p := gatherCase(int(rows%32), int(taps%12), int(k%40), int(n%140), int(mode%3))
		p.A, p.B = awkward(seed, len(p.A)), awkward(seed+1, len(p.B))
		pieces := 1 + int(k%9)
		o := outerCase(pieces, 1+int(rows)%(40/pieces), 1+int(n%140), int(taps), int(mode%3))
		o.A, o.B = awkward(seed+2, len(o.A)), awkward(seed+3, len(o.B))
		eachImplementation(t, func(t *testing.T) {
			checkGather(t, p)
			checkOuter(t, o)
		})
	})
}
