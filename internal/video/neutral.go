package video

// Colourless says whether the planes of a frame hold no colour: grey, or YUV whose chroma is
// in the middle everywhere. Then colours are the grey value three times. RGB, and YUV whose
// luma and chroma lie mixed in four bytes, are taken for colour.
func (f Format) Colourless(data []byte) bool {
	l, ok := layouts[f.Pixels]
	switch {
	case !ok:
		return false
	case l.kind == grey:
		return true
	case l.kind != yuv || l.packed || len(l.pixelBytes) < 2:
		return false
	}
	planes := l.planes(f.Width, f.Height)
	for _, c := range l.components[1:3] {
		p, width := planes[c.plane], shrunk(f.Width, l.shiftW)
		for y := range p.height {
			row := data[p.offset+y*p.stride:]
			if !l.inTheMiddle(row[c.offset:], c.step, width) {
				return false
			}
		}
	}
	return true
}

// inTheMiddle says whether width samples, step bytes apart, have the value of no colour.
func (l *layout) inTheMiddle(row []byte, step, width int) bool {
	middle := 1 << (l.depth - 1 + l.shift)
	if sampleBytes(l.depth) == 1 {
		for x := range width {
			if row[x*step] != uint8(middle) {
				return false
			}
		}
		return true
	}
	low, high := 0, 1
	if l.big {
		low, high = 1, 0
	}
	for x := range width {
		if at := x * step; int(row[at+low])|int(row[at+high])<<8 != middle {
			return false
		}
	}
	return true
}
