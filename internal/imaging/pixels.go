package imaging

// layout is how the pixels of a row lie in memory.
type layout struct {
	colours int // 1: grey; 3: red, green, blue; 4: cyan, magenta, yellow, black
	depth   int // bytes of a sample: 1, or 2 of which the first is the higher
	extra   int // samples behind the colours
	alpha   bool
	// premultiplied says that the colours are composed over black already.
	premultiplied bool
	inverted      bool // grey of 8 bits, with 0 for white
}

// bytes of a pixel.
func (l layout) bytes() int { return (l.colours + l.extra) * l.depth }

// rows chooses how rows of the layout become rows of 1 or 3 channels, of depth bytes a
// sample. Samples of 16 bits are kept where the decoder does so, and otherwise cut to 8
// before alpha is composed.
func (l layout) rows(d Decoder) (row func(dst, src []uint8), channels, depth int) {
	channels = min(l.colours, 3)
	a := d.Alpha
	if !l.alpha {
		a = AlphaDrop
	}
	if l.depth == 2 && d.KeepDepth && l.colours < 4 {
		return func(dst, src []uint8) { l.wideRow(dst, src, a) }, channels, 2
	}
	if l == (layout{colours: l.colours, depth: 1}) && l.colours < 4 {
		return func(dst, src []uint8) { copy(dst, src) }, channels, 1
	}
	if l.colours == 3 && l.bytes() == 4 && !a.composes() && !l.premultiplied {
		return dropFourthRow, channels, 1
	}
	return func(dst, src []uint8) { l.row(dst, src, a) }, channels, 1
}

// dropFourthRow takes the first three bytes of every four.
func dropFourthRow(dst, src []uint8) {
	for i, j := 0, 0; i+2 < len(dst) && j+2 < len(src); i, j = i+3, j+4 {
		dst[i], dst[i+1], dst[i+2] = src[j], src[j+1], src[j+2]
	}
}

// row makes 8 bits of any layout.
func (l layout) row(dst, src []uint8, a Alpha) {
	n, channels := l.bytes(), min(l.colours, 3)
	for i, j := 0, 0; j < len(src); i, j = i+channels, j+n {
		var p [5]uint8 // the higher bytes of colours and alpha
		for k := range l.colours + min(l.extra, 1) {
			p[k] = src[j+k*l.depth]
		}
		for k := range channels {
			dst[i+k] = l.sample(p, k, a)
		}
	}
}

// sample is what becomes of the channel k of a pixel.
func (l layout) sample(p [5]uint8, k int, a Alpha) uint8 {
	v := p[k]
	switch {
	case l.colours == 4:
		return compose8(255-v, 255-p[3])
	case l.inverted:
		v = 255 - v
	}
	switch {
	case !l.premultiplied && a.composes():
		return a.compose(v, p[l.colours])
	case !l.premultiplied || a == AlphaBlack:
		return v
	case a == AlphaWhite:
		return uint8(min(int(v)+255-int(p[l.colours]), 255))
	}
	return divided(v, p[l.colours])
}

// divided takes alpha out of a premultiplied colour, as Pillow does: min(255, 255*v/a),
// rounded down.
func divided(v, a uint8) uint8 {
	if a == 0 {
		return v
	}
	return uint8(min(255*int(v)/int(a), 255))
}

// wideRow keeps 16 bits.
func (l layout) wideRow(dst, src []uint8, a Alpha) {
	for i, j := 0, 0; j < len(src); i, j = i+2*l.colours, j+l.bytes() {
		for c := range l.colours {
			v := be16(src[j+2*c:])
			if l.alpha {
				v = l.wideSample(v, be16(src[j+2*l.colours:]), a)
			}
			dst[i+2*c], dst[i+2*c+1] = uint8(v>>8), uint8(v)
		}
	}
}

// wideSample composes a sample of 16 bits: round(c*a/65535) over black.
func (l layout) wideSample(v, alpha uint32, a Alpha) uint32 {
	under := uint32(0)
	if a == AlphaWhite {
		under = 0xffff - alpha
	}
	switch {
	case !l.premultiplied && a.composes():
		return uint32((uint64(v)*uint64(alpha)+0xffff/2)/0xffff) + under
	case !l.premultiplied:
		return v
	case a.composes():
		return min(v+under, 0xffff)
	case alpha == 0:
		return v
	}
	return uint32(min(0xffff*uint64(v)/uint64(alpha), 0xffff))
}

// compose puts a colour over black or white: round(c*a/255), and for white what alpha leaves
// in addition.
func (a Alpha) compose(c, alpha uint8) uint8 {
	v := compose8(c, alpha)
	if a == AlphaWhite {
		v += 255 - alpha
	}
	return v
}

// compose8 is round(c*a/255).
func compose8(c, a uint8) uint8 { return uint8((uint32(c)*uint32(a) + 127) / 255) }

func be16(b []uint8) uint32 { return uint32(b[0])<<8 | uint32(b[1]) }
