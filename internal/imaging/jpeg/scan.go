package jpeg

import "encoding/binary"

// maxScans is more than any encoder writes: a component of a progressive file has 64
// coefficients, whose bits come in a few steps.
const maxScans = 1000

// maxVisits bounds the blocks that all scans together go through, since a scan of a few bytes
// can go through millions. It is 30 scans of all components of a photograph of 200 megapixels.
const maxVisits = 300_000_000

// scanning is the state of reading one scan, clause B.2.3.
type scanning struct {
	*decoder
	members       []member
	start, end    int // of the coefficients, in zigzag order
	high, low     int // bit positions of successive approximation, clause G.1.1.1.2
	blocksPerMCU  int
	mcusX, mcusY  int
	eobRun        int32 // blocks that are left of a run of ends of block, clause G.1.2.2
	decode        func(s *scanning, m *member, b *block) error
	restartNumber byte
}

// member is a component of a scan.
type member struct {
	*component
	h, v   int // its blocks of an MCU: 1 and 1 where it is alone in the scan
	dc, ac *huffman
	last   int32 // direct coefficient of the block before, clause F.1.1.5.1
}

// scan reads the header of a scan and its coefficients.
func (d *decoder) scan() error {
	content, err := d.payload()
	if err != nil {
		return err
	}
	if !d.framed {
		return damaged("it has a scan before its frame header")
	}
	if d.scans++; d.scans > maxScans {
		return damaged("it has more than %d scans", maxScans)
	}
	s := &scanning{decoder: d}
	if err := s.header(content); err != nil {
		return err
	}
	if err := s.prepare(); err != nil {
		return err
	}
	return s.read()
}

// header reads the header of a scan, clause B.2.3.
func (s *scanning) header(content []byte) error {
	if len(content) < 1 || len(content) != 4+2*int(content[0]) || content[0] < 1 || content[0] > 4 {
		return damaged("the header of a scan has %d bytes, which does not fit its number of components", len(content))
	}
	count := int(content[0])
	s.members = make([]member, count)
	var taken [4]bool
	for i := range s.members {
		id, tables := content[1+2*i], content[2+2*i]
		at := s.find(id, &taken)
		if at < 0 {
			return damaged("a scan has the component %d, which the frame header has not", id)
		}
		s.members[i] = member{component: &s.components[at], h: 1, v: 1}
		if n := tables >> 4; n < 4 {
			s.members[i].dc = s.table(s.dc[n], 0, n)
		}
		if n := tables & 15; n < 4 {
			s.members[i].ac = s.table(s.ac[n], 1, n)
		}
	}
	spectral := content[1+2*count:]
	s.start, s.end, s.high, s.low = int(spectral[0]), int(spectral[1]), int(spectral[2]>>4), int(spectral[2]&15)
	s.mcusX, s.mcusY = s.decoder.mcusX, s.decoder.mcusY
	if count == 1 {
		s.mcusX, s.mcusY, s.blocksPerMCU = s.members[0].blocksX, s.members[0].blocksY, 1
		return nil
	}
	for i := range s.members {
		m := &s.members[i]
		m.h, m.v = m.component.h, m.component.v
		s.blocksPerMCU += m.h * m.v
	}
	if s.blocksPerMCU > 10 { // clause B.2.3
		return damaged("a scan has %d blocks in an MCU: want at most 10", s.blocksPerMCU)
	}
	return nil
}

// table is the table of the file, or of the standard where Motion JPEG leaves it out, which
// is never progressive.
func (s *scanning) table(h *huffman, class, number byte) *huffman {
	if h == nil && !s.progressive {
		return standardTable(class, number)
	}
	return h
}

// find looks for the component of that identifier that the scan does not have yet.
func (s *scanning) find(id byte, taken *[4]bool) int {
	for i := range s.components {
		if s.components[i].id == id && !taken[i] {
			taken[i] = true
			return i
		}
	}
	return -1
}

// prepare checks the parameters of the scan and readies tables and memory.
func (s *scanning) prepare() error {
	if s.progressive {
		if err := s.prepareProgressive(); err != nil {
			return err
		}
	} else {
		if s.start != 0 || s.end != 63 || s.high != 0 || s.low != 0 {
			return damaged("a scan of a sequential file has coefficients %d to %d and bits %d to %d: want 0 to 63, and 0", s.start, s.end, s.high, s.low)
		}
		s.decode = (*scanning).sequential
	}
	if s.visits += s.mcusX * s.mcusY * s.blocksPerMCU; s.visits > maxVisits {
		return unsupported("so many scans of so large a picture")
	}
	if s.scans > 1 && !s.buffered {
		return damaged("a scan follows the one that has all of the picture")
	}
	if s.scans == 1 {
		s.buffered = s.progressive || len(s.members) < len(s.components)
		for i := range s.components {
			s.components[i].allocate(s.buffered)
		}
	}
	for i := range s.members {
		if err := s.prepareMember(&s.members[i]); err != nil {
			return err
		}
	}
	return nil
}

// prepareMember readies the tables of a component.
func (s *scanning) prepareMember(m *member) error {
	if !m.sent {
		if m.tq > 3 || s.quant[m.tq] == nil {
			return damaged("it lacks the quantisation table %d", m.tq)
		}
		m.component.quant, m.sent = s.quant[m.tq], true
	}
	if s.progressive && s.start > 0 {
		return ready(m.ac, false)
	}
	if s.progressive && s.high > 0 {
		return nil
	}
	if err := ready(m.dc, true); err != nil || s.progressive {
		return err
	}
	return ready(m.ac, false)
}

// ready derives what decoding with a table needs.
func ready(table *huffman, direct bool) error {
	if table == nil {
		return damaged("it lacks a Huffman table")
	}
	return table.prepare(direct)
}

// read reads all MCUs of the scan, clause E.2.4.
func (s *scanning) read() error {
	rest := s.bits.reset(s.data[s.at:])
	untilRestart := s.interval
	var scratch block
	for y := range s.mcusY {
		for x := range s.mcusX {
			if s.interval > 0 {
				if untilRestart == 0 {
					var err error
					if rest, err = s.restart(rest); err != nil {
						return err
					}
					untilRestart = s.interval
				}
				untilRestart--
			}
			if err := s.mcu(x, y, &scratch); err != nil {
				return err
			}
		}
	}
	s.at = len(s.data) - len(rest)
	return s.checkRest()
}

// checkRest refuses data behind the last block before a marker. As libjpeg-turbo reads ahead
// it does not notice a few bytes, which change no sample.
func (s *scanning) checkRest() error {
	if left := s.bits.left(); left > 7 {
		return damaged("a scan has %d bytes that belong to no block", left)
	}
	return nil
}

// mcu reads the blocks of one MCU, clause A.2.
func (s *scanning) mcu(x, y int, scratch *block) error {
	for i := range s.members {
		m := &s.members[i]
		for v := range m.v {
			row := y*m.v + v
			for h := range m.h {
				column := x*m.h + h
				b := scratch
				if s.buffered {
					b = &m.blocks[row*(m.stride/8)+column]
				} else {
					*b = block{}
				}
				if err := s.decode(s, m, b); err != nil {
					return err
				}
				if !s.buffered {
					active.inverseDCT(m.plane[8*row*m.stride+8*column:], m.stride, b, m.quant)
				}
			}
		}
	}
	if s.bits.exhausted() {
		return damaged("the data of a scan ends before its last block, as in a file that was cut short; the scan begins at byte %d", s.at)
	}
	return nil
}

// restart reads a restart marker and sets the state back, clause F.2.1.3.1.
func (s *scanning) restart(rest []byte) ([]byte, error) {
	if err := s.checkRest(); err != nil {
		return nil, err
	}
	for len(rest) > 1 && rest[0] == 0xff && rest[1] == 0xff {
		rest = rest[1:]
	}
	if len(rest) < 2 || rest[1] != markerRST0+s.restartNumber {
		return nil, damaged("byte %d has no restart marker %d, which belongs there", len(s.data)-len(rest), s.restartNumber)
	}
	s.restartNumber = (s.restartNumber + 1) & 7
	s.eobRun = 0
	for i := range s.members {
		s.members[i].last = 0
	}
	return s.bits.reset(rest[2:]), nil
}

var errNoCode = damaged("its data has bits that are no Huffman code")

// sequential reads all coefficients of a block, clause F.2.2.
func (s *scanning) sequential(m *member, b *block) error {
	bits := &s.bits
	bits.refill()
	size := bits.symbol(m.dc)
	if size < 0 {
		return errNoCode
	}
	if size > 0 {
		m.last += extend(bits.take(uint(size)), size)
	}
	b[0] = int16(m.last)
	acc, n, at, buffer, table := bits.acc, bits.n, bits.at, bits.buffer, m.ac
	for k := 1; k < 64; {
		if n < 32 {
			acc |= binary.BigEndian.Uint64(buffer[at:]) >> n
			at += int((63 - n) >> 3)
			n |= 56
		}
		look := acc >> (64 - lookBits)
		if value := table.value[look]; value != 0 {
			k += int(value >> 8 & 255)
			b[zigzag[k]] = int16(value >> 16)
			acc <<= uint(value & 255)
			n -= uint(value & 255)
			k++
			continue
		}
		symbol, length := int(table.look[look]&255), uint(table.look[look]>>8)
		if length == 0 {
			if symbol, length = table.long(acc); symbol < 0 {
				return errNoCode
			}
		}
		acc <<= length
		n -= length
		run, size := symbol>>4, uint(symbol&15)
		if size == 0 {
			if run != 15 {
				break // end of block
			}
			k += 16
			continue
		}
		k += run
		b[zigzag[k]] = int16(extend(int32(acc>>(64-size)), int(size)))
		acc <<= size
		n -= size
		k++
	}
	bits.acc, bits.n, bits.at = acc, n, at
	return nil
}
