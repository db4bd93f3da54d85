package jpeg

// upsampler enlarges one plane to the size of the picture, row by row.
type upsampler struct {
	*component
	ratioH, ratioV int // of the picture's samples to the plane's
	line           []uint8
}

// newUpsampler readies the enlarging of a component.
func newUpsampler(c *component, d *decoder) *upsampler {
	u := &upsampler{component: c, ratioH: d.maxH / c.h, ratioV: d.maxV / c.v}
	if u.ratioH > 1 || u.triangleV() {
		u.line = make([]uint8, u.ratioH*c.width)
	}
	return u
}

// triangleH says whether columns are enlarged by the triangle filter. The filter needs a
// plane of more than two samples.
func (u *upsampler) triangleH() bool { return u.ratioH == 2 && u.width > 2 }

// triangleV says whether rows are enlarged by the triangle filter: where columns keep
// their number, or are enlarged by it too.
func (u *upsampler) triangleV() bool {
	return u.ratioV == 2 && (u.ratioH == 1 || u.triangleH())
}

// row gives the row y of the enlarged plane, which has at least the picture's width.
// Samples beyond the plane's edges are those at the edges.
func (u *upsampler) row(y int) []uint8 {
	near := y / u.ratioV
	switch {
	case u.triangleV() && u.ratioH == 2:
		active.doubleBoth(u.line, u.samples(near), u.samples(u.far(y)))
	case u.triangleV():
		active.doubleRows(u.line, u.samples(near), u.samples(u.far(y)), int32(1+y&1))
	case u.triangleH() && u.ratioV == 1:
		active.doubleColumns(u.line, u.samples(near))
	case u.ratioH > 1:
		u.repeat(u.samples(near))
	default:
		return u.samples(near)
	}
	return u.line
}

// far is the second nearest row of the plane to the row y of the picture.
func (u *upsampler) far(y int) int {
	if y&1 == 0 {
		return max(y/2-1, 0)
	}
	return min(y/2+1, u.height-1)
}

func (u *upsampler) samples(row int) []uint8 { return u.plane[row*u.stride:][:u.width] }

// repeat enlarges columns by repeating them.
func (u *upsampler) repeat(in []uint8) {
	out := u.line
	for _, v := range in {
		for k := range u.ratioH {
			out[k] = v
		}
		out = out[u.ratioH:]
	}
}

// doubleColumnsGeneric doubles columns: three quarters of the nearer sample and a quarter
// of the further. Halves are rounded down and up in turn.
func doubleColumnsGeneric(dst, in []uint8) {
	for i := 1; i < len(in)-1; i++ {
		three := 3 * int32(in[i])
		dst[2*i] = uint8((three + int32(in[i-1]) + 1) >> 2)
		dst[2*i+1] = uint8((three + int32(in[i+1]) + 2) >> 2)
	}
	doubleColumnsEdges(dst, in)
}

// doubleColumnsEdges makes of the samples at the edges what has no neighbour there.
func doubleColumnsEdges(dst, in []uint8) {
	last := len(in) - 1
	dst[0] = in[0]
	dst[1] = uint8((3*int32(in[0]) + int32(in[1]) + 2) >> 2)
	dst[2*last] = uint8((3*int32(in[last]) + int32(in[last-1]) + 1) >> 2)
	dst[2*last+1] = in[last]
}

// doubleRowsGeneric doubles rows. The bias is 1 for the upper and 2 for the lower of two.
func doubleRowsGeneric(dst, near, far []uint8, bias int32) {
	for i, v := range near {
		dst[i] = uint8((3*int32(v) + int32(far[i]) + bias) >> 2)
	}
}

// doubleBothGeneric doubles rows and columns and rounds once.
func doubleBothGeneric(dst, near, far []uint8) {
	left, middle := sumOf(near[0], far[0]), sumOf(near[1], far[1])
	for i := 1; i < len(near)-1; i++ {
		right := sumOf(near[i+1], far[i+1])
		dst[2*i] = uint8((3*middle + left + 8) >> 4)
		dst[2*i+1] = uint8((3*middle + right + 7) >> 4)
		left, middle = middle, right
	}
	doubleBothEdges(dst, near, far)
}

// doubleBothEdges makes of the samples at the edges what has no neighbour there.
func doubleBothEdges(dst, near, far []uint8) {
	last := len(near) - 1
	first, second := sumOf(near[0], far[0]), sumOf(near[1], far[1])
	dst[0] = uint8((4*first + 8) >> 4)
	dst[1] = uint8((3*first + second + 7) >> 4)
	end, before := sumOf(near[last], far[last]), sumOf(near[last-1], far[last-1])
	dst[2*last] = uint8((3*end + before + 8) >> 4)
	dst[2*last+1] = uint8((4*end + 7) >> 4)
}

// sumOf weighs a sample of the nearer row and one of the further.
func sumOf(near, far uint8) int32 { return 3*int32(near) + int32(far) }
