package imaging

import (
	"compress/lzw"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// gifImage is the first picture of a GIF file (version 89a). The standard library's decoder
// forgets the colour of what is transparent, and refuses files without a palette.
type gifImage struct {
	width, height int // of the canvas
	palette       []byte
	transparent   int // index of the palette; -1: none
	left, top     int // of the picture on the canvas
	w, h          int // of the picture
	interlaced    bool
	data          []byte // length of the codes, and blocks
}

var errShortGIF = fmt.Errorf("gif: %w", io.ErrUnexpectedEOF)

// parseGIF reads a file up to the pixels of its first picture. The canvas grows where
// the picture lies beyond it, as in Pillow.
func parseGIF(data []byte) (file, error) {
	g := gifImage{transparent: -1}
	if len(data) < 13 {
		return file{}, errShortGIF
	}
	g.width, g.height = int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))
	rest, err := g.colours(data[10], data[13:])
	if err != nil {
		return file{}, err
	}
	if err := g.blocks(rest); err != nil {
		return file{}, err
	}
	g.width, g.height = max(g.width, g.left+g.w), max(g.height, g.top+g.h)
	return file{
		width: g.width, height: g.height, memory: 1 + 3,
		decode:   g.decode,
		metadata: func() metadata { return metadata{} },
	}, nil
}

// colours reads the palette that flags announce.
func (g *gifImage) colours(flags byte, rest []byte) ([]byte, error) {
	if flags&0x80 == 0 {
		return rest, nil
	}
	size := 3 << (flags&7 + 1)
	if len(rest) < size {
		return nil, errShortGIF
	}
	g.palette = rest[:size]
	return rest[size:], nil
}

// blocks reads blocks up to the first picture.
func (g *gifImage) blocks(rest []byte) error {
	for len(rest) > 0 {
		kind := rest[0]
		rest = rest[1:]
		switch kind {
		case '!':
			if len(rest) < 2 {
				return errShortGIF
			}
			if rest[0] == 0xf9 && rest[1] >= 4 && len(rest) >= 6 {
				g.transparent = -1
				if rest[2]&1 != 0 {
					g.transparent = int(rest[5])
				}
			}
			rest = rest[1:]
			for len(rest) > 0 && rest[0] != 0 {
				rest = rest[min(1+int(rest[0]), len(rest)):]
			}
			rest = rest[min(1, len(rest)):]
		case ',':
			return g.picture(rest)
		case ';':
			return errors.New("it holds no picture")
		case 0: // which some programs leave between blocks
		default:
			return fmt.Errorf("unknown block type: 0x%02x", kind)
		}
	}
	return errShortGIF
}

// picture reads the description of a picture.
func (g *gifImage) picture(rest []byte) (err error) {
	if len(rest) < 9 {
		return errShortGIF
	}
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(rest[at:])) }
	g.left, g.top, g.w, g.h = u16(0), u16(2), u16(4), u16(6)
	g.interlaced = rest[8]&0x40 != 0
	g.data, err = g.colours(rest[8], rest[9:])
	return err
}

// decode places the picture on a canvas of the transparent colour, or where there is none of
// the first one of the palette.
func (g *gifImage) decode(d Decoder) (samples, error) {
	if len(g.data) < 2 {
		return samples{}, errShortGIF
	}
	size := int(g.data[0])
	if size < 2 || size > 8 {
		return samples{}, fmt.Errorf("codes of %d bits: want 2 to 8", size)
	}
	canvas := make([]uint8, g.width*g.height)
	if g.transparent > 0 && g.w*g.h < len(canvas) {
		for i := range canvas {
			canvas[i] = uint8(g.transparent)
		}
	}
	codes := lzw.NewReader(&gifBlocks{rest: g.data[1:]}, lzw.LSB, size)
	defer codes.Close()
	for n := range g.h {
		at := (g.top+g.row(n))*g.width + g.left
		if _, err := io.ReadFull(codes, canvas[at:at+g.w]); err != nil {
			return samples{}, err
		}
	}
	channels, row := paletteRows(g.table(), d.Alpha, func(y int) []uint8 { return canvas[y*g.width:][:g.width] })
	return samples{fill(g.width, g.height, channels, row), 1}, nil
}

// row is where the n-th row of the file lies: of interlaced pictures every eighth row comes
// first, and so on (appendix E).
func (g *gifImage) row(n int) int {
	if !g.interlaced {
		return n
	}
	for _, pass := range [...]struct{ first, step int }{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		rows := max(0, (g.h-pass.first+pass.step-1)/pass.step)
		if n < rows {
			return pass.first + n*pass.step
		}
		n -= rows
	}
	return 0
}

// table is the palette with its transparency. Pictures without a palette are grey.
func (g *gifImage) table() (table palette) {
	for i := range table {
		v := uint8(i)
		table[i] = paletteColour{v, v, v, 255}
		if g.palette != nil {
			table[i] = paletteColour{0, 0, 0, 255}
		}
		if 3*i+2 < len(g.palette) {
			copy(table[i][:3], g.palette[3*i:])
		}
	}
	if g.transparent >= 0 {
		table[g.transparent][3] = 0
	}
	return table
}

// gifBlocks joins the contents of blocks.
type gifBlocks struct{ block, rest []byte }

// Read implements io.Reader.
func (b *gifBlocks) Read(p []byte) (int, error) {
	if err := b.next(); err != nil {
		return 0, err
	}
	n := copy(p, b.block)
	b.block = b.block[n:]
	return n, nil
}

// ReadByte implements io.ByteReader, without which the codes would be read through a buffer.
func (b *gifBlocks) ReadByte() (byte, error) {
	if err := b.next(); err != nil {
		return 0, err
	}
	v := b.block[0]
	b.block = b.block[1:]
	return v, nil
}

func (b *gifBlocks) next() error {
	if len(b.block) > 0 {
		return nil
	}
	if len(b.rest) == 0 || b.rest[0] == 0 || int(b.rest[0]) > len(b.rest)-1 {
		return io.ErrUnexpectedEOF
	}
	size := int(b.rest[0])
	b.block, b.rest = b.rest[1:1+size], b.rest[1+size:]
	return nil
}
