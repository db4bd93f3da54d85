package imaging

import (
	"fmt"
	"image"
	"image/color"
)

// rowFunc writes row y of a decoded image to dst, counted from its top.
type rowFunc func(dst []uint8, y int)

// samples are decoded pixels as bytes: an image with as many channels as a
// pixel has bytes, of which the first of each sample is the highest.
type samples struct {
	Image
	depth int // bytes of a sample: 1 or 2
}

// fill makes an image row by row.
func fill(width, height, channels int, row rowFunc) Image {
	img := New(width, height, channels)
	for y := range height {
		row(img.Row(y), y)
	}
	return img
}

// convert brings what a decoder of the standard library made to 1 or 3 channels, of 16 bits
// where the source has them and the depth is kept.
func convert(src image.Image, d Decoder) (samples, error) {
	width, height := src.Bounds().Dx(), src.Bounds().Dy()
	switch m := src.(type) {
	case *image.Gray:
		if m.Stride == width {
			return samples{Image{Width: width, Height: height, Channels: 1, Pix: m.Pix}, 1}, nil
		}
	case *image.Paletted:
		channels, row := paletteRows(paletteOf(m.Palette), d.Alpha, func(y int) []uint8 { return m.Pix[y*m.Stride:][:width] })
		return samples{fill(width, height, channels, row), 1}, nil
	}
	l, pix, stride := layoutOf(src)
	if pix == nil {
		return samples{}, fmt.Errorf("pixels of type %T are not supported", src)
	}
	row, channels, depth := l.rows(d)
	img := fill(width, height, channels*depth, func(dst []uint8, y int) { row(dst, pix[y*stride:][:width*l.bytes()]) })
	return samples{img, depth}, nil
}

// layoutOf says how a decoder's pixels lie in memory. Premultiplied types (RGBA) are used
// for opaque pixels alone.
func layoutOf(src image.Image) (l layout, pix []uint8, stride int) {
	switch m := src.(type) {
	case *image.Gray:
		return layout{colours: 1, depth: 1}, m.Pix, m.Stride
	case *image.Gray16:
		return layout{colours: 1, depth: 2}, m.Pix, m.Stride
	case *image.RGBA:
		return layout{colours: 3, depth: 1, extra: 1}, m.Pix, m.Stride
	case *image.RGBA64:
		return layout{colours: 3, depth: 2, extra: 1}, m.Pix, m.Stride
	case *image.NRGBA:
		return layout{colours: 3, depth: 1, extra: 1, alpha: true}, m.Pix, m.Stride
	case *image.NRGBA64:
		return layout{colours: 3, depth: 2, extra: 1, alpha: true}, m.Pix, m.Stride
	}
	return layout{}, nil, 0
}

// firstChannel makes grey samples of those whose channels are equal.
func (s samples) firstChannel() samples {
	if s.Channels > s.depth {
		s.Pix = pick(s.Pix, s.Channels, 0, s.depth)
		s.Channels = s.depth
	}
	return s
}

// image puts samples of two bytes together.
func (s samples) image() Image {
	if s.depth == 1 {
		return s.Image
	}
	img := Image{Width: s.Width, Height: s.Height, Channels: s.Channels / 2, Wide: make([]uint16, len(s.Pix)/2)}
	for i := range img.Wide {
		img.Wide[i] = uint16(be16(s.Pix[2*i:]))
	}
	return img
}

// composes says that transparency is not dropped.
func (a Alpha) composes() bool { return a == AlphaBlack || a == AlphaWhite }

// paletteColour is red, green, blue and alpha.
type paletteColour [4]uint8

type palette [256]paletteColour

// paletteOf takes the colours of a decoder of the standard library. An index beyond the
// palette is black, as image/png has it.
func paletteOf(p color.Palette) (table palette) {
	for i := range table {
		table[i] = paletteColour{0, 0, 0, 255}
	}
	for i, c := range p {
		n, ok := c.(color.NRGBA)
		if !ok {
			n = color.NRGBAModel.Convert(c).(color.NRGBA)
		}
		table[i] = paletteColour{n.R, n.G, n.B, n.A}
	}
	return table
}

// paletteRows looks the indices of rows up in a palette. A palette of greys gives one
// channel.
func paletteRows(table palette, a Alpha, indices func(y int) []uint8) (channels int, row rowFunc) {
	channels = 1
	for i := range table {
		c := &table[i]
		if a.composes() {
			for k := range 3 {
				c[k] = a.compose(c[k], c[3])
			}
		}
		if c[0] != c[1] || c[1] != c[2] {
			channels = 3
		}
	}
	if channels == 1 {
		return 1, func(dst []uint8, y int) {
			for x, index := range indices(y) {
				dst[x] = table[index][0]
			}
		}
	}
	return 3, func(dst []uint8, y int) {
		for x, index := range indices(y) {
			c := &table[index]
			dst[3*x], dst[3*x+1], dst[3*x+2] = c[0], c[1], c[2]
		}
	}
}
