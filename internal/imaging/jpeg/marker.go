package jpeg

import "fmt"

// Markers, clause B.1.1.3.
const (
	markerSOF0 = 0xc0
	markerSOF1 = 0xc1
	markerSOF2 = 0xc2
	markerDHT  = 0xc4
	markerJPG  = 0xc8
	markerDAC  = 0xcc
	markerRST0 = 0xd0
	markerRST7 = 0xd7
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerDQT  = 0xdb
	markerDNL  = 0xdc
	markerDRI  = 0xdd
	markerAPP0 = 0xe0
	markerAPPE = 0xee // application segment 14
	markerAPPF = 0xef
	markerCOM  = 0xfe
	markerTEM  = 0x01
)

// maxSide is the largest width and height that libjpeg-turbo reads.
const maxSide = 65500

// decoder is the state of decoding one file.
type decoder struct {
	data []byte
	at   int // of the next byte to read

	quant     [4]*[64]uint16 // in natural order, clause B.2.4.1
	dc, ac    [4]*huffman    // clause B.2.4.2
	interval  int            // MCUs between restart markers; 0: none
	jfif      bool
	adobe     bool
	transform byte // of the Adobe segment

	framed        bool
	progressive   bool
	width, height int
	maxH, maxV    int
	mcusX, mcusY  int // of an interleaved scan
	components    []component

	buffered bool // coefficients of the whole picture are kept until all scans are read
	scans    int
	visits   int // of blocks, by all scans
	bits     bitReader
}

// start reads the start of image, clause B.2.1.
func (d *decoder) start() error {
	if len(d.data) < 2 || d.data[0] != 0xff || d.data[1] != markerSOI {
		return damaged("it does not begin with the start of an image")
	}
	d.at = 2
	return nil
}

// nextMarker reads the next marker, which any number of bytes 0xff may precede.
func (d *decoder) nextMarker() (byte, error) {
	if d.at < len(d.data) && d.data[d.at] != 0xff {
		return 0, damaged("byte %d is in no segment: want a marker there", d.at)
	}
	at := d.at
	for at < len(d.data) && d.data[at] == 0xff {
		at++
	}
	if at >= len(d.data) {
		return 0, damaged("it ends after %d bytes, before the end of the image", len(d.data))
	}
	if d.data[at] == 0 {
		return 0, damaged("byte %d is in no segment: want a marker there", d.at)
	}
	d.at = at + 1
	return d.data[at], nil
}

// payload reads the length and the content of a segment, clause B.1.1.4.
func (d *decoder) payload() ([]byte, error) {
	if d.at+2 > len(d.data) {
		return nil, damaged("it ends after %d bytes, before the end of the image", len(d.data))
	}
	length := int(d.data[d.at])<<8 | int(d.data[d.at+1])
	if length < 2 {
		return nil, damaged("the segment at byte %d has length %d: want 2 or more", d.at, length)
	}
	if d.at+length > len(d.data) {
		return nil, damaged("it ends after %d bytes, before the end of the image", len(d.data))
	}
	content := d.data[d.at+2 : d.at+length]
	d.at += length
	return content, nil
}

// segment reads the segment of any marker but the start of a scan and the end of the
// image.
func (d *decoder) segment(marker byte) error {
	if marker == markerTEM || marker >= markerRST0 && marker <= markerRST7 {
		return nil // markers without a segment
	}
	if err := checkMarker(marker); err != nil {
		return err
	}
	content, err := d.payload()
	if err != nil {
		return err
	}
	switch marker {
	case markerSOF0, markerSOF1, markerSOF2:
		return d.frame(marker, content)
	case markerDHT:
		return d.huffmanTables(content)
	case markerDQT:
		return d.quantTables(content)
	case markerDRI:
		if len(content) != 2 {
			return damaged("a restart interval of %d bytes: want 2", len(content))
		}
		d.interval = int(content[0])<<8 | int(content[1])
	case markerAPP0:
		return d.app0(content)
	case markerAPPE:
		d.app14(content)
	}
	return nil
}

// checkMarker refuses the markers of files that are not read, clause B.1.1.3, and those
// that have no meaning.
func checkMarker(marker byte) error {
	switch marker {
	case 0xc3:
		return unsupported("lossless coding")
	case 0xc5, 0xc6, 0xc7, 0xde, 0xdf:
		return unsupported("hierarchical coding")
	case 0xc9, 0xca, markerDAC:
		return unsupported("arithmetic coding")
	case 0xcb:
		return unsupported("lossless and arithmetic coding")
	case 0xcd, 0xce, 0xcf:
		return unsupported("hierarchical and arithmetic coding")
	case markerSOI:
		return damaged("a second image starts inside the first")
	case markerSOF0, markerSOF1, markerSOF2, markerDHT, markerDQT, markerDRI, markerDNL, markerCOM:
		return nil
	}
	if marker >= markerAPP0 && marker <= markerAPPF {
		return nil
	}
	return damaged("it has the unknown marker 0xff%02x", marker)
}

// app0 recognises a JFIF segment.
func (d *decoder) app0(content []byte) error {
	if len(content) < 14 || string(content[:5]) != "JFIF\x00" {
		return nil
	}
	if content[5] != 1 {
		return damaged("its JFIF version is %d.%02d: want 1", content[5], content[6])
	}
	d.jfif = true
	return nil
}

// app14 recognises an Adobe segment.
func (d *decoder) app14(content []byte) {
	if len(content) >= 12 && string(content[:5]) == "Adobe" {
		d.adobe, d.transform = true, content[11]
	}
}

// quantTables reads quantisation tables of 8 or 16 bits, clause B.2.4.1.
func (d *decoder) quantTables(content []byte) error {
	for len(content) > 0 {
		wide, id := content[0]>>4 != 0, content[0]&15
		content = content[1:]
		size := 64
		if wide {
			size = 128
		}
		if id > 3 {
			return damaged("it has a quantisation table %d: want 0 to 3", id)
		}
		if len(content) < size {
			return damaged("a quantisation table is cut short")
		}
		table := new([64]uint16)
		for k := range 64 {
			if wide {
				table[zigzag[k]] = uint16(content[2*k])<<8 | uint16(content[2*k+1])
			} else {
				table[zigzag[k]] = uint16(content[k])
			}
		}
		d.quant[id], content = table, content[size:]
	}
	return nil
}

// huffmanTables reads Huffman tables, clause B.2.4.2.
func (d *decoder) huffmanTables(content []byte) error {
	for len(content) > 0 {
		if len(content) < 17 {
			return damaged("a Huffman table is cut short")
		}
		class, id := content[0]>>4, content[0]&15
		if class > 1 || id > 3 {
			return damaged("it has a Huffman table of class %d and number %d: want 0 or 1, and 0 to 3", class, id)
		}
		counts := [16]byte(content[1:17])
		total := 0
		for _, n := range counts {
			total += int(n)
		}
		content = content[17:]
		if total > 256 || total > len(content) {
			return damaged("a Huffman table is cut short")
		}
		table := &huffman{counts: counts, count: total}
		copy(table.symbols[:], content[:total])
		content = content[total:]
		if class == 0 {
			d.dc[id] = table
		} else {
			d.ac[id] = table
		}
	}
	return nil
}

// frame reads a frame header, clause B.2.2.
func (d *decoder) frame(marker byte, content []byte) error {
	if d.framed {
		return damaged("it has two frame headers")
	}
	if len(content) < 6 {
		return damaged("the frame header is cut short")
	}
	if content[0] != 8 {
		return unsupported("%d bits a sample", content[0])
	}
	d.height = int(content[1])<<8 | int(content[2])
	d.width = int(content[3])<<8 | int(content[4])
	count := int(content[5])
	switch {
	case d.width == 0 || count == 0:
		return damaged("the picture is empty: %d by %d pixels, %d components", d.width, d.height, count)
	case d.height == 0:
		return unsupported("a height that is given after the picture")
	case d.width > maxSide || d.height > maxSide:
		return unsupported("%d by %d pixels: more than %d a side", d.width, d.height, maxSide)
	case len(content) != 6+3*count:
		return damaged("the frame header has %d bytes for %d components: want %d", len(content), count, 6+3*count)
	case count != 1 && count != 3 && count != 4:
		return unsupported("%d components", count)
	}
	d.progressive = marker == markerSOF2
	d.components = make([]component, count)
	for i := range d.components {
		c, spec := &d.components[i], content[6+3*i:]
		c.id, c.h, c.v, c.tq = spec[0], int(spec[1]>>4), int(spec[1]&15), spec[2]
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 {
			return damaged("component %d has sampling factors %d and %d: want 1 to 4", i+1, c.h, c.v)
		}
		d.maxH, d.maxV = max(d.maxH, c.h), max(d.maxV, c.v)
	}
	for _, c := range d.components {
		if d.maxH%c.h != 0 || d.maxV%c.v != 0 {
			return unsupported("sampling factors %s, whose ratios are fractions", d.sampling())
		}
	}
	d.mcusX, d.mcusY = ceil(d.width, 8*d.maxH), ceil(d.height, 8*d.maxV)
	for i := range d.components {
		d.components[i].size(d)
	}
	d.framed = true
	return nil
}

// sampling are the sampling factors of all components, as "2x2, 1x1, 1x1".
func (d *decoder) sampling() string {
	text := ""
	for i, c := range d.components {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%dx%d", c.h, c.v)
	}
	return text
}

// ceil is a/b rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }

// zigzag gives the place of the k-th coefficient of a block in natural order, figure
// A.6. A run of zeros that a damaged file makes too long ends at the last place, as in
// libjpeg-turbo.
var zigzag = [64 + 16]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63,
	63, 63, 63, 63, 63, 63, 63, 63,
}
