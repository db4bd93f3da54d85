package jpeg

// Recompress changes pixels, [height,width,channels] of one channel (grey) or three (red,
// green, blue), to what is left of them when they are written to a baseline file of a quality
// from 1 to 100 and decoded again. The file is that of libjpeg-turbo's defaults: the tables of
// clause K.1 scaled by quality, the "islow" transform, and colour planes of half the width and
// height. No file is made, since coding its coefficients loses nothing.
func Recompress(pix []uint8, width, height, channels, quality int) {
	d := compressor(width, height, channels)
	luminance, chrominance := tableOf(&luminanceTable, quality), tableOf(&chrominanceTable, quality)
	space := asStored
	if channels == 1 {
		fillGrey(&d.components[0], pix, width, height)
	} else {
		space = ycc
		fillColour(d, pix)
	}
	for i := range d.components {
		table := luminance
		if i > 0 {
			table = chrominance
		}
		d.components[i].requantise(table)
	}
	d.renderInto(pix, space)
	for i := range d.components {
		d.components[i].release()
	}
}

// compressor is a decoder of a picture whose planes are to be filled.
func compressor(width, height, channels int) *decoder {
	d := &decoder{width: width, height: height, maxH: 1, maxV: 1}
	d.components = []component{{h: 1, v: 1}}
	if channels == 3 {
		d.maxH, d.maxV = 2, 2
		d.components = []component{{h: 2, v: 2}, {h: 1, v: 1}, {h: 1, v: 1}}
	}
	d.mcusX, d.mcusY = ceil(width, 8*d.maxH), ceil(height, 8*d.maxV)
	for i := range d.components {
		d.components[i].size(d)
		d.components[i].allocate(false)
	}
	return d
}

// The quantisation tables of clause K.1, in natural order.
var (
	luminanceTable = [64]uint16{
		16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
		14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
		49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
	}
	chrominanceTable = [64]uint16{
		17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
		24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	}
)

// tableOf scales a table by quality, as libjpeg does: 50 leaves it as it is.
func tableOf(standard *[64]uint16, quality int) *[64]uint16 {
	scale := 200 - 2*quality
	if quality < 50 {
		scale = 5000 / quality
	}
	var table [64]uint16
	for k, v := range standard {
		table[k] = uint16(min(max((int(v)*scale+50)/100, 1), 255))
	}
	return &table
}

// fillGrey fills the plane of a grey picture.
func fillGrey(c *component, pix []uint8, width, height int) {
	for y := range height {
		copy(c.plane[y*c.stride:], pix[y*width:(y+1)*width])
	}
	c.extend(width, height)
}

// extend repeats the last column and the last row up to the plane's edges.
func (c *component) extend(width, height int) {
	for y := range height {
		row := c.plane[y*c.stride:][:c.stride]
		for x := width; x < c.stride; x++ {
			row[x] = row[width-1]
		}
	}
	last := c.plane[(height-1)*c.stride:][:c.stride]
	for y := height; y < c.rows; y++ {
		copy(c.plane[y*c.stride:], last)
	}
}

// Conversion to YCbCr, in 16 bits of fraction: ITU-T T.871, clause 7, with its coefficients
// rounded.
const (
	redToY, greenToY, blueToY = 19595, 38470, 7471 // 0.29900, 0.58700, 0.11400
	redToCb, greenToCb        = 11059, 21709       // 0.16874, 0.33126
	greenToCr, blueToCr       = 27439, 5329        // 0.41869, 0.08131
	chromaZero                = 128<<16 + half - 1
)

// fillColour fills the planes of a picture in colour. Those of chrominance have the mean of
// two by two pixels, whose halves are rounded down and up in turn.
func fillColour(d *decoder, pix []uint8) {
	y, cb, cr := &d.components[0], &d.components[1], &d.components[2]
	for row := range d.height {
		to, from := y.plane[row*y.stride:], pix[row*d.width*3:][:d.width*3]
		for x := range d.width {
			r, g, b := int32(from[3*x]), int32(from[3*x+1]), int32(from[3*x+2])
			to[x] = uint8((redToY*r + greenToY*g + blueToY*b + half) >> 16)
		}
	}
	y.extend(d.width, d.height)
	for row := range cb.height {
		above := pix[2*row*d.width*3:][:d.width*3]
		below := pix[min(2*row+1, d.height-1)*d.width*3:][:d.width*3]
		for x := range cb.stride {
			bias := int32(1 + x&1)
			left, right := min(2*x, d.width-1)*3, min(2*x+1, d.width-1)*3
			b0, r0 := chroma(above[left:])
			b1, r1 := chroma(above[right:])
			b2, r2 := chroma(below[left:])
			b3, r3 := chroma(below[right:])
			cb.plane[row*cb.stride+x] = uint8((b0 + b1 + b2 + b3 + bias) >> 2)
			cr.plane[row*cr.stride+x] = uint8((r0 + r1 + r2 + r3 + bias) >> 2)
		}
	}
	cb.extend(cb.stride, cb.height)
	cr.extend(cr.stride, cr.height)
}

// chroma is the chrominance of a pixel.
func chroma(pixel []uint8) (cb, cr int32) {
	r, g, b := int32(pixel[0]), int32(pixel[1]), int32(pixel[2])
	return (-redToCb*r - greenToCb*g + b<<15 + chromaZero) >> 16, (r<<15 - greenToCr*g - blueToCr*b + chromaZero) >> 16
}

// requantise transforms a plane, rounds its coefficients to multiples of the table's numbers
// and transforms it back.
func (c *component) requantise(table *[64]uint16) {
	var b block
	for y := 0; y < c.rows; y += 8 {
		for x := 0; x < c.stride; x += 8 {
			samples := c.plane[y*c.stride+x:]
			b.forwardDCT(samples, c.stride, table)
			active.inverseDCT(samples, c.stride, &b, table)
		}
	}
}

// forwardDCT transforms 8x8 samples, clause A.3.3, whose rows are stride apart, and quantises
// them, clause A.3.4: halves are rounded away from zero. The transform is the inverse of that
// of inverseDCT: rows first, which keep 2 bits more than samples have, then columns.
func (b *block) forwardDCT(samples []uint8, stride int, table *[64]uint16) {
	var w [64]int32
	for y := range 8 {
		in := samples[y*stride:][:8]
		row := (*[8]int32)(w[8*y:])
		for x, v := range in {
			row[x] = int32(v) - 128
		}
		forward8(row, true, 13-passBits)
	}
	for x := range 8 {
		var column [8]int32
		for k := range column {
			column[k] = w[8*k+x]
		}
		forward8(&column, false, 13+passBits)
		for k, v := range column {
			b[8*k+x] = quantise(v, 8*int32(table[8*k+x]))
		}
	}
}

// quantise is v/step, rounded.
func quantise(v, step int32) int16 {
	if v < 0 {
		return int16(-((-v + step/2) / step))
	}
	return int16((v + step/2) / step)
}

// passBits are the bits of fraction that values have between the passes.
const passBits = 2

// forward8 transforms eight values: the first pass gives the result its fraction, and the second
// takes it away. Products have 13 bits of fraction, and down is what takes theirs away. All
// are rounded.
func forward8(v *[8]int32, first bool, down int) {
	s0, s1, s2, s3 := v[0]+v[7], v[1]+v[6], v[2]+v[5], v[3]+v[4]
	d4, d5, d6, d7 := v[3]-v[4], v[2]-v[5], v[1]-v[6], v[0]-v[7]
	t10, t13, t11, t12 := s0+s3, s0-s3, s1+s2, s1-s2
	if first {
		v[0], v[4] = (t10+t11)<<passBits, (t10-t11)<<passBits
	} else {
		const half = 1 << (passBits - 1)
		v[0], v[4] = (t10+t11+half)>>passBits, (t10-t11+half)>>passBits
	}
	round := int32(1) << (down - 1)
	z := (t12+t13)*fix0_541196100 + round
	v[2], v[6] = (z+t13*fix0_765366865)>>down, (z-t12*fix1_847759065)>>down

	z1, z2, z3, z4 := d4+d7, d5+d6, d4+d6, d5+d7
	z5 := (z3+z4)*fix1_175875602 + round
	z1, z2 = z1*-fix0_899976223, z2*-fix2_562915447
	z3, z4 = z5-z3*fix1_961570560, z5-z4*fix0_390180644
	v[7] = (d4*fix0_298631336 + z1 + z3) >> down
	v[5] = (d5*fix2_053119869 + z2 + z4) >> down
	v[3] = (d6*fix3_072711026 + z2 + z3) >> down
	v[1] = (d7*fix1_501321110 + z1 + z4) >> down
}
