package dataset

import (
	"bytes"
	"encoding/binary"
)

// packed holds images of one size in memory, without most of the bytes that are
// zero, as four out of five of MNIST's are.
type packed struct {
	size   int       // bytes of an image
	images [][]uint8 // each as pack makes it
	block  []uint8   // memory for the next images
	runs   []uint8   // memory for pack
}

// packedBlock is how many bytes are set aside for images at a time.
const packedBlock = 1 << 20

// writer takes images one after the other, in pieces of any length.
func (p *packed) writer() *blocksWriter {
	return &blocksWriter{size: p.size, each: func(pix []uint8) error {
		p.add(pix)
		return nil
	}}
}

// add appends an image.
func (p *packed) add(pix []uint8) {
	stored := p.pack(pix)
	if cap(p.block)-len(p.block) < len(stored) {
		p.block = make([]uint8, 0, max(packedBlock, len(stored)))
	}
	start := len(p.block)
	p.block = append(p.block, stored...)
	p.images = append(p.images, p.block[start:len(p.block):len(p.block)])
}

// pack returns what is stored of an image: again and again a number of zeros, a
// number of other bytes, and these; or the image as it is where that is no longer.
func (p *packed) pack(pix []uint8) []uint8 {
	const most = 255 // what a byte can count
	p.runs = p.runs[:0]
	for rest := pix; len(rest) > 0; {
		zeros := leadingZeros(rest[:min(len(rest), most)])
		others := rest[zeros:min(len(rest), zeros+most)]
		if n := bytes.IndexByte(others, 0); n >= 0 {
			others = others[:n]
		}
		p.runs = append(append(p.runs, uint8(zeros), uint8(len(others))), others...)
		rest = rest[zeros+len(others):]
	}
	if len(p.runs) < len(pix) {
		return p.runs
	}
	return pix
}

// leadingZeros counts the zeros before the first other byte of b.
func leadingZeros(b []uint8) (n int) {
	for n+8 <= len(b) && binary.LittleEndian.Uint64(b[n:]) == 0 {
		n += 8
	}
	for n < len(b) && b[n] == 0 {
		n++
	}
	return n
}

// image returns image i, which the caller must not change, unpacked into buffer if
// that is large enough.
func (p *packed) image(i int, buffer []uint8) []uint8 {
	stored := p.images[i]
	if len(stored) == p.size {
		return stored
	}
	pix := room(buffer, p.size)
	for rest := pix; len(stored) > 0; {
		zeros, others := int(stored[0]), int(stored[1])
		clear(rest[:zeros])
		copy(rest[zeros:], stored[2:2+others])
		rest, stored = rest[zeros+others:], stored[2+others:]
	}
	return pix
}

// room is memory for size bytes: buffer, unless that is too small.
func room(buffer []uint8, size int) []uint8 {
	if len(buffer) < size {
		return make([]uint8, size)
	}
	return buffer[:size:size]
}
