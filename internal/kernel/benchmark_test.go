package kernel

import (
	"fmt"
	"testing"
	"time"
)

// peakRate measures multiply-adds per second of the implementation in use.
func peakRate() float64 {
	best := 0.0
	for range 5 {
		start := time.Now()
		count := MultiplyAdds(100_000)
		best = max(best, float64(count)/time.Since(start).Seconds())
	}
	return best
}

// benchmarkEach times f under each implementation in assembly and reports
// multiply-adds per second and the share of the peak, of the fastest of all calls:
// others on the machine slow down the rest.
func benchmarkEach(b *testing.B, name string, count int, f func()) {
	own := active
	defer func() { active = own }()
	for _, i := range accelerated() {
		active = i
		b.Run(name+"/"+i.name, func(b *testing.B) {
			peak, best := peakRate(), time.Hour
			for b.Loop() {
				start := time.Now()
				f()
				best = min(best, time.Since(start))
			}
			rate := float64(count) / best.Seconds()
			b.ReportMetric(rate/1e9, "GFMA/s")
			b.ReportMetric(100*rate/peak, "%peak")
		})
	}
}

// convolution is a product like that of a 3x3 convolution of one image of
// size x size pixels with padding.
func convolution(size, taps, in, out int) Product {
	pixels := size * size
	offsets := make([]int32, pixels*taps)
	for p := range pixels {
		for t := range taps {
			y, x := p/size+t/3-1, p%size+t%3-1
			if taps == 1 {
				y, x = p/size, p%size
			}
			offsets[p*taps+t] = int32((y*size + x) * in)
			if y < 0 || x < 0 || y >= size || x >= size {
				offsets[p*taps+t] = -1
			}
		}
	}
	return Product{
		Dst: make([]float32, pixels*out), DstStride: out, A: randoms(pixels*in, 1), Offsets: offsets,
		B: randoms(taps*in*out, 2), BStride: out, Bias: randoms(out, 3), Rows: pixels, Taps: taps, K: in, N: out,
	}
}

func BenchmarkGather(b *testing.B) {
	for _, s := range []struct{ size, taps, in, out int }{
		{26, 3, 3, 32}, {28, 5, 5, 6}, {26, 9, 32, 64}, {32, 9, 16, 16}, {16, 9, 32, 32}, {8, 9, 64, 64},
		{7, 9, 256, 256}, {10, 5, 30, 16}, {16, 1, 64, 128}, {8, 1, 256, 256},
	} {
		p := convolution(s.size, s.taps, s.in, s.out)
		name := fmt.Sprintf("%dx%dx%d-%d-%d", s.size, s.size, s.taps, s.in, s.out)
		benchmarkEach(b, name, p.Rows*p.Taps*p.K*p.N, p.Gather)
	}
}

func BenchmarkGatherLinear(b *testing.B) {
	for _, s := range []struct{ rows, in, out int }{{64, 9216, 128}, {16, 400, 120}, {16, 84, 10}, {64, 128, 9216}, {512, 512, 512}} {
		offsets := make([]int32, s.rows)
		for i := range offsets {
			offsets[i] = int32(i * s.in)
		}
		p := Product{
			Dst: make([]float32, s.rows*s.out), DstStride: s.out, A: randoms(s.rows*s.in, 1), Offsets: offsets,
			B: randoms(s.in*s.out, 2), BStride: s.out, Rows: s.rows, Taps: 1, K: s.in, N: s.out,
		}
		benchmarkEach(b, fmt.Sprintf("%d-%d-%d", s.rows, s.in, s.out), s.rows*s.in*s.out, p.Gather)
	}
}

func BenchmarkOuter(b *testing.B) {
	for _, s := range []struct{ pixels, m, n int }{
		{676, 32, 64}, {576, 96, 64}, {1024, 16, 16}, {256, 32, 32}, {64, 64, 64}, {49, 256, 256}, {784, 5, 6}, {100, 30, 16}, {64, 64, 128}, {64, 9216, 128},
	} {
		offsets := make([]int32, s.pixels)
		for i := range offsets {
			offsets[i] = int32(i * s.m)
		}
		o := Outer{
			Dst: make([]float32, s.m*s.n), DstStride: s.n, A: randoms(s.pixels*s.m, 1), Offsets: offsets,
			B: randoms(s.pixels*s.n, 2), BStride: s.n, M: s.m, N: s.n, Accumulate: true,
		}
		benchmarkEach(b, fmt.Sprintf("%d-%d-%d", s.pixels, s.m, s.n), s.pixels*s.m*s.n, o.Sum)
	}
}

// BenchmarkOuterPieces times the gradient of the weights of a convolution of one
// channel.
func BenchmarkOuterPieces(b *testing.B) {
	for _, s := range []struct{ size, kernel, out int }{{28, 5, 6}, {28, 3, 8}, {32, 7, 4}} {
		pitch := s.size + s.kernel
		var a []int32
		for y := range s.size {
			for x := range s.size {
				a = append(a, int32(y*pitch+x))
			}
		}
		o := Outer{
			Dst: make([]float32, s.kernel*s.kernel*s.out), DstStride: s.out, A: randoms(pitch*pitch, 1), Offsets: a,
			PieceStride: pitch, B: randoms(len(a)*s.out, 2), BStride: s.out, Pieces: s.kernel, M: s.kernel, N: s.out,
		}
		name := fmt.Sprintf("%dx%dx%d-%d", s.size, s.size, s.kernel, s.out)
		benchmarkEach(b, name, len(a)*s.kernel*s.kernel*s.out, o.Sum)
	}
}

// BenchmarkPlanar times convolutions of images whose channels are planes.
func BenchmarkPlanar(b *testing.B) {
	for _, s := range []struct{ size, kernel, in, out int }{{28, 5, 1, 6}, {14, 5, 16, 6}, {32, 3, 3, 8}, {14, 3, 8, 12}} {
		pitch := s.size + s.kernel/2
		plane := (s.size+s.kernel)*pitch + 16
		var a, taps []int32
		for y := range s.kernel {
			for x := range s.kernel {
				for c := range s.in {
					a, taps = append(a, int32(len(a)*s.out)), append(taps, int32(c*plane+y*pitch+x))
				}
			}
		}
		o := Outer{
			Dst: make([]float32, s.out*plane), DstStride: plane, A: randoms(len(a)*s.out, 1), Offsets: a,
			B: randoms(s.in*plane, 2), BOffsets: taps, Bias: randoms(s.out, 3), M: s.out, N: (s.size-1)*pitch + s.size,
		}
		name := fmt.Sprintf("%dx%dx%d-%d-%d", s.size, s.size, s.kernel, s.in, s.out)
		benchmarkEach(b, name, s.size*s.size*len(a)*s.out, o.Sum)
	}
}

// BenchmarkTranspose times the way from pixels to planes and back.
func BenchmarkTranspose(b *testing.B) {
	for _, s := range []struct{ size, channels int }{{28, 6}, {10, 16}, {32, 3}, {32, 8}} {
		pixels, planes := randoms(s.size*s.size*s.channels, 1), make([]float32, s.size*s.size*s.channels)
		row, plane := s.size*s.channels, s.size*s.size
		to := Transposition{
			Dst: planes, Src: pixels, DstStride: plane, SrcStride: s.channels, DstBlock: s.size, SrcBlock: row,
			Blocks: s.size, Rows: s.size, Columns: s.channels,
		}
		back := Transposition{
			Dst: pixels, Src: planes, DstStride: s.channels, SrcStride: plane, DstBlock: row, SrcBlock: s.size,
			Blocks: s.size, Rows: s.channels, Columns: s.size,
		}
		benchmarkEach(b, fmt.Sprintf("planes-%d-%d", s.size, s.channels), len(pixels), to.Transpose)
		benchmarkEach(b, fmt.Sprintf("pixels-%d-%d", s.size, s.channels), len(pixels), back.Transpose)
	}
}

// BenchmarkKernels times kernels other than products on rows that fit the first
// cache.
func BenchmarkKernels(b *testing.B) {
	const n, rows = 64, 32
	for _, c := range kernelCases {
		var x [][]float32
		for s := range 8 {
			size := n * rows
			if c.wide > 0 && s >= c.wide {
				size = n
			}
			x = append(x, randoms(size, uint32(s)))
		}
		for _, i := range available() {
			b.Run(c.name+"/"+i.name, func(b *testing.B) {
				for b.Loop() {
					c.run(i, x, n, rows)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n*rows), "ns/value")
			})
		}
	}
}

func BenchmarkDepthwise(b *testing.B) {
	for _, channels := range []int{16, 96, 192} {
		c := convolution(16, 9, channels, channels)
		d := Depthwise{
			Dst: c.Dst, A: c.A, Offsets: c.Offsets, W: c.B[:9*channels], Bias: c.Bias,
			Rows: c.Rows, Taps: 9, Channels: channels,
		}
		count := d.Rows * d.Taps * channels
		benchmarkEach(b, fmt.Sprintf("convolve-%d", channels), count, d.Convolve)
		dw := make([]float32, 9*channels)
		benchmarkEach(b, fmt.Sprintf("gradient-%d", channels), count, func() {
			DepthwiseGradient(dw, d.A, d.Dst, d.Offsets, d.Rows, d.Taps, channels)
		})
		x, index := c.A, make([]uint8, len(c.Dst))
		benchmarkEach(b, fmt.Sprintf("pool-%d", channels), count, func() {
			MaxPool(c.Dst, index, x, d.Offsets, d.Rows, 9, channels)
		})
		benchmarkEach(b, fmt.Sprintf("unpool-%d", channels), count, func() {
			MaxPoolGradient(x, index, c.Dst, d.Offsets, d.Rows, 9, channels)
		})
	}
}
