package imaging

import (
	"encoding/binary"
	"fmt"
	"io"
)

// bmpFile is a Windows bitmap. The decoder of golang.org/x/image reads few kinds of them; this
// one reads all that are not compressed.
type bmpFile struct {
	width, height int
	topDown       bool
	bits          int // of a pixel
	masks         [4]uint32
	table         palette
	pixels        []byte
}

var errShortBMP = fmt.Errorf("bmp: %w", io.ErrUnexpectedEOF)

// parseBMP reads the headers of a file.
func parseBMP(data []byte) (file, error) {
	if len(data) < 26 {
		return file{}, errShortBMP
	}
	size := uint64(binary.LittleEndian.Uint32(data[14:]))
	if size > uint64(len(data)-14) {
		return file{}, errShortBMP
	}
	var b bmpFile
	colours, compression, err := b.header(data[14 : 14+size])
	if err != nil {
		return file{}, err
	}
	rest, entry := data[14+size:], 4
	if size == 12 {
		entry = 3
	}
	if err := b.setMasks(compression, data[14:14+size], &rest); err != nil {
		return file{}, err
	}
	b.readPalette(rest, entry, colours)
	offset := uint64(binary.LittleEndian.Uint32(data[10:]))
	if offset == 0 {
		offset = uint64(len(data) - len(rest) + entry*colours)
	}
	b.pixels = data[min(offset, uint64(len(data))):]
	return file{
		width: b.width, height: b.height, memory: 3, decode: b.decode,
		metadata: func() metadata { return metadata{} },
	}, nil
}

// header reads the description of the bitmap, which has several sizes.
func (b *bmpFile) header(h []byte) (colours int, compression uint32, err error) {
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(h[at:])) }
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(h[at:]) }
	switch len(h) {
	case 12:
		b.width, b.height, b.bits = u16(4), u16(6), u16(10)
	case 40, 52, 56, 64, 108, 124:
		b.width, b.height, b.bits = int(int32(u32(4))), int(int32(u32(8))), u16(14)
		compression, colours = u32(16), int(min(u32(32), 1<<16))
	default:
		return 0, 0, fmt.Errorf("a header of %d bytes: want 12, 40, 52, 56, 64, 108 or 124", len(h))
	}
	if b.height < 0 {
		b.topDown, b.height = true, -b.height
	}
	switch b.bits {
	case 1, 4, 8:
		if colours == 0 || colours > 1<<b.bits {
			colours = 1 << b.bits
		}
	case 16, 24, 32:
	default:
		return 0, 0, &unreadError{fmt.Sprintf("BMP file of %d bits a pixel", b.bits), toPNG}
	}
	return colours, compression, nil
}

// setMasks says where the colours of a pixel are, which compression 3 gives itself.
func (b *bmpFile) setMasks(compression uint32, header []byte, rest *[]byte) error {
	b.masks = [4]uint32{0xff0000, 0xff00, 0xff}
	if b.bits == 16 {
		b.masks = [4]uint32{0x7c00, 0x3e0, 0x1f}
	}
	switch {
	case compression == 0:
		return nil
	case compression == 1 || compression == 2:
		return &unreadError{"compressed BMP file", toPNG}
	case compression != 3 || b.bits < 16:
		return &unreadError{fmt.Sprintf("BMP file with compression %d", compression), toPNG}
	}
	given := *rest
	if len(header) >= 52 {
		given = header[40:]
	} else {
		*rest = given[min(12, len(given)):]
	}
	if len(given) < 12 {
		return errShortBMP
	}
	for i := range 3 {
		b.masks[i] = binary.LittleEndian.Uint32(given[4*i:])
	}
	if len(header) >= 56 {
		b.masks[3] = binary.LittleEndian.Uint32(given[12:])
	}
	return b.checkMasks()
}

// checkMasks refuses masks of other colours than of 8 bits, or of 5 and 6 in 16.
func (b *bmpFile) checkMasks() error {
	if b.masks == [4]uint32{} { // some programs leave them out
		b.masks = [4]uint32{0xff0000, 0xff00, 0xff, 0xff000000}
	}
	for i, m := range b.masks {
		_, width := maskOf(m)
		if i == 3 && (m == 0 || width > 0) || width == 8 && b.bits != 16 || (width == 5 || width == 6) && b.bits == 16 {
			continue
		}
		return &unreadError{fmt.Sprintf("BMP file with the colour mask %08x", m), toPNG}
	}
	return nil
}

// maskOf is the first bit of a mask, and the number of its bits; 0 where they have gaps.
func maskOf(m uint32) (first, width int) {
	if m == 0 {
		return 0, 0
	}
	for m&1 == 0 {
		m >>= 1
		first++
	}
	for m&1 == 1 {
		m >>= 1
		width++
	}
	if m != 0 {
		return first, 0
	}
	return first, width
}

// readPalette reads blue, green and red of each colour.
func (b *bmpFile) readPalette(rest []byte, entry, colours int) {
	for i := range b.table {
		b.table[i] = paletteColour{0, 0, 0, 255}
		if at := i * entry; i < colours && at+3 <= len(rest) {
			b.table[i] = paletteColour{rest[at+2], rest[at+1], rest[at], 255}
		}
	}
}

// row is the stored row of the picture's row y. Rows are filled up to four bytes.
func (b *bmpFile) row(y int) []byte {
	stride := (b.width*b.bits + 31) / 32 * 4
	if !b.topDown {
		y = b.height - 1 - y
	}
	return b.pixels[y*stride:][:(b.width*b.bits+7)/8]
}

// decode reads the pixels.
func (b *bmpFile) decode(d Decoder) (samples, error) {
	stride := (b.width*b.bits + 31) / 32 * 4
	// The last row may lack what fills it up.
	if len(b.pixels) < stride*(b.height-1)+(b.width*b.bits+7)/8 {
		return samples{}, errShortBMP
	}
	if b.bits <= 8 {
		indices := make([]uint8, b.width)
		channels, row := paletteRows(b.table, d.Alpha, func(y int) []uint8 {
			unpackBits(indices, b.row(y), b.bits)
			return indices
		})
		return samples{fill(b.width, b.height, channels, row), 1}, nil
	}
	if b.masks[3] == 0 || !d.Alpha.composes() {
		return samples{fill(b.width, b.height, 3, func(dst []uint8, y int) { b.colourRow(dst, b.row(y)) }), 1}, nil
	}
	return samples{fill(b.width, b.height, 3, func(dst []uint8, y int) {
		b.colourRow(dst, b.row(y))
		for x := range b.width {
			a := b.channel(b.pixel(b.row(y), x), 3)
			for c := 3 * x; c < 3*x+3; c++ {
				dst[c] = d.Alpha.compose(dst[c], a)
			}
		}
	}), 1}, nil
}

// colourRow takes red, green and blue of a row.
func (b *bmpFile) colourRow(dst []uint8, src []byte) {
	if b.bits == 24 && b.masks[0] == 0xff0000 && b.masks[2] == 0xff {
		for i := 0; i+2 < len(dst); i += 3 {
			dst[i], dst[i+1], dst[i+2] = src[i+2], src[i+1], src[i]
		}
		return
	}
	for x := range len(dst) / 3 {
		p := b.pixel(src, x)
		dst[3*x], dst[3*x+1], dst[3*x+2] = b.channel(p, 0), b.channel(p, 1), b.channel(p, 2)
	}
}

func (b *bmpFile) pixel(src []byte, x int) uint32 {
	switch b.bits {
	case 16:
		return uint32(binary.LittleEndian.Uint16(src[2*x:]))
	case 24:
		return uint32(src[3*x]) | uint32(src[3*x+1])<<8 | uint32(src[3*x+2])<<16
	}
	return binary.LittleEndian.Uint32(src[4*x:])
}

// channel is a colour of a pixel in 8 bits: those of fewer bits are v*255/31 or v*255/63,
// rounded down, as in Pillow.
func (b *bmpFile) channel(pixel uint32, c int) uint8 {
	first, width := maskOf(b.masks[c])
	v := (pixel & b.masks[c]) >> first
	return uint8(v * 255 / (1<<width - 1))
}

// unpackBits spreads values of 1, 2, 4 or 8 bits, the highest of a byte first.
func unpackBits(dst, src []uint8, bits int) {
	if bits == 8 {
		copy(dst, src)
		return
	}
	for x := range dst {
		at := x * bits
		dst[x] = src[at/8] >> (8 - bits - at%8) & (1<<bits - 1)
	}
}
