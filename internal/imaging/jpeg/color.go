package jpeg

// colorSpace says how the components of a picture become its channels.
type colorSpace int

const (
	asStored colorSpace = iota // grey, RGB and CMYK
	ycc                        // YCbCr to RGB
	ycck                       // YCbCr and black to CMYK
)

// colorSpace finds out what the components are. The standard does not say; the rules are
// those of JFIF and of Adobe's segment, and where there is neither, of libjpeg.
func (d *decoder) colorSpace() (colorSpace, error) {
	switch len(d.components) {
	case 1:
		return asStored, nil
	case 4:
		switch {
		case !d.adobe || d.transform == 0:
			return asStored, nil
		case d.transform == 2:
			return ycck, nil
		}
		return 0, damaged("its Adobe segment has the colour transform %d: want 0 or 2 for four components", d.transform)
	}
	switch {
	case d.jfif:
		return ycc, nil
	case d.adobe && d.transform > 1:
		return 0, damaged("its Adobe segment has the colour transform %d: want 0 or 1 for three components", d.transform)
	case d.adobe && d.transform == 0:
		return asStored, nil
	case d.adobe:
		return ycc, nil
	}
	if string([]byte{d.components[0].id, d.components[1].id, d.components[2].id}) == "RGB" {
		return asStored, nil
	}
	return ycc, nil
}

// Conversion from YCbCr, in 16 bits of fraction: ITU-T T.871, clause 7, with its
// coefficients rounded, and the rest of green rounded once.
const (
	half      = 1 << 15
	crToRed   = 91881  // 1.40200
	cbToBlue  = 116130 // 1.77200
	crToGreen = 46802  // 0.71414
	cbToGreen = 22554  // 0.34414
)

// convertGeneric makes RGB of a row of YCbCr, as three bytes a pixel.
func convertGeneric(dst, y, cb, cr []uint8) {
	cb, cr, dst = cb[:len(y)], cr[:len(y)], dst[:3*len(y)]
	for i, v := range y {
		r, g, b := rgb(int32(v), int32(cb[i])-128, int32(cr[i])-128)
		dst[3*i], dst[3*i+1], dst[3*i+2] = r, g, b
	}
}

func rgb(y, cb, cr int32) (r, g, b uint8) {
	return limit(y + (crToRed*cr+half)>>16),
		limit(y + (-cbToGreen*cb-crToGreen*cr+half)>>16),
		limit(y + (cbToBlue*cb+half)>>16)
}

func limit(v int32) uint8 { return uint8(max(0, min(v, 255))) }

// render enlarges the planes and makes pixels of them.
func (d *decoder) render(space colorSpace) *Picture {
	channels := len(d.components)
	p := &Picture{Width: d.width, Height: d.height, Channels: channels, Pix: make([]uint8, d.width*d.height*channels)}
	d.renderInto(p.Pix, space)
	return p
}

// renderInto fills pix with the pixels, [height,width,channels].
func (d *decoder) renderInto(pix []uint8, space colorSpace) {
	channels := len(d.components)
	planes := make([]*upsampler, channels)
	for i := range planes {
		planes[i] = newUpsampler(&d.components[i], d)
	}
	rows := make([][]uint8, channels)
	for y := range d.height {
		for i, u := range planes {
			rows[i] = u.row(y)[:d.width]
		}
		pixels(pix[y*d.width*channels:][:d.width*channels], rows, space)
	}
}

// pixels makes a row of pixels of the rows of all components.
func pixels(dst []uint8, rows [][]uint8, space colorSpace) {
	switch {
	case len(rows) == 1:
		copy(dst, rows[0])
	case space == ycc:
		active.convert(dst, rows[0], rows[1], rows[2])
	case space == ycck:
		for i := range rows[0] {
			r, g, b := rgb(int32(rows[0][i]), int32(rows[1][i])-128, int32(rows[2][i])-128)
			dst[4*i], dst[4*i+1], dst[4*i+2], dst[4*i+3] = 255-r, 255-g, 255-b, rows[3][i]
		}
	default:
		for c, row := range rows {
			for i, v := range row {
				dst[len(rows)*i+c] = v
			}
		}
	}
}
