package imaging

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"image/png"
	"io"
	"iter"
)

const pngMagic = "\x89PNG\r\n\x1a\n"

// pngChunk is a chunk of a PNG file (ISO/IEC 15948, 5.3).
type pngChunk struct {
	name    string
	content []byte
	whole   []byte // with length, name and checksum
}

// pngChunks yields the chunks of a file as far as they are whole.
func pngChunks(data []byte) iter.Seq[pngChunk] {
	return func(yield func(pngChunk) bool) {
		rest := data[len(pngMagic):]
		for len(rest) >= 12 {
			size := uint64(binary.BigEndian.Uint32(rest))
			if size > uint64(len(rest)-12) {
				yield(pngChunk{string(rest[4:8]), nil, rest})
				return
			}
			if !yield(pngChunk{string(rest[4:8]), rest[8 : 8+size], rest[:12+size]}) {
				return
			}
			rest = rest[12+size:]
		}
		if len(rest) > 0 {
			yield(pngChunk{"", nil, rest})
		}
	}
}

// parsePNG reads the header of a PNG file (11.2.2).
func parsePNG(data []byte) (file, error) {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return file{}, err
	}
	header := data[len(pngMagic)+8:]
	depth, colour := header[8], header[9]
	channels := map[uint8]int{0: 1, 2: 4, 3: 1, 4: 4, 6: 4}[colour]
	return file{
		width: config.Width, height: config.Height, memory: channels*max(int(depth)/8, 1) + 3,
		decode:   func(d Decoder) (samples, error) { return decodePNG(data, colour, d) },
		metadata: func() metadata { return pngMetadata(data) },
	}, nil
}

// decodePNG decodes the chunks that make pixels. Grey is what the colour type says (0 or 4):
// the standard library holds grey with alpha as colour.
func decodePNG(data []byte, colour uint8, d Decoder) (samples, error) {
	next, stop := iter.Pull2(pixelChunks(data, colour, d.Alpha))
	defer stop()
	src, err := png.Decode(&pieces{next: next})
	if err != nil {
		return samples{}, err
	}
	s, err := convert(src, d)
	if colour == 0 || colour == 4 {
		s = s.firstChannel()
	}
	return s, err
}

// pixelChunks yields the chunks that make pixels, whole. It leaves out what only describes the
// pixels, which other programs do not refuse for its mistakes either, and transparency where
// it is dropped. Up to the pixels the checksums of all chunks must be right.
func pixelChunks(data []byte, colour uint8, alpha Alpha) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if !yield(data[:len(pngMagic)], nil) {
			return
		}
		pixels := false
		for c := range pngChunks(data) {
			switch {
			case c.name == "IDAT":
				pixels = true
			case c.name == "IHDR", c.name == "IEND", c.name == "PLTE" && colour == 3, c.name == "tRNS" && alpha.composes(), c.content == nil:
			default:
				if !pixels && crc32.ChecksumIEEE(c.whole[4:len(c.whole)-4]) != binary.BigEndian.Uint32(c.whole[len(c.whole)-4:]) {
					yield(nil, png.FormatError("invalid checksum of a chunk "+c.name))
					return
				}
				continue
			}
			if !yield(c.whole, nil) || c.name == "IEND" {
				return
			}
		}
	}
}

// pieces reads what a sequence yields, one piece after the other.
type pieces struct {
	next func() ([]byte, error, bool)
	rest []byte
}

// Read is that of io.Reader.
func (p *pieces) Read(dst []byte) (int, error) {
	for len(p.rest) == 0 {
		piece, err, more := p.next()
		if err != nil {
			return 0, err
		}
		if !more {
			return 0, io.EOF
		}
		p.rest = piece
	}
	n := copy(dst, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// pngMetadata reads the chunks eXIf, iCCP and those of texts (11.3.3, 11.3.4), of several
// the last. Only what counts is unpacked.
func pngMetadata(data []byte) metadata {
	var exif, raw, xmp, profile func() []byte
	for c := range pngChunks(data) {
		switch c.name {
		case "eXIf":
			exif = func() []byte { return c.content }
		case "iCCP":
			if _, rest := until0(c.content); len(rest) > 1 && rest[0] == 0 {
				profile = func() []byte { return inflate(rest[1:]) }
			}
		case "tEXt", "zTXt", "iTXt":
			switch key, text := pngText(c); key {
			case "exif":
				exif = text
			case "Raw profile type exif":
				raw = text
			case "XML:com.adobe.xmp":
				xmp = text
			}
		}
	}
	m := metadata{exif: unpacked(exif), xmp: unpacked(xmp), profile: unpacked(profile)}
	if m.exif == nil {
		m.exif = rawProfile(unpacked(raw))
	}
	return m
}

// unpacked is what the function returns, if there is one.
func unpacked(text func() []byte) []byte {
	if text == nil {
		return nil
	}
	return text()
}

// pngText is the key of a chunk, and what unpacks its text.
func pngText(c pngChunk) (key string, text func() []byte) {
	name, rest := until0(c.content)
	packed := false
	switch {
	case c.name == "tEXt":
	case c.name == "zTXt" && len(rest) > 0 && rest[0] == 0:
		packed, rest = true, rest[1:]
	case c.name == "iTXt" && len(rest) > 2:
		packed = rest[0] != 0
		_, rest = until0(rest[2:]) // language
		_, rest = until0(rest)     // the key in it
	default:
		return "", nil
	}
	if packed {
		return string(name), func() []byte { return inflate(rest) }
	}
	return string(name), func() []byte { return rest }
}

// maxMetadata bounds what a compressed text or profile unpacks to.
const maxMetadata = 8 << 20

// inflate unpacks a text or profile; nil where it is damaged.
func inflate(data []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(z, maxMetadata))
	if err != nil {
		return nil
	}
	return text
}

// rawProfile reads a profile as ImageMagick writes it: three lines of description, and
// hexadecimal digits.
func rawProfile(text []byte) []byte {
	lines := bytes.Split(text, []byte("\n"))
	if len(lines) < 4 {
		return nil
	}
	digits := bytes.Join(lines[3:], nil)
	block := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(block, digits); err != nil {
		return nil
	}
	return block
}
