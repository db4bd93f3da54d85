package imaging

import (
	"fmt"
	"image"
	"image/color"
)

// rowFunc writes row y of a decoded image to dst, counted from its top.
type rowFunc func(dst []uint8, y int)

// convert copies what a decoder made into an Image of 1 or 3 channels.
func convert(src image.Image) (Image, error) {
	channels, row := rowsOf(src)
	if row == nil {
		return Image{}, fmt.Errorf("pixels of type %T are not supported", src)
	}
	img := New(src.Bounds().Dx(), src.Bounds().Dy(), channels)
	for y := range img.Height {
		row(img.Row(y), y)
	}
	return img, nil
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

// firstChannel makes a grey image of one whose channels are equal.
func firstChannel(img Image) Image {
	if img.Channels == 1 {
		return img
	}
	grey := New(img.Width, img.Height, 1)
	for i := range grey.Pix {
		grey.Pix[i] = img.Pix[3*i]
	}
	return grey
}
