package kernel

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// kernelCase runs one kernel of an implementation on slices of n values or, for
// kernels on rows, on slices of rows*n values; channel slices are those behind
// the first wide ones. The slices from sums on have ways values for each channel.
type kernelCase struct {
	name string
	wide int // slices with a value for each row and channel; 0: all are of n
	run  func(i *implementation, x [][]float32, n, rows int)
}

// sums is the first slice that is [ways,n].
const sums = 9

var (
	adamSteps = [9]float32{0.9, 0.1, 0.999, 0.001, 7.3, 1e-8, 0.02, 0.01, 0.999}
	lionSteps = [6]float32{0.01, 0.9, 0.1, 0.99, 0.01, 0.999}
)

// values64 splits a float64 so that slices of float32 can hold its bits.
func values64(v float64) []float32 {
	u := math.Float64bits(v)
	return []float32{float32(uint32(u>>48) & 0xffff), float32(u >> 24 & 0xffffff), float32(u & 0xffffff)}
}

var kernelCases = []kernelCase{
	{"axpy", 0, func(i *implementation, x [][]float32, _, _ int) { i.axpy(x[0], x[1], 0.3) }},
	{"axpy of zero", 0, func(i *implementation, x [][]float32, _, _ int) { i.axpy(x[0], x[1], 0) }},
	{"mulAdd", 0, func(i *implementation, x [][]float32, _, _ int) { i.mulAdd(x[0], x[1], x[2]) }},
	{"add", 0, func(i *implementation, x [][]float32, _, _ int) { i.add(x[0], x[1]) }},
	{"scale", 0, func(i *implementation, x [][]float32, _, _ int) { i.scale(x[0], -0.3) }},
	{"movingAverage", 0, func(i *implementation, x [][]float32, _, _ int) { i.movingAverage(x[0], x[1], 0.01) }},
	{"relu", 0, func(i *implementation, x [][]float32, _, _ int) { i.relu(x[0], x[1]) }},
	{"relu6", 0, func(i *implementation, x [][]float32, _, _ int) { i.relu6(x[0], x[1]) }},
	{"sigmoid", 0, func(i *implementation, x [][]float32, _, _ int) { i.sigmoid(x[0], x[1]) }},
	{"hardSwish", 0, func(i *implementation, x [][]float32, _, _ int) { i.hardSwish(x[0], x[1]) }},
	{"silu", 0, func(i *implementation, x [][]float32, _, _ int) { i.silu(x[0], x[1]) }},
	{"gelu", 0, func(i *implementation, x [][]float32, _, _ int) { i.gelu(x[0], x[1]) }},
	{"reluGradient", 0, func(i *implementation, x [][]float32, _, _ int) { i.reluGradient(x[0], x[1], x[2]) }},
	{"relu6Gradient", 0, func(i *implementation, x [][]float32, _, _ int) { i.relu6Gradient(x[0], x[1], x[2]) }},
	{"sigmoidGradient", 0, func(i *implementation, x [][]float32, _, _ int) { i.sigmoidGradient(x[0], x[1], x[2]) }},
	{"hardSwishGradient", 0, func(i *implementation, x [][]float32, _, _ int) { i.hardSwishGradient(x[0], x[1], x[2]) }},
	{"siluGradient", 0, func(i *implementation, x [][]float32, _, _ int) { i.siluGradient(x[0], x[1], x[2]) }},
	{"geluGradient", 0, func(i *implementation, x [][]float32, _, _ int) { i.geluGradient(x[0], x[1], x[2]) }},
	{"expMinus", 0, func(i *implementation, x [][]float32, _, _ int) { i.expMinus(x[0], x[1], 0.7) }},
	{"divide", 0, func(i *implementation, x [][]float32, _, _ int) { i.divide(x[0], 0.7) }},
	{"centered", 0, func(i *implementation, x [][]float32, _, _ int) { i.centered(x[0], x[1], x[2], 0.7) }},
	{"sgd", 0, func(i *implementation, x [][]float32, _, _ int) { i.sgd(x[0], x[1], 0.1, 0.01) }},
	{"momentum", 0, func(i *implementation, x [][]float32, _, _ int) { i.momentum(x[0], x[1], x[2], 0.1, 0.9, 0.01) }},
	{"nesterov", 0, func(i *implementation, x [][]float32, _, _ int) { i.nesterov(x[0], x[1], x[2], 0.1, 0.9, 0.01) }},
	{"adam", 0, func(i *implementation, x [][]float32, _, _ int) { i.adam(x[0], x[1], x[2], x[3], adamSteps) }},
	{"lion", 0, func(i *implementation, x [][]float32, _, _ int) { i.lion(x[0], x[1], x[2], lionSteps) }},
	{"sum", 0, func(i *implementation, x [][]float32, n, _ int) { set(x[3], i.sum(x[0])) }},
	{"dot", 0, func(i *implementation, x [][]float32, n, _ int) { set(x[3], i.dot(x[0], x[1])) }},
	{"squaredDistance", 0, func(i *implementation, x [][]float32, n, _ int) { set(x[3], i.squaredDistance(x[0], x[1])) }},
	{"largest", 0, func(i *implementation, x [][]float32, n, _ int) { set(x[3], i.largest(x[0])) }},
	{"sumSquares", 0, func(i *implementation, x [][]float32, n, _ int) { set(x[3], values64(i.sumSquares(x[0]))...) }},

	{"columnSum", 1, func(i *implementation, x [][]float32, n, rows int) { i.columnSum(x[1], x[0], rows, n) }},
	{"scaleShift", 2, func(i *implementation, x [][]float32, n, rows int) { i.scaleShift(x[0], x[1], x[2], x[3], rows, n) }},
	{"channelSums", 1, func(i *implementation, x [][]float32, n, rows int) { i.channelSums(x[sums], x[0], rows, n) }},
	{"squaredDeviations", 1, func(i *implementation, x [][]float32, n, rows int) {
		i.squaredDeviations(x[sums], x[2], x[0], rows, n)
	}},
	{"normalize", 2, func(i *implementation, x [][]float32, n, rows int) {
		i.normalize(x[0], x[1], x[2], x[3], x[4], x[5], rows, n)
	}},
	{"normalizeClamped", 2, func(i *implementation, x [][]float32, n, rows int) {
		i.normalizeClamped(x[0], x[1], x[2], x[3], x[4], x[5], 0, 0.5, rows, n)
	}},
	{"normalizeSums", 2, func(i *implementation, x [][]float32, n, rows int) {
		i.normalizeSums(x[sums], x[sums+1], x[0], x[1], x[4], x[5], rows, n)
	}},
	{"normalizeSumsClamped", 2, func(i *implementation, x [][]float32, n, rows int) {
		i.normalizeSumsClamped(x[sums], x[sums+1], x[0], x[1], x[4], x[5], x[6], x[7], 0, 0.5, rows, n)
	}},
	{"normalizeGradient", 3, func(i *implementation, x [][]float32, n, rows int) {
		i.normalizeGradient(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], 7, rows, n)
	}},
	{"normalizeGradient in place", 2, func(i *implementation, x [][]float32, n, rows int) {
		i.normalizeGradient(x[0], x[0], x[1], x[3], x[4], x[5], x[6], x[7], 7, rows, n)
	}},
	{"normalizeGradientClamped in place", 2, func(i *implementation, x [][]float32, n, rows int) {
		i.normalizeGradientClamped(x[0], x[0], x[1], x[3], x[4], x[5], x[6], x[7], x[8], 7, 0, 0.5, rows, n)
	}},
	{"scaleShift in place", 1, func(i *implementation, x [][]float32, n, rows int) { i.scaleShift(x[0], x[0], x[2], x[3], rows, n) }},
	{"normalizeGradientClamped", 3, func(i *implementation, x [][]float32, n, rows int) {
		i.normalizeGradientClamped(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], 7, 0, 0.5, rows, n)
	}},
}

// set stores results in a slice that may be too short for them.
func set(x []float32, results ...float32) { copy(x, results) }

// TestKernelsAreTheirGenericTwins compares all slices after each kernel, bit for
// bit, at all small sizes.
func TestKernelsAreTheirGenericTwins(t *testing.T) {
	for _, i := range available() {
		t.Run(i.name, func(t *testing.T) {
			for _, c := range kernelCases {
				for n := range 150 {
					for rows := range 10 {
						if (rows > 0) != (c.wide > 0) || n > 70 && rows > 1 {
							continue
						}
						c.check(t, i, n, max(rows, 1), uint64(n*7+rows))
					}
				}
			}
		})
	}
}

// size is the length of slice s.
func (c kernelCase) size(s, n, rows int) int {
	switch {
	case s < c.wide:
		return n * rows
	case s >= sums:
		return n * ways
	}
	return n
}

func (c kernelCase) check(t *testing.T, i *implementation, n, rows int, seed uint64) {
	t.Helper()
	var got, want [][]float32
	var guards []guarded
	for s := range sums + 2 {
		x := awkward(seed*8+uint64(s), c.size(s, n, rows))
		if seed%3 == 0 && s < 2 {
			withInfinity(x, int(seed)/3)
		}
		if seed%5 == 0 && len(x) > 0 {
			x[int(seed)/5%len(x)] = float32(math.NaN())
		}
		guards = append(guards, newGuarded(x))
		got, want = append(got, guards[s].body), append(want, x)
	}
	c.run(&generic, want, n, rows)
	c.run(i, got, n, rows)
	for s := range got {
		name := fmt.Sprintf("%s: n %d rows %d: slice %d", c.name, n, rows, s)
		sameAs(t, name, got[s], want[s])
		guards[s].check(t, name)
	}
}

// TestFunctionsAreTheirGenericTwins compares the vector forms of the elementary
// functions over all inputs, or a sample of them.
func TestFunctionsAreTheirGenericTwins(t *testing.T) {
	functions := []string{
		"sigmoid", "hardSwish", "silu", "gelu", "expMinus", "sigmoidGradient", "hardSwishGradient", "siluGradient", "geluGradient",
	}
	for _, c := range kernelCases {
		if !slices.Contains(functions, c.name) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			var group sync.WaitGroup
			workers := runtime.NumCPU()
			for w := range workers {
				group.Go(func() { c.compareFunction(t, uint64(w), uint64(workers)) })
			}
			group.Wait()
		})
	}
}

// compareFunction compares every so many blocks of inputs, from one on.
func (c kernelCase) compareFunction(t *testing.T, first, every uint64) {
	const block = 4096
	step := uint64(4099)
	if slow {
		step = 1
	}
	x, ones, got, want := make([]float32, block), make([]float32, block), make([]float32, block), make([]float32, block)
	for i := range ones {
		ones[i] = 1
	}
	run := func(i *implementation, dst []float32) {
		if strings.HasSuffix(c.name, "Gradient") {
			c.run(i, [][]float32{dst, ones, x}, block, 0)
		} else {
			c.run(i, [][]float32{dst, x}, block, 0)
		}
	}
	for at := first * block * step; at < 1<<32; at += every * block * step {
		for j := range x {
			x[j] = math.Float32frombits(uint32(at + uint64(j)*step))
		}
		run(&generic, want)
		for _, i := range accelerated() {
			run(i, got)
			for j := range want {
				if !same(got[j], want[j]) {
					t.Errorf("%s(%x) is %x with %s, want %x", c.name, x[j], got[j], i.name, want[j])
					return
				}
			}
		}
	}
}

func TestBytesAndBits(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		var m mix
		for n := range 100 {
			x, keep, pixels := awkward(uint64(n), n), make([]uint8, (n+7)/8), make([]uint8, n)
			for i := range keep {
				keep[i] = uint8(m.next())
			}
			for i := range pixels {
				pixels[i] = uint8(m.next())
			}
			for name, run := range map[string]func(dst []float32, exact bool){
				"Mask": func(dst []float32, exact bool) {
					if exact {
						maskGeneric(dst, x, keep, 1.25)
					} else {
						Mask(dst, x, keep, 1.25)
					}
				},
				"FromBytes": func(dst []float32, exact bool) {
					if exact {
						fromBytesGeneric(dst, pixels)
					} else {
						FromBytes(dst, pixels)
					}
				},
			} {
				want := awkward(99, n)
				got := newGuarded(want)
				run(got.body, false)
				run(want, true)
				sameAs(t, name, got.body, want)
				got.check(t, name)
			}
		}
	})
}

// depthwiseSizes visits sizes that reach every strip and every group of taps.
func depthwiseSizes(f func(rows, taps, channels int)) {
	for channels := 1; channels < 150; channels += 1 + channels/40 {
		f(1+channels%3, 1+channels%3, channels)
		f(1+channels%6, 9, channels)
		f(4+channels%5, 25, channels)
	}
	for taps := range 28 {
		f(3, taps, 19)
		f(9, taps, 35)
	}
	f(0, 3, 4)
	f(depthwiseRows+6, 9, 21)
	f(2*depthwiseRows+1, 25, 33)
}

func TestDepthwiseTiles(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		depthwiseSizes(func(rows, taps, channels int) { checkDepthwise(t, rows, taps, channels, 2) })
	})
}

func checkDepthwise(t *testing.T, rows, taps, channels int, seed uint64) {
	t.Helper()
	d := Depthwise{
		A: awkward(seed, 9*channels), Offsets: offsetsFor(rows*taps, channels, rows), W: awkward(seed+1, taps*channels),
		Rows: rows, Taps: taps, Channels: channels, Accumulate: channels%3 == 0,
	}
	if channels%3 == 1 {
		d.Bias = awkward(seed+2, channels)
	}
	name := fmt.Sprintf("rows %d taps %d channels %d", rows, taps, channels)
	want := d
	want.Dst = awkward(seed+3, rows*channels)
	dst := newGuarded(want.Dst)
	d.Dst = dst.body
	want.convolveGeneric()
	d.Convolve()
	sameAs(t, name, d.Dst, want.Dst)
	dst.check(t, name)

	dw := awkward(seed+4, taps*channels)
	got := newGuarded(dw)
	dy := awkward(seed+5, rows*channels)
	depthwiseGradientGeneric(dw, d.A, dy, d.Offsets, rows, taps, channels)
	DepthwiseGradient(got.body, d.A, dy, d.Offsets, rows, taps, channels)
	sameAs(t, name+": gradient", got.body, dw)
	got.check(t, name)
}

func TestMaxPoolTiles(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		depthwiseSizes(func(rows, taps, channels int) { checkMaxPool(t, rows, taps, channels, 2) })
	})
}

func checkMaxPool(t *testing.T, rows, taps, channels int, seed uint64) {
	t.Helper()
	name := fmt.Sprintf("rows %d taps %d channels %d", rows, taps, channels)
	x := awkward(seed, 9*channels)
	x[len(x)/2] = float32(math.NaN())
	x[len(x)/3] = float32(math.Inf(1))
	offsets := offsetsFor(rows*taps, channels, rows)
	want := awkward(seed+1, rows*channels)
	dst := newGuarded(want)
	const spare = 99
	index, wantIndex := make([]uint8, rows*channels+1), make([]uint8, rows*channels+1)
	index[rows*channels], wantIndex[rows*channels] = spare, spare
	maxPoolGeneric(want, wantIndex, x, offsets, rows, taps, channels)
	MaxPool(dst.body, index[:rows*channels], x, offsets, rows, taps, channels)
	sameAs(t, name, dst.body, want)
	dst.check(t, name)
	if !bytes.Equal(index, wantIndex) {
		t.Fatalf("%s: the winners are %v, want %v", name, index, wantIndex)
	}

	if taps == 0 {
		return
	}
	for i := range offsets {
		offsets[i] = max(offsets[i], 0) // what won was inside of the image
	}
	dy, dx := awkward(seed+2, rows*channels), awkward(seed+3, 9*channels)
	got := newGuarded(dx)
	maxPoolGradientGeneric(dx, index[:rows*channels], dy, offsets, rows, taps, channels)
	MaxPoolGradient(got.body, index[:rows*channels], dy, offsets, rows, taps, channels)
	sameAs(t, name+": gradient", got.body, dx)
	got.check(t, name)

	for i := range offsets { // each pixel once, in another order
		offsets[i] = int32((i*7 + rows) % len(offsets) * channels)
	}
	if len(offsets)%7 == 0 {
		return
	}
	dx = make([]float32, len(offsets)*channels)
	got = newGuarded(awkward(seed+4, len(dx)))
	maxPoolGradientGeneric(dx, index[:rows*channels], dy, offsets, rows, taps, channels)
	MaxPoolGradientApart(got.body, index[:rows*channels], dy, offsets, rows, taps, channels)
	sameAs(t, name+": gradient of windows apart", got.body, dx)
	got.check(t, name)
}

// FuzzGathered compares the implementations of depthwise convolution and pooling.
func FuzzGathered(f *testing.F) {
	f.Add(uint8(7), uint8(9), uint8(33), uint64(1))
	f.Add(uint8(1), uint8(4), uint8(16), uint64(2))
	f.Fuzz(func(t *testing.T, rows, taps, channels uint8, seed uint64) {
		eachImplementation(t, func(t *testing.T) {
			checkDepthwise(t, int(rows%40), int(taps%30), 1+int(channels), seed)
			checkMaxPool(t, int(rows%40), int(taps%30), 1+int(channels), seed)
		})
	})
}

// FuzzKernels compares the implementations of the kernels without products.
func FuzzKernels(f *testing.F) {
	f.Add(uint8(0), uint8(17), uint8(2), uint64(1))
	f.Add(uint8(33), uint8(70), uint8(3), uint64(2))
	f.Fuzz(func(t *testing.T, which, n, rows uint8, seed uint64) {
		c := kernelCases[int(which)%len(kernelCases)]
		for _, i := range accelerated() {
			c.check(t, i, int(n), 1+int(rows%8), seed)
		}
	})
}
