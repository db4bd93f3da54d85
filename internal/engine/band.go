package engine

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
