package jpeg_test

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// encoder writes files that cjpeg cannot write, of coefficients that are drawn.
type encoder struct {
	r             *rand.Rand
	width, height int
	sampling      [][2]int // of the components
	wideTables    bool     // quantisation tables of 16 bits
	extended      bool     // SOF1
	apart         bool     // a scan for each component
	spectral      bool     // progressive: direct coefficients, then bands
	interval      int      // MCUs between restart markers
	noHuffman     bool     // leave the Huffman tables out
	fillBytes     bool     // 0xff before markers
	ids           []byte
	before        []byte // segments before the frame header
	after         []byte // behind the end of the image

	out     bytes.Buffer
	blocks  [][][64]int // [component][block] in zigzag order
	columns []int       // blocks of a row of each component
}

// code is a Huffman code.
type code struct {
	bits, size uint32
}

// flatTable is a Huffman table of the symbols 0 to 254, all with eight or nine bits, and
// its codes.
func flatTable() (counts [16]byte, symbols []byte, codes map[byte]code) {
	codes = map[byte]code{}
	counts[7], counts[8] = 250, 5
	for i := range 255 {
		symbols = append(symbols, byte(i))
		if i < 250 {
			codes[byte(i)] = code{uint32(i), 8}
		} else {
			codes[byte(i)] = code{250*2 + uint32(i-250), 9}
		}
	}
	return counts, symbols, codes
}

func (e *encoder) segment(marker byte, content []byte) {
	if e.fillBytes {
		e.out.Write([]byte{0xff, 0xff})
	}
	e.out.Write([]byte{0xff, marker})
	e.out.Write(binary.BigEndian.AppendUint16(nil, uint16(len(content)+2)))
	e.out.Write(content)
}

// file draws a picture and writes it.
func (e *encoder) file() []byte {
	maxH, maxV := 1, 1
	for _, s := range e.sampling {
		maxH, maxV = max(maxH, s[0]), max(maxV, s[1])
	}
	e.out.Write([]byte{0xff, 0xd8})
	e.out.Write(e.before)
	e.tables()
	sof := byte(0xc0)
	switch {
	case e.spectral:
		sof = 0xc2
	case e.extended:
		sof = 0xc1
	}
	header := []byte{8, byte(e.height >> 8), byte(e.height), byte(e.width >> 8), byte(e.width), byte(len(e.sampling))}
	for i, s := range e.sampling {
		header = append(header, e.id(i), byte(s[0]<<4|s[1]), byte(i&1))
	}
	e.segment(sof, header)
	mcusX, mcusY := (e.width+8*maxH-1)/(8*maxH), (e.height+8*maxV-1)/(8*maxV)
	for _, s := range e.sampling {
		e.columns = append(e.columns, mcusX*s[0])
		e.blocks = append(e.blocks, e.draw(mcusX*s[0]*mcusY*s[1]))
	}
	if e.interval > 0 {
		e.segment(0xdd, []byte{byte(e.interval >> 8), byte(e.interval)})
	}
	e.scans(mcusX, mcusY, maxH, maxV)
	e.out.Write([]byte{0xff, 0xd9})
	e.out.Write(e.after)
	return e.out.Bytes()
}

func (e *encoder) id(i int) byte {
	if e.ids != nil {
		return e.ids[i]
	}
	return byte(i + 1)
}

// draw draws blocks whose samples stay near the range of samples.
func (e *encoder) draw(n int) [][64]int {
	blocks := make([][64]int, n)
	for i := range blocks {
		blocks[i][0] = e.r.IntN(400) - 200
		for range e.r.IntN(12) {
			blocks[i][1+e.r.IntN(63)] = e.r.IntN(41) - 20
		}
	}
	return blocks
}

func (e *encoder) tables() {
	for id := range byte(2) {
		content := []byte{id}
		if e.wideTables {
			content[0] |= 0x10
		}
		for range 64 {
			v := 1 + e.r.IntN(12)
			if e.wideTables {
				content = append(content, byte(v>>8))
			}
			content = append(content, byte(v))
		}
		e.segment(0xdb, content)
	}
	if e.noHuffman {
		return
	}
	counts, symbols, _ := flatTable()
	e.segment(0xc4, append(append([]byte{0x10}, counts[:]...), symbols...))
	counts = [16]byte{3: 12}
	e.segment(0xc4, append(append([]byte{0}, counts[:]...), symbols[:12]...))
}

// scans writes all scans.
func (e *encoder) scans(mcusX, mcusY, maxH, maxV int) {
	all := make([]int, len(e.sampling))
	for i := range all {
		all[i] = i
	}
	groups := [][]int{all}
	if e.apart {
		groups = nil
		for i := range e.sampling {
			groups = append(groups, []int{i})
		}
	}
	first, last := 0, 63
	if e.spectral {
		last = 0
	}
	for _, members := range groups {
		e.scan(members, first, last, mcusX, mcusY, maxH, maxV)
	}
	if !e.spectral {
		return
	}
	for i := range e.sampling {
		split := 1 + e.r.IntN(62)
		e.scan([]int{i}, 1, split, mcusX, mcusY, maxH, maxV)
		e.scan([]int{i}, split+1, 63, mcusX, mcusY, maxH, maxV)
	}
}

// writer writes bits with stuffed zeros.
type writer struct {
	out  *bytes.Buffer
	acc  uint64
	size uint32
}

func (w *writer) put(bits, size uint32) {
	w.acc, w.size = w.acc<<size|uint64(bits), w.size+size
	for w.size >= 8 {
		b := byte(w.acc >> (w.size - 8))
		w.out.WriteByte(b)
		if b == 0xff {
			w.out.WriteByte(0)
		}
		w.size -= 8
	}
}

func (w *writer) flush() {
	if w.size > 0 {
		w.put(1<<(8-w.size)-1, 8-w.size)
	}
}

// scan writes one scan of the coefficients first to last.
func (e *encoder) scan(members []int, first, last, mcusX, mcusY, maxH, maxV int) {
	content := []byte{byte(len(members))}
	for _, i := range members {
		content = append(content, e.id(i), 0)
	}
	e.segment(0xda, append(content, byte(first), byte(last), 0))
	w := &writer{out: &e.out}
	previous := make([]int, len(e.sampling))
	alone := len(members) == 1
	if alone {
		s := e.sampling[members[0]]
		width, height := (e.width*s[0]+maxH-1)/maxH, (e.height*s[1]+maxV-1)/maxV
		mcusX, mcusY = (width+7)/8, (height+7)/8
	}
	for n := range mcusX * mcusY {
		if e.interval > 0 && n > 0 && n%e.interval == 0 {
			w.flush()
			e.out.Write([]byte{0xff, 0xd0 + byte(n/e.interval-1)&7})
			clear(previous)
		}
		x, y := n%mcusX, n/mcusX
		for _, i := range members {
			h, v := e.sampling[i][0], e.sampling[i][1]
			if alone {
				h, v = 1, 1
			}
			for k := range h * v {
				b := &e.blocks[i][(y*v+k/h)*e.columns[i]+x*h+k%h]
				e.block(w, b, first, last, &previous[i])
			}
		}
	}
	w.flush()
}

func (e *encoder) block(w *writer, b *[64]int, first, last int, previous *int) {
	_, _, other := flatTable()
	if e.noHuffman {
		other = standardOther
	}
	k := first
	if k == 0 {
		size, extra := magnitude(b[0] - *previous)
		*previous = b[0]
		if e.noHuffman {
			w.put(standardDirect[size].bits, standardDirect[size].size)
		} else {
			w.put(size, 4)
		}
		w.put(extra, size)
		k = 1
	}
	run := 0
	for ; k <= last; k++ {
		if b[k] == 0 {
			run++
			continue
		}
		for ; run > 15; run -= 16 {
			w.put(other[0xf0].bits, other[0xf0].size)
		}
		size, extra := magnitude(b[k])
		c := other[byte(run<<4)|byte(size)]
		w.put(c.bits, c.size)
		w.put(extra, size)
		run = 0
	}
	if run > 0 {
		w.put(other[0].bits, other[0].size)
	}
}

// magnitude is the size of a value and its bits, figure F.1.
func magnitude(v int) (size, extra uint32) {
	size = uint32(bits.Len(uint(max(v, -v))))
	if v < 0 {
		v += 1<<size - 1
	}
	return size, uint32(v)
}

// The codes of the standard's tables for luminance, tables K.3 and K.5.
var (
	standardDirect = canonical("\x00\x01\x05\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b")
	standardOther  = byteKeys(canonical("\x00\x02\x01\x03\x03\x02\x04\x03\x05\x05\x04\x04\x00\x00\x01\x7d",
		"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\x08\x23\x42\xb1\xc1\x15\x52\xd1\xf0"+
			"\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\x27\x28\x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49"+
			"\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\x86\x87\x88\x89"+
			"\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5"+
			"\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8"+
			"\xf9\xfa"))
)

// canonical gives the codes of a table by their symbols, clause C.2.
func canonical(counts, symbols string) map[uint32]code {
	codes, next, at := map[uint32]code{}, uint32(0), 0
	for i := range counts {
		for range counts[i] {
			codes[uint32(symbols[at])] = code{next, uint32(i + 1)}
			next++
			at++
		}
		next <<= 1
	}
	return codes
}

func byteKeys(codes map[uint32]code) map[byte]code {
	m := map[byte]code{}
	for k, v := range codes {
		m[byte(k)] = v
	}
	return m
}
