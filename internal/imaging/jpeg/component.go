package jpeg

import "sync"

// component is one plane of a picture.
type component struct {
	id   byte
	h, v int  // sampling factors, clause A.1.1
	tq   byte // number of its quantisation table

	width, height    int // of its samples, clause A.1.1
	blocksX, blocksY int // that cover the samples: those of a scan of this component alone, clause A.2.2
	stride           int // samples of a row of the plane, and rows below: whole MCUs
	rows             int

	quant    *[64]uint16 // as it was at the component's first scan
	plane    []uint8     // [rows,stride]
	blocks   []block     // [rows/8,stride/8], where coefficients are kept
	accuracy [64]int8    // of a progressive file: lowest bit that was sent of each coefficient in zigzag order; -1: none
	sent     bool
}

// block is one block of coefficients in natural order, before dequantisation.
type block [64]int16

// size sets the sizes that follow from the frame header.
func (c *component) size(d *decoder) {
	c.width, c.height = ceil(d.width*c.h, d.maxH), ceil(d.height*c.v, d.maxV)
	c.blocksX, c.blocksY = ceil(c.width, 8), ceil(c.height, 8)
	c.stride, c.rows = 8*c.h*d.mcusX, 8*c.v*d.mcusY
	for k := range c.accuracy {
		c.accuracy[k] = -1
	}
}

// allocate makes the plane, and where coefficients are kept their blocks.
func (c *component) allocate(buffered bool) {
	c.plane = takePlane(c.rows * c.stride)
	if buffered {
		c.blocks = make([]block, c.rows/8*(c.stride/8))
	}
}

// planes are those of pictures that are decoded, for the next ones. What they hold is
// overwritten.
var planes = sync.Pool{New: func() any { return new([]uint8) }}

// takePlane returns a plane of that many samples, whose values are of no meaning.
func takePlane(size int) []uint8 {
	p := planes.Get().(*[]uint8)
	if cap(*p) < size {
		return make([]uint8, size)
	}
	return (*p)[:size]
}

// release gives the plane back.
func (c *component) release() {
	plane := c.plane
	c.plane = nil
	planes.Put(&plane)
}

// transform makes the samples of the coefficients.
func (c *component) transform() {
	for y := range c.blocksY {
		for x := range c.blocksX {
			active.inverseDCT(c.plane[8*y*c.stride+8*x:], c.stride, &c.blocks[y*(c.stride/8)+x], c.quant)
		}
	}
	c.blocks = nil
}
