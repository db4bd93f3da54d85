package imaging

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

// readPixels reads all strips or tiles into samples of one or two bytes, of which the first
// is the higher: [height,width,samples].
func (t *tiffFile) readPixels(stored []uint8) error {
	across, down, planes := (t.width+t.blockWidth-1)/t.blockWidth, (t.height+t.blockHeight-1)/t.blockHeight, 1
	if t.planar {
		planes = t.samples
	}
	if n := across * down * planes; len(t.offsets) < n || len(t.sizes) < n {
		return fmt.Errorf("%d blocks, and sizes of %d: want %d", len(t.offsets), len(t.sizes), n)
	}
	var scratch []uint8
	for plane := range planes {
		for y := range down {
			for x := range across {
				n := (plane*down+y)*across + x
				b := tiffBlock{tiffFile: t, x: x * t.blockWidth, y: y * t.blockHeight, plane: plane, samples: t.samples / planes}
				b.width, b.height = t.blockWidth, t.blockHeight
				if !t.tiled {
					b.height = min(t.blockHeight, t.height-b.y)
				}
				var err error
				if scratch, err = b.unpack(scratch, t.offsets[n], t.sizes[n]); err != nil {
					return err
				}
				b.place(stored, scratch)
			}
		}
	}
	return nil
}

// tiffBlock is a strip or a tile, or one plane of it.
type tiffBlock struct {
	*tiffFile
	x, y, plane   int // its place in the picture
	width, height int // in pixels, beyond the picture where it is a tile
	samples       int // of a pixel of the block
}

// stride is the number of bytes of a row.
func (b *tiffBlock) stride() int { return (b.width*b.samples*b.bits + 7) / 8 }

// unpack returns the bytes of a block, which end where the picture ends, in scratch or a
// larger buffer.
func (b *tiffBlock) unpack(scratch []uint8, offset, size int) ([]uint8, error) {
	if offset > len(b.data) || size > len(b.data)-offset {
		return nil, errShortTIFF
	}
	rows := min(b.height, b.tiffFile.height-b.y) // what a tile has below is of no use
	n := rows * b.stride()
	if cap(scratch) < n {
		scratch = make([]uint8, n)
	}
	scratch = scratch[:n]
	if err := b.decompress(scratch, b.data[offset:offset+size]); err != nil {
		return nil, err
	}
	if b.predictor == 2 && (b.compression == tiffLZW || b.compression == tiffDeflate || b.compression == tiffDeflateBefore) {
		b.unpredict(scratch)
	}
	return scratch, nil
}

// decompress fills dst.
func (b *tiffBlock) decompress(dst, src []byte) error {
	if b.lowestBitFirst && !b.isFax() {
		turned := make([]byte, len(src))
		for i, v := range src {
			turned[i] = bits.Reverse8(v)
		}
		src = turned
	}
	switch b.compression {
	case tiffStored:
		if copy(dst, src) < len(dst) {
			return errShortTIFF
		}
		return nil
	case tiffLZW:
		z := lzw.NewReader(bytes.NewReader(src), lzw.MSB, 8)
		defer z.Close()
		return full(z, dst)
	case tiffDeflate, tiffDeflateBefore:
		return inflateBlock(dst, src)
	case tiffPackBits:
		return packBits(dst, src)
	}
	return b.fax(dst, src)
}

// inflateBlock fills dst, and looks at the checksum where the data ends there.
func inflateBlock(dst, src []byte) error {
	z, err := zlib.NewReader(bytes.NewReader(src))
	if err != nil {
		return err
	}
	if err := full(z, dst); err != nil {
		return err
	}
	if _, err := z.Read(make([]byte, 1)); errors.Is(err, zlib.ErrChecksum) {
		return err
	}
	return nil
}

func full(r io.Reader, dst []byte) error {
	_, err := io.ReadFull(r, dst)
	return err
}

// fax decodes blocks of fax machines (sections 10 and 11). In them black is 1.
func (b *tiffBlock) fax(dst, src []byte) error {
	order, format := ccitt.MSB, ccitt.Group3
	if b.lowestBitFirst {
		order = ccitt.LSB
	}
	switch {
	case b.compression == tiffGroup4:
		format = ccitt.Group4
	case b.compression == tiffFaxRows || b.number(tagT4Options, 0)&1 != 0:
		return &unreadError{"TIFF file with fax coding of group 3 in two dimensions or without line ends", toPNG}
	}
	options := &ccitt.Options{Invert: false}
	if err := full(ccitt.NewReader(bytes.NewReader(src), order, format, b.width, len(dst)/b.stride(), options), dst); err != nil {
		return err
	}
	for i := range dst { // white is 1 in what the reader gives
		dst[i] = ^dst[i]
	}
	return nil
}

// packBits unpacks runs of bytes (section 9).
func packBits(dst, src []byte) error {
	for len(dst) > 0 {
		if len(src) < 2 {
			return errShortTIFF
		}
		n := int(int8(src[0]))
		switch {
		case n >= 0:
			if len(src) < n+2 {
				return errShortTIFF
			}
			dst = dst[copy(dst, src[1:n+2]):]
			src = src[n+2:]
		case n == -128:
			src = src[1:]
		default:
			for i := range min(1-n, len(dst)) {
				dst[i] = src[1]
			}
			dst, src = dst[min(1-n, len(dst)):], src[2:]
		}
	}
	return nil
}

// unpredict adds the sample of the pixel before to each (section 14).
func (b *tiffBlock) unpredict(pix []byte) {
	for n := b.stride(); len(pix) >= n; pix = pix[n:] {
		row := pix[:n]
		if b.bits == 8 {
			for i := b.samples; i < n; i++ {
				row[i] += row[i-b.samples]
			}
			continue
		}
		for i := 2 * b.samples; i+1 < n; i += 2 {
			b.order.PutUint16(row[i:], b.order.Uint16(row[i:])+b.order.Uint16(row[i-2*b.samples:]))
		}
	}
}

// place copies the samples of a block that lie in the picture.
func (b *tiffBlock) place(stored, pix []uint8) {
	depth, all := max(b.bits/8, 1), b.tiffFile.samples
	columns := min(b.width, b.tiffFile.width-b.x)
	line := make([]uint8, columns*b.samples*depth)
	for y := 0; (y+1)*b.stride() <= len(pix); y++ {
		row := pix[y*b.stride():][:b.stride()]
		switch {
		case b.bits < 8:
			unpackBits(line, row, b.bits)
		case b.bits == 16:
			for i := 0; i+1 < len(line); i += 2 {
				v := b.order.Uint16(row[i:])
				line[i], line[i+1] = uint8(v>>8), uint8(v)
			}
		default:
			line = row[:len(line)]
		}
		dst := stored[((b.y+y)*b.tiffFile.width+b.x)*all*depth:]
		if !b.planar {
			copy(dst, line)
			continue
		}
		for x := range columns {
			copy(dst[(x*all+b.plane)*depth:], line[x*depth:(x+1)*depth])
		}
	}
}
