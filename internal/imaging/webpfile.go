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
	vp8    []byte // lossy pixels
	vp8l   []byte // lossless pixels
	alpha  []byte // transparency for lossy pixels
	canvas []byte // of the extended header
	metadata
}

// parseWebP reads the chunks of a file.
func parseWebP(data []byte) (file, error) {
	var w webpFile
	rest := data[12:]
	size := uint64(binary.LittleEndian.Uint32(data[4:])) // from the word WEBP on
	if size > uint64(len(data)-8) {
		return file{}, errShortWebP
	}
	rest = rest[:max(size, 4)-4]
	if first := string(rest[:min(4, len(rest))]); len(rest) >= 8 && first != "VP8X" && first != "VP8 " && first != "VP8L" {
		return file{}, fmt.Errorf("its first chunk is %q: want VP8X, VP8 or VP8L", first)
	}
	for len(rest) >= 8 {
		size := uint64(binary.LittleEndian.Uint32(rest[4:]))
		if size > uint64(len(rest)-8) {
			return file{}, errShortWebP
		}
		if err := w.chunk(string(rest[:4]), rest[8:8+size]); err != nil {
			return file{}, err
		}
		rest = rest[min(8+size+size&1, uint64(len(rest))):]
	}
	width, height, err := w.size()
	memory := 2 * 3
	if w.vp8l != nil || w.alpha != nil {
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
		if w.vp8 == nil { // what comes behind the pixels is ignored
			first(&w.alpha)
		}
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
		if profile, shown := w.vp8[0]>>1&7, w.vp8[0]&16 != 0; profile > 3 || !shown { // RFC 6386, 9.1
			return 0, 0, errors.New("its frame is of an unknown version, or not to be shown")
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
	if w.alpha != nil { // which must not be damaged, even if it is dropped
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
	src, err := webp.Decode(bytes.NewReader(w.lossyWithAlpha()))
	if err != nil {
		return samples{}, err
	}
	m, is := src.(*image.NYCbCrA)
	if !is {
		return samples{}, errors.New("its transparency is not used")
	}
	img := fromPlanes(&m.YCbCr)
	if !d.Alpha.composes() {
		return samples{img, 1}, nil
	}
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

// lossyWithAlpha is a file of the pixels and their transparency alone, in the order and with
// the flag that the library wants.
func (w *webpFile) lossyWithAlpha() []byte {
	const hasAlpha = 0x10
	width, height, _ := w.size()
	canvas := []byte{hasAlpha, 0, 0, 0, byte(width - 1), byte((width - 1) >> 8), 0, byte(height - 1), byte((height - 1) >> 8), 0}
	out := make([]byte, 12, 12+3*8+len(canvas)+len(w.alpha)+len(w.vp8)+2)
	for _, c := range []struct {
		name    string
		content []byte
	}{{"VP8X", canvas}, {"ALPH", w.alpha}, {"VP8 ", w.vp8}} {
		out = binary.LittleEndian.AppendUint32(append(out, c.name...), uint32(len(c.content)))
		out = append(out, c.content...)
		out = append(out, make([]byte, len(c.content)&1)...)
	}
	copy(out, "RIFF")
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	copy(out[8:], "WEBP")
	return out
}
