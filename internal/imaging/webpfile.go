package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"
	"golang.org/x/image/webp"
)

// webpFile are the chunks of a WebP file (RFC 9649, section 2).
type webpFile struct {
	data   []byte
	vp8    []byte // lossy pixels
	vp8l   []byte // lossless pixels
	alpha  bool   // a chunk of transparency for lossy pixels
	canvas []byte // of the extended header
	metadata
}

// parseWebP reads the chunks of a file.
func parseWebP(data []byte) (file, error) {
	w := webpFile{data: data}
	rest := data[12:]
	if size := uint64(binary.LittleEndian.Uint32(data[4:])); size >= 4 && size-4 < uint64(len(rest)) {
		rest = rest[:size-4]
	}
	for len(rest) >= 8 {
		size := uint64(binary.LittleEndian.Uint32(rest[4:]))
		if size > uint64(len(rest)-8) {
			return file{}, fmt.Errorf("webp: %w", io.ErrUnexpectedEOF)
		}
		if err := w.chunk(string(rest[:4]), rest[8:8+size]); err != nil {
			return file{}, err
		}
		rest = rest[min(8+size+size&1, uint64(len(rest))):]
	}
	width, height, err := w.size()
	memory := 2 * 3
	if w.vp8l != nil || w.alpha {
		memory = 4 + 4 + 3
	}
	return file{
		width: width, height: height, memory: memory, decode: w.decode,
		metadata: func() metadata { return w.metadata },
	}, err
}

// chunk takes a chunk. Of several of a kind the first counts.
func (w *webpFile) chunk(name string, content []byte) error {
	first := func(at *[]byte) {
		if *at == nil {
			*at = content
		}
	}
	switch name {
	case "VP8 ":
		first(&w.vp8)
	case "VP8L":
		first(&w.vp8l)
	case "VP8X":
		first(&w.canvas)
	case "ALPH":
		w.alpha = true
	case "ANIM", "ANMF":
		return &unreadError{"animated WebP file", toFrame}
	case "EXIF":
		first(&w.exif)
	case "XMP ":
		first(&w.xmp)
	case "ICCP":
		first(&w.profile)
	}
	return nil
}

var errShortWebP = fmt.Errorf("webp: %w", io.ErrUnexpectedEOF)

// size reads the size of the pixels, which is the one of the canvas.
func (w *webpFile) size() (width, height int, err error) {
	switch {
	case w.vp8 != nil:
		if len(w.vp8) < 10 {
			return 0, 0, errShortWebP
		}
		if w.vp8[0]&1 != 0 || string(w.vp8[3:6]) != "\x9d\x01\x2a" {
			return 0, 0, errors.New("its pixels have no key frame")
		}
		width, height = int(binary.LittleEndian.Uint16(w.vp8[6:])&0x3fff), int(binary.LittleEndian.Uint16(w.vp8[8:])&0x3fff)
	case w.vp8l != nil:
		config, err := vp8l.DecodeConfig(bytes.NewReader(w.vp8l))
		if err != nil {
			return 0, 0, err
		}
		width, height = config.Width, config.Height
	default:
		return 0, 0, errors.New("it holds no picture")
	}
	if c := w.canvas; len(c) >= 10 {
		wide, high := 1+(int(c[4])|int(c[5])<<8|int(c[6])<<16), 1+(int(c[7])|int(c[8])<<8|int(c[9])<<16)
		if wide != width || high != height {
			return 0, 0, fmt.Errorf("its picture has %dx%d pixels, and its canvas %dx%d", width, height, wide, high)
		}
	}
	return width, height, nil
}

// decode decodes the pixels.
func (w *webpFile) decode(d Decoder) (samples, error) {
	if w.vp8 == nil {
		src, err := vp8l.Decode(bytes.NewReader(w.vp8l))
		if err != nil {
			return samples{}, err
		}
		return convert(src, d)
	}
	if w.alpha && d.Alpha.composes() {
		return w.decodeAlpha(d)
	}
	decoder := vp8.NewDecoder()
	decoder.Init(bytes.NewReader(w.vp8), len(w.vp8))
	if _, err := decoder.DecodeFrameHeader(); err != nil {
		return samples{}, err
	}
	planes, err := decoder.DecodeFrame()
	if err != nil {
		return samples{}, err
	}
	return samples{fromPlanes(planes), 1}, nil
}

// decodeAlpha decodes lossy pixels with transparency.
func (w *webpFile) decodeAlpha(d Decoder) (samples, error) {
	src, err := webp.Decode(bytes.NewReader(w.data))
	if err != nil {
		return samples{}, err
	}
	m, is := src.(*image.NYCbCrA)
	if !is {
		return samples{}, errors.New("its transparency is not used")
	}
	img := fromPlanes(&m.YCbCr)
	for y := range img.Height {
		row := img.Row(y)
		for x, a := range m.A[y*m.AStride:][:img.Width] {
			for c := 3 * x; c < 3*x+3; c++ {
				row[c] = d.Alpha.compose(row[c], a)
			}
		}
	}
	return samples{img, 1}, nil
}
