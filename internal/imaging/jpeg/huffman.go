package jpeg

import (
	"bytes"
	"encoding/binary"
)

// lookBits is how many bits are looked up at once.
const lookBits = 9

// huffman is a Huffman table, clause C.2, with what makes decoding fast.
type huffman struct {
	counts  [16]byte   // of codes of 1 to 16 bits
	symbols [256]uint8 // in order of their codes
	count   int

	ready bool
	// look gives for the next lookBits bits the length of the code times 256 plus its
	// symbol; 0 where the code is longer.
	look [1 << lookBits]uint16
	// value gives for the next lookBits bits what a code and the bits of its coefficient
	// stand for, where both fit: the coefficient times 65536, plus the run of zeros times
	// 256, plus the length of all. 0 where they do not.
	value [1 << lookBits]int32
	// limit[l] is the first number above all codes of l+1 bits, of 16 bits, and offset[l]
	// added to such a code is its place in symbols.
	limit  [16]uint32
	offset [16]int
}

// prepare derives the tables. Symbols of a table for direct coefficients are lengths of
// at most 15 bits.
func (h *huffman) prepare(direct bool) error {
	if direct {
		for _, symbol := range h.symbols[:h.count] {
			if symbol > 15 {
				return damaged("a Huffman table for direct coefficients has the symbol %d: want at most 15", symbol)
			}
		}
	}
	if h.ready {
		return nil
	}
	code, at := uint32(0), 0
	for length := 1; length <= 16; length++ {
		h.offset[length-1] = at - int(code)
		for range h.counts[length-1] {
			if code >= 1<<length {
				return damaged("a Huffman table has more codes of %d bits than there are", length)
			}
			h.enter(code, length, h.symbols[at])
			code++
			at++
		}
		h.limit[length-1] = code << (16 - length)
		code <<= 1
	}
	h.ready = true
	return nil
}

// enter fills the entries of the lookup tables that begin with a code.
func (h *huffman) enter(code uint32, length int, symbol uint8) {
	if length > lookBits {
		return
	}
	spare := lookBits - length
	for rest := range uint32(1) << spare {
		index := code<<spare | rest
		h.look[index] = uint16(length)<<8 | uint16(symbol)
		size := int(symbol & 15)
		if size == 0 || size > spare {
			continue
		}
		bits := int32(rest >> (spare - size))
		h.value[index] = extend(bits, size)<<16 | int32(symbol>>4)<<8 | int32(length+size)
	}
}

// extend gives the signed value of the bits of a coefficient, figure F.12.
func extend(bits int32, size int) int32 {
	if bits < 1<<(size-1) {
		return bits - 1<<size + 1
	}
	return bits
}

// longest is how many bytes the coefficients of one block can take up at most: 64 codes of
// 16 bits, each with 15 bits more.
const longest = 64*(16+15)/8 + 1

// bitReader reads the bits between two markers.
type bitReader struct {
	buffer []byte // without stuffed bytes, and with zeros behind
	size   int    // of the bytes before the zeros
	at     int    // of the next byte to take into acc
	acc    uint64 // the next bits, the first of them the highest
	n      uint   // how many bits of acc are valid
}

// reset takes the data up to the next marker and returns what follows it.
func (b *bitReader) reset(data []byte) (rest []byte) {
	out := b.buffer[:0]
	for {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 {
			out, data = append(out, data...), nil
			break
		}
		out = append(out, data[:i]...)
		next := i + 1
		for next < len(data) && data[next] == 0xff {
			next++
		}
		if next >= len(data) || data[next] != 0 {
			data = data[i:]
			break
		}
		out, data = append(out, 0xff), data[next+1:] // a stuffed zero, clause B.1.1.5
	}
	b.size = len(out)
	var zeros [longest + 16]byte
	b.buffer = append(out, zeros[:]...)
	b.at, b.acc, b.n = 0, 0, 0
	return data
}

// refill makes at least 56 bits valid. It may be called as often as bits are needed
// within a block; exhausted must be asked after each.
func (b *bitReader) refill() {
	b.acc |= binary.BigEndian.Uint64(b.buffer[b.at:]) >> b.n
	b.at += int((63 - b.n) >> 3)
	b.n |= 56
}

// exhausted says that more bits were taken than there are.
func (b *bitReader) exhausted() bool { return b.at*8-int(b.n) > b.size*8 }

// left is the number of whole bytes that were not taken.
func (b *bitReader) left() int { return (b.size*8 - (b.at*8 - int(b.n))) / 8 }

// take takes size bits, 1 to 16, of those that refill made valid.
func (b *bitReader) take(size uint) int32 {
	v := int32(b.acc >> (64 - size))
	b.acc <<= size
	b.n -= size
	return v
}

// symbol takes a Huffman code, clause F.2.2.3. The symbol is -1 where there is no such code.
func (b *bitReader) symbol(h *huffman) int {
	if entry := h.look[b.acc>>(64-lookBits)]; entry != 0 {
		length := uint(entry >> 8)
		b.acc <<= length
		b.n -= length
		return int(entry & 255)
	}
	return b.longSymbol(h)
}

func (b *bitReader) longSymbol(h *huffman) int {
	code, length := h.long(b.acc)
	b.acc <<= length
	b.n -= length
	return code
}

// long finds the symbol of a code of more than lookBits bits at the top of acc, and the
// length of the code; -1 and 0 where there is none.
func (h *huffman) long(acc uint64) (symbol int, length uint) {
	bits := uint32(acc >> 48)
	for length = lookBits + 1; length <= 16; length++ {
		if bits < h.limit[length-1] {
			return int(h.symbols[(h.offset[length-1]+int(bits>>(16-length)))&255]), length
		}
	}
	return -1, 0
}
