package engine

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
