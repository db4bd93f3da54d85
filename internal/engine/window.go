package engine

import "github.com/blocktrain/blocktrain/internal/nn"

// window is the geometry of a convolution or pooling: square of kernel pixels,
// moved by stride over in, enlarged by padY rows above and padX columns on the left.
// Below and on the right it is enlarged as far as the windows of out reach.
type window struct {
	in, out        nn.Shape
	kernel, stride int
	padY, padX     int
}

// padRight is the number of columns that windows reach over the right edge.
func (g window) padRight() int {
	return max(0, (g.out.W-1)*g.stride+g.kernel-g.padX-g.in.W)
}

func (g window) taps() int { return g.kernel * g.kernel }

// outPixels is the number of output pixels.
func (g window) outPixels() int { return g.out.H * g.out.W }

// apart says that no two windows overlap and that they cover all of the input and
// nothing else.
func (g window) apart() bool {
	return g.padY == 0 && g.padX == 0 && g.stride == g.kernel && g.in.H == g.out.H*g.kernel && g.in.W == g.out.W*g.kernel
}

// inputAt is the offset of the input pixel that output pixel (y, x) sees through
// tap, or -1 where that lies in the padding.
func (g window) inputAt(y, x, tap int) int32 {
	iy, ix := y*g.stride-g.padY+tap/g.kernel, x*g.stride-g.padX+tap%g.kernel
	if iy < 0 || iy >= g.in.H || ix < 0 || ix >= g.in.W {
		return -1
	}
	return int32((iy*g.in.W + ix) * g.in.C)
}

// outputAt is the offset of the output pixel that sees input pixel (y, x)
// through tap, or -1 where there is none.
func (g window) outputAt(y, x, tap int) int32 {
	oy, ox := y+g.padY-tap/g.kernel, x+g.padX-tap%g.kernel
	if oy < 0 || ox < 0 || oy%g.stride != 0 || ox%g.stride != 0 {
		return -1
	}
	oy, ox = oy/g.stride, ox/g.stride
	if oy >= g.out.H || ox >= g.out.W {
		return -1
	}
	return int32((oy*g.out.W + ox) * g.out.C)
}

// gather returns, for each output pixel and tap, the offset of the input pixel's
// first channel in an image, or -1 where the tap lies in the padding:
// [out pixels, taps].
func (g window) gather() []int32 {
	offsets := make([]int32, 0, g.outPixels()*g.taps())
	for pixel := range g.outPixels() {
		for tap := range g.taps() {
			offsets = append(offsets, g.inputAt(pixel/g.out.W, pixel%g.out.W, tap))
		}
	}
	return offsets
}

// widened is the window over an input that has its columns of padding written
// out.
func (g window) widened() window {
	g.in.W += g.padX + g.padRight()
	g.padX = 0
	return g
}

// tapsOf lists the taps through which an input pixel of a phase of the stride can
// have contributed, the last first, so that the output pixels come in ascending
// order.
func (g window) tapsOf(phaseY, phaseX int) []int {
	var taps []int
	for tap := g.taps() - 1; tap >= 0; tap-- {
		if (phaseY+g.padY-tap/g.kernel)%g.stride == 0 && (phaseX+g.padX-tap%g.kernel)%g.stride == 0 {
			taps = append(taps, tap)
		}
	}
	return taps
}

// everyTap lists the taps in ascending order, step apart.
func (g window) everyTap(step int) []int {
	var taps []int
	for tap := 0; tap < g.taps(); tap += step {
		taps = append(taps, tap)
	}
	return taps
}

// rowOffsets are the offsets of n rows that lie stride values apart.
func rowOffsets(n, stride int) []int32 {
	offsets := make([]int32, n)
	for i := range offsets {
		offsets[i] = int32(i * stride)
	}
	return offsets
}

// rows are those from a first one to before a last one.
type rows struct{ first, last int }

// seen are the input rows, at least one, that output rows see.
func (g window) seen(out rows) rows {
	first := min(max(0, out.first*g.stride-g.padY), g.in.H-1)
	return rows{first, min(max(first+1, (out.last-1)*g.stride-g.padY+g.kernel), g.in.H)}
}
