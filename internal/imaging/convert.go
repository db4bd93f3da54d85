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

// convert copies what a decoder made into 1 or 3 channels, of 16 bits where the
// source has them and keepDepth asks for them.
func convert(src image.Image, keepDepth bool) (samples, error) {
	depth := 1
	channels, row := rowsOf(src)
	if keepDepth {
		if wideChannels, wideRow := wideRowsOf(src); wideRow != nil {
			channels, row, depth = wideChannels, wideRow, 2
		}
	}
	if row == nil {
		return samples{}, fmt.Errorf("pixels of type %T are not supported", src)
	}
	img := New(src.Bounds().Dx(), src.Bounds().Dy(), channels*depth)
	for y := range img.Height {
		row(img.Row(y), y)
	}
	return samples{img, depth}, nil
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

// rowsOf chooses the conversion for a decoder's type of pixels. Premultiplied
// samples (RGBA) are already composed over black.
func rowsOf(src image.Image) (channels int, row rowFunc) {
	switch m := src.(type) {
	case *image.Gray:
		return 1, func(dst []uint8, y int) { copy(dst, m.Pix[y*m.Stride:]) }
	case *image.Gray16:
		return 1, func(dst []uint8, y int) { reduceRow(dst, m.Pix[y*m.Stride:]) }
	case *image.RGBA:
		return 3, func(dst []uint8, y int) { dropAlphaRow(dst, m.Pix[y*m.Stride:]) }
	case *image.RGBA64:
		return 3, func(dst []uint8, y int) { rgba64Row(dst, m.Pix[y*m.Stride:]) }
	case *image.NRGBA:
		return 3, func(dst []uint8, y int) { nrgbaRow(dst, m.Pix[y*m.Stride:]) }
	case *image.NRGBA64:
		return 3, func(dst []uint8, y int) { nrgba64Row(dst, m.Pix[y*m.Stride:]) }
	case *image.CMYK:
		return 3, func(dst []uint8, y int) { cmykRow(dst, m.Pix[y*m.Stride:]) }
	case *image.YCbCr:
		return 3, ycbcrRows(m)
	case *image.Paletted:
		return palettedRows(m)
	}
	return 0, nil
}

// wideRowsOf chooses the conversion for a decoder's pixels of 16 bits, which gives two
// bytes a sample; row is nil for other pixels.
func wideRowsOf(src image.Image) (channels int, row rowFunc) {
	switch m := src.(type) {
	case *image.Gray16:
		return 1, func(dst []uint8, y int) { copy(dst, m.Pix[y*m.Stride:]) }
	case *image.RGBA64:
		return 3, func(dst []uint8, y int) { dropWideAlphaRow(dst, m.Pix[y*m.Stride:]) }
	case *image.NRGBA64:
		return 3, func(dst []uint8, y int) { composeWideRow(dst, m.Pix[y*m.Stride:]) }
	}
	return 0, nil
}

func dropWideAlphaRow(dst, src []uint8) {
	for i, j := 0, 0; i < len(dst); i, j = i+6, j+8 {
		copy(dst[i:i+6], src[j:])
	}
}

// composeWideRow composes over black: round(c*a/65535).
func composeWideRow(dst, src []uint8) {
	for i, j := 0, 0; i < len(dst); i, j = i+6, j+8 {
		for c := 0; c < 6; c += 2 {
			v := (uint64(be16(src[j+c:]))*uint64(be16(src[j+6:])) + 0xffff/2) / 0xffff
			dst[i+c], dst[i+c+1] = uint8(v>>8), uint8(v)
		}
	}
}

// compose8 is round(c*a/255).
func compose8(c, a uint8) uint8 { return uint8((uint32(c)*uint32(a) + 127) / 255) }

// reduce16 is round(v/257), v being the two big-endian bytes of b.
func reduce16(b []uint8) uint8 { return uint8((be16(b) + 128) / 257) }

// compose16 is round(c*a/(65535*257)) of two 16-bit samples.
func compose16(c, a []uint8) uint8 {
	const whole = 65535 * 257
	return uint8((uint64(be16(c))*uint64(be16(a)) + whole/2) / whole)
}

func be16(b []uint8) uint32 { return uint32(b[0])<<8 | uint32(b[1]) }

func reduceRow(dst, src []uint8) {
	for i := range dst {
		dst[i] = reduce16(src[2*i:])
	}
}

func dropAlphaRow(dst, src []uint8) {
	for i, j := 0, 0; i < len(dst); i, j = i+3, j+4 {
		copy(dst[i:i+3], src[j:])
	}
}

func rgba64Row(dst, src []uint8) {
	for i, j := 0, 0; i < len(dst); i, j = i+3, j+8 {
		reduceRow(dst[i:i+3], src[j:])
	}
}

func nrgbaRow(dst, src []uint8) {
	for i, j := 0, 0; i < len(dst); i, j = i+3, j+4 {
		for c := range 3 {
			dst[i+c] = compose8(src[j+c], src[j+3])
		}
	}
}

func nrgba64Row(dst, src []uint8) {
	for i, j := 0, 0; i < len(dst); i, j = i+3, j+8 {
		for c := range 3 {
			dst[i+c] = compose16(src[j+2*c:], src[j+6:])
		}
	}
}

func cmykRow(dst, src []uint8) {
	for i, j := 0, 0; i < len(dst); i, j = i+3, j+4 {
		for c := range 3 {
			dst[i+c] = compose8(255-src[j+c], 255-src[j+3])
		}
	}
}

func ycbcrRows(m *image.YCbCr) rowFunc {
	return func(dst []uint8, y int) {
		y += m.Rect.Min.Y
		for x := range m.Rect.Dx() {
			luma, chroma := m.YOffset(m.Rect.Min.X+x, y), m.COffset(m.Rect.Min.X+x, y)
			dst[3*x], dst[3*x+1], dst[3*x+2] = color.YCbCrToRGB(m.Y[luma], m.Cb[chroma], m.Cr[chroma])
		}
	}
}

// palettedRows looks pixels up in the palette. An index beyond the palette is
// black, as image/png has it.
func palettedRows(m *image.Paletted) (int, rowFunc) {
	var table [256][3]uint8
	grey := true
	for i, c := range m.Palette {
		rgb := overBlack(c)
		table[i] = rgb
		grey = grey && rgb[0] == rgb[1] && rgb[1] == rgb[2]
	}
	channels := 3
	if grey {
		channels = 1
	}
	return channels, func(dst []uint8, y int) {
		for x, index := range m.Pix[y*m.Stride : y*m.Stride+m.Rect.Dx()] {
			copy(dst[x*channels:(x+1)*channels], table[index][:])
		}
	}
}

// overBlack composes a palette's colour over black.
func overBlack(c color.Color) [3]uint8 {
	if n, ok := c.(color.NRGBA); ok {
		return [3]uint8{compose8(n.R, n.A), compose8(n.G, n.A), compose8(n.B, n.A)}
	}
	r, g, b, _ := c.RGBA() // premultiplied
	return [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
}
