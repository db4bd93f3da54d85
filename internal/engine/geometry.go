package engine

import "github.com/blocktrain/blocktrain/internal/nn"

// window is the geometry of a convolution or pooling: square of kernel pixels,
// moved by stride over in enlarged by padding.
type window struct {
	in, out                 nn.Shape
	kernel, stride, padding int
}

func (g window) taps() int { return g.kernel * g.kernel }

// outPixels is the number of output pixels.
func (g window) outPixels() int { return g.out.H * g.out.W }

// gather returns, for each output pixel and tap, the offset of the input pixel's
// first channel in an image, or -1 where the tap lies in the padding:
// [out pixels, taps].
func (g window) gather() []int32 {
	offsets := make([]int32, 0, g.outPixels()*g.taps())
	for oy := range g.out.H {
		for ox := range g.out.W {
			for tap := range g.taps() {
				y := oy*g.stride - g.padding + tap/g.kernel
				x := ox*g.stride - g.padding + tap%g.kernel
				offset := -1
				if y >= 0 && y < g.in.H && x >= 0 && x < g.in.W {
					offset = (y*g.in.W + x) * g.in.C
				}
				offsets = append(offsets, int32(offset))
			}
		}
	}
	return offsets
}

// byTap turns gather's table around: [taps, out pixels].
func (g window) byTap(gathered []int32) []int32 {
	taps, pixels := g.taps(), g.outPixels()
	turned := make([]int32, len(gathered))
	for p := range pixels {
		for t := range taps {
			turned[t*pixels+p] = gathered[p*taps+t]
		}
	}
	return turned
}

// scatterRow is a run of input pixels whose gradients take the same taps: those
// of one row and one column modulo the stride.
type scatterRow struct {
	taps    []int   // which of the kernel's taps, last first
	dst     int     // offset of the first pixel's first channel in an image
	step    int     // from one pixel to the next
	rows    int     // pixels
	offsets []int32 // [rows, taps] of the output pixels; -1 outside the output
	phase   int     // rows of one phase have the same taps
}

// scatter lists the runs of input pixels and where each finds the output pixels
// that it contributed to. Taps go from the last to the first, so that the output
// pixels come in ascending order.
func (g window) scatter() []scatterRow {
	var runs []scatterRow
	for y := range g.in.H {
		for column := range min(g.stride, g.in.W) {
			run := scatterRow{
				dst: (y*g.in.W + column) * g.in.C, step: g.stride * g.in.C,
				rows:  (g.in.W - column + g.stride - 1) / g.stride,
				phase: (y+g.padding)%g.stride*g.stride + (column+g.padding)%g.stride,
			}
			run.taps = g.tapsOf(y, column)
			for i := range run.rows {
				for _, tap := range run.taps {
					run.offsets = append(run.offsets, g.outputAt(y, column+i*g.stride, tap))
				}
			}
			runs = append(runs, run)
		}
	}
	return runs
}

// tapsOf lists the taps that can reach input pixel (y, x) on the stride's grid.
func (g window) tapsOf(y, x int) []int {
	var taps []int
	for tap := g.taps() - 1; tap >= 0; tap-- {
		if (y+g.padding-tap/g.kernel)%g.stride == 0 && (x+g.padding-tap%g.kernel)%g.stride == 0 {
			taps = append(taps, tap)
		}
	}
	return taps
}

// outputAt is the offset of the output pixel that sees input pixel (y, x)
// through tap, or -1 where there is none.
func (g window) outputAt(y, x, tap int) int32 {
	oy, ox := y+g.padding-tap/g.kernel, x+g.padding-tap%g.kernel
	if oy < 0 || ox < 0 {
		return -1
	}
	oy, ox = oy/g.stride, ox/g.stride
	if oy >= g.out.H || ox >= g.out.W {
		return -1
	}
	return int32((oy*g.out.W + ox) * g.out.C)
}

// rowOffsets are the offsets of n rows that lie stride values apart.
func rowOffsets(n, stride int) []int32 {
	offsets := make([]int32, n)
	for i := range offsets {
		offsets[i] = int32(i * stride)
	}
	return offsets
}
