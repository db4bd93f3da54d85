package engine

import "github.com/blocktrain/blocktrain/internal/nn"

// window is the geometry of a convolution or pooling: square of kernel pixels,
// moved by stride over in, enlarged by padY rows above and below and by padX
// columns on both sides.
type window struct {
	in, out        nn.Shape
	kernel, stride int
	padY, padX     int
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
	g.in.W += 2 * g.padX
	g.padX = 0
	return g
}

// run is a number of pixels, one step after the other, that gather the same taps.
type run struct {
	dst, step   int     // offset of the first pixel's first channel in an image, and from one pixel to the next
	rows        int     // pixels
	first, taps int     // of a list of taps
	offsets     []int32 // [rows,taps] of the pixels that are gathered; -1 outside of the image
}

// trim drops the taps at both ends of the list that are outside of the image for
// all pixels: those of the kernel's rows above and below it. Where it drops all,
// first says nothing and is 0.
func (r *run) trim() {
	outside := func(tap int) bool {
		for m := range r.rows {
			if r.offsets[m*r.taps+tap] >= 0 {
				return false
			}
		}
		return true
	}
	first, last := 0, r.taps
	for first < last && outside(first) {
		first++
	}
	for last > first && outside(last-1) {
		last--
	}
	if first == last {
		first, last = 0, 0
	}
	var kept []int32
	for m := range r.rows {
		kept = append(kept, r.offsets[m*r.taps+first:m*r.taps+last]...)
	}
	r.first, r.taps, r.offsets = r.first+first, last-first, kept
}

// part is the run of those of its pixels that are among the output pixels first to
// last-1 of an image.
func (r *run) part(first, last int) run {
	begin := r.dst / r.step
	from, to := max(first-begin, 0), min(last-begin, r.rows)
	if from >= to {
		return run{}
	}
	return run{
		dst: r.dst + from*r.step, step: r.step, rows: to - from, first: r.first, taps: r.taps,
		offsets: r.offsets[from*r.taps : to*r.taps],
	}
}

// appendRun appends a run to others, or to the last of them if that goes on in it.
func appendRun(runs []run, r run) []run {
	if len(runs) > 0 {
		last := &runs[len(runs)-1]
		if last.step == r.step && last.first == r.first && last.taps == r.taps && last.dst+last.rows*last.step == r.dst {
			last.rows += r.rows
			last.offsets = append(last.offsets, r.offsets...)
			return runs
		}
	}
	return append(runs, r)
}

// outputRuns lists the output pixels with the input pixels that they gather
// through a list of taps, row by row.
func (g window) outputRuns(taps []int) []run {
	var runs []run
	for y := range g.out.H {
		r := run{dst: y * g.out.W * g.out.C, step: g.out.C, rows: g.out.W, taps: len(taps)}
		for x := range g.out.W {
			for _, tap := range taps {
				r.offsets = append(r.offsets, g.inputAt(y, x, tap))
			}
		}
		r.trim()
		runs = appendRun(runs, r)
	}
	return runs
}

// inputRuns lists the input pixels of one phase of the stride with the output
// pixels that they contributed to, through a list of taps.
func (g window) inputRuns(phaseY, phaseX int, taps []int) []run {
	var runs []run
	for y := phaseY; y < g.in.H; y += g.stride {
		r := run{
			dst: (y*g.in.W + phaseX) * g.in.C, step: g.stride * g.in.C,
			rows: (g.in.W - phaseX + g.stride - 1) / g.stride, taps: len(taps),
		}
		for x := phaseX; x < g.in.W; x += g.stride {
			for _, tap := range taps {
				r.offsets = append(r.offsets, g.outputAt(y, x, tap))
			}
		}
		r.trim()
		runs = appendRun(runs, r)
	}
	return runs
}

// band is a number of neighbouring output rows that see the image through the same
// rows of the kernel.
type band struct{ first, rows, firstTap, taps int }

// part is the part of the band that is among the output rows first to last-1.
func (b band) part(first, last int) band {
	first, last = max(first, b.first), min(last, b.first+b.rows)
	b.first, b.rows = first, max(last-first, 0)
	return b
}

// bands lists the output rows that see any of the image.
func (g window) bands() []band {
	var bands []band
	for y := range g.out.H {
		top := y*g.stride - g.padY
		first, last := max(0, -top), min(g.kernel, g.in.H-top)
		if first >= last {
			continue
		}
		b := band{first: y, rows: 1, firstTap: first * g.kernel, taps: (last - first) * g.kernel}
		if n := len(bands); n > 0 && bands[n-1].firstTap == b.firstTap && bands[n-1].taps == b.taps {
			bands[n-1].rows++
		} else {
			bands = append(bands, b)
		}
	}
	return bands
}

// firstRow is the first input row that the first output row of a band sees.
func (g window) firstRow(b band) int { return b.first*g.stride - g.padY + b.firstTap/g.kernel }

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
