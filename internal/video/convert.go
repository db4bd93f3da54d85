package video

import (
	"encoding/binary"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Output says what a Converter makes.
type Output struct {
	Colour bool // red, green and blue; grey otherwise
	Wide   bool // values of 16 bits, of 0 to 65535, otherwise of 8
	// AsStored leaves the samples of grey and RGB as they are, with Wide: they are the levels of a
	// camera's converter, and no more bits than it has.
	AsStored bool
}

// A Converter makes pixels of the planes of frames. All is integer arithmetic.
//
// Grey is the luma brought to full range. That of RGB is [imaging.Luma] of 8 bits, and the
// same weights on 16. Colours follow the matrix of the format. Chroma of less resolution is
// repeated: the pixel at (x, y) has the sample at (x>>a, y>>b). Transparency is dropped.
//
// A Converter is used by one goroutine at a time.
type Converter struct {
	format Format
	output Output
	layout *layout
	planes []plane
	most   int64
	levels []uint16
	matrix coefficients
	rows   [3][]uint16
}

// NewConverter makes a converter for frames of a format, which must pass its Check.
func NewConverter(f Format, o Output) (*Converter, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	l := layouts[f.Pixels]
	c := &Converter{format: f, output: o, layout: l, planes: l.planes(f.Width, f.Height), most: 255}
	if o.Wide {
		c.most = 65535
	}
	c.levels = levels(f.Range, l.depth, c.most)
	if o.AsStored && o.Wide && l.kind != yuv {
		for sample := range c.levels {
			c.levels[sample] = uint16(sample)
		}
	}
	if l.kind == yuv {
		c.matrix = newCoefficients(f.Matrix, f.Range, l.depth, c.most)
	}
	for i := range c.rows {
		c.rows[i] = make([]uint16, f.Width)
	}
	return c, nil
}

// New returns an image to convert into.
func (c *Converter) New() imaging.Image {
	m := imaging.Image{Width: c.format.Width, Height: c.format.Height, Channels: 1}
	if c.output.Colour {
		m.Channels = 3
	}
	n := m.Width * m.Height * m.Channels
	if c.output.Wide {
		m.Wide = make([]uint16, n)
	} else {
		m.Pix = make([]uint8, n)
	}
	return m
}

// Convert writes the pixels of a frame, of Format.Bytes bytes, into an image that New has made.
func (c *Converter) Convert(to imaging.Image, data []byte) {
	for y := range c.format.Height {
		c.row(to, data, y)
	}
}

// row converts one row.
func (c *Converter) row(to imaging.Image, data []byte, y int) {
	n := to.Width * to.Channels
	switch {
	case c.layout.kind == grey || c.layout.kind == yuv && !c.output.Colour:
		c.component(0, data, y)
		c.level(c.rows[0])
		c.put(to, y*n, c.rows[0], c.rows[0], c.rows[0])
	case c.layout.kind == yuv:
		for i := range 3 {
			c.component(i, data, y)
		}
		c.mix()
		c.put(to, y*n, c.rows[0], c.rows[1], c.rows[2])
	default:
		for i := range 3 {
			c.component(i, data, y)
			c.level(c.rows[i])
		}
		if !c.output.Colour {
			c.luma()
		}
		c.put(to, y*n, c.rows[0], c.rows[1], c.rows[2])
	}
}

// component unpacks the samples of row y of a component, one for each pixel.
func (c *Converter) component(i int, data []byte, y int) {
	l, at, row := c.layout, c.layout.components[i], c.rows[i]
	if l.palette > 0 {
		c.indexed(i, data, y)
		return
	}
	shift := 0
	if l.kind == yuv && i > 0 {
		shift, y = l.shiftW, y>>l.shiftH
	}
	p := c.planes[at.plane]
	src := data[p.offset+y*p.stride+at.offset:]
	switch {
	case l.depth == 8 && shift == 0 && at.step == 1:
		for x, v := range src[:len(row)] {
			row[x] = uint16(v)
		}
	case l.depth == 8:
		for x := range row {
			row[x] = uint16(src[(x>>shift)*at.step])
		}
	case l.big:
		for x := range row {
			row[x] = l.sample(binary.BigEndian.Uint16(src[(x>>shift)*at.step:]))
		}
	default:
		for x := range row {
			row[x] = l.sample(binary.LittleEndian.Uint16(src[(x>>shift)*at.step:]))
		}
	}
}

// sample takes the sample out of its two bytes. Bits above it are cleared, so that no table is
// read beyond its end.
func (l *layout) sample(v uint16) uint16 { return v >> l.shift & (1<<l.depth - 1) }

// indexed unpacks red, green or blue of a row of palette indexes.
func (c *Converter) indexed(i int, data []byte, y int) {
	p := c.planes[0]
	palette := data[len(data)-c.layout.palette:]
	for x, v := range data[y*p.stride:][:c.format.Width] {
		c.rows[i][x] = uint16(palette[int(v)*4+2-i])
	}
}

// level brings samples to the values of the output.
func (c *Converter) level(row []uint16) {
	for x, v := range row {
		row[x] = c.levels[v]
	}
}

// mix makes red, green and blue of luma, Cb and Cr, in place.
func (c *Converter) mix() {
	m := &c.matrix
	a, b, d := c.rows[0], c.rows[1], c.rows[2]
	b, d = b[:len(a)], d[:len(a)]
	for x := range a {
		y := m.luma*(int64(a[x])-m.black) + 1<<(fractionBits-1)
		u, v := int64(b[x])-m.grey, int64(d[x])-m.grey
		a[x] = uint16(min(max((y+m.redCr*v)>>fractionBits, 0), c.most))
		b[x] = uint16(min(max((y-m.greenCb*u-m.greenCr*v)>>fractionBits, 0), c.most))
		d[x] = uint16(min(max((y+m.blueCb*u)>>fractionBits, 0), c.most))
	}
}

// luma makes the first row the grey of the three.
func (c *Converter) luma() {
	for x, r := range c.rows[0] {
		g, b := c.rows[1][x], c.rows[2][x]
		if !c.output.Wide {
			c.rows[0][x] = uint16(imaging.Luma(uint8(r), uint8(g), uint8(b)))
			continue
		}
		c.rows[0][x] = uint16((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
	}
}

// put writes a row from index at on: the first of three in grey, all three in colour.
func (c *Converter) put(to imaging.Image, at int, r, g, b []uint16) {
	switch {
	case c.output.Wide && c.output.Colour:
		for x := range r {
			o := to.Wide[at+3*x : at+3*x+3]
			o[0], o[1], o[2] = r[x], g[x], b[x]
		}
	case c.output.Wide:
		copy(to.Wide[at:], r)
	case c.output.Colour:
		for x := range r {
			o := to.Pix[at+3*x : at+3*x+3]
			o[0], o[1], o[2] = uint8(r[x]), uint8(g[x]), uint8(b[x])
		}
	default:
		for x, v := range r {
			to.Pix[at+x] = uint8(v)
		}
	}
}
