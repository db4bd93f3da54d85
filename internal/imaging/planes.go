package imaging

import "image"

// fromPlanes makes colour of the planes of a lossy WebP file, whose colour planes have half
// the rows and columns. The bytes are those of libwebp's defaults: its "fancy" upsampling,
// which weighs the four nearest samples by 9, 3, 3 and 1, and its conversion.
func fromPlanes(m *image.YCbCr) Image {
	img := New(m.Rect.Dx(), m.Rect.Dy(), 3)
	columns, rows := (img.Width+1)/2, (img.Height+1)/2
	cb, cr := make([]uint8, 2*columns), make([]uint8, 2*columns)
	for y := range img.Height {
		near := y / 2
		far := min(max(near-1+2*(y&1), 0), rows-1)
		doubled(cb, m.Cb[near*m.CStride:][:columns], m.Cb[far*m.CStride:][:columns])
		doubled(cr, m.Cr[near*m.CStride:][:columns], m.Cr[far*m.CStride:][:columns])
		convertRow(img.Row(y), m.Y[y*m.YStride:][:img.Width], cb, cr)
	}
	return img
}

// doubled makes two samples of each one of the row near, which lies nearer to the row that is
// made than the row far. The first and the last have no neighbour.
func doubled(dst, near, far []uint8) {
	last := len(near) - 1
	far = far[:len(near)]
	dst[0] = uint8((3*int32(near[0]) + int32(far[0]) + 2) >> 2)
	dst[2*last+1] = uint8((3*int32(near[last]) + int32(far[last]) + 2) >> 2)
	for x := range last {
		a, b, c, d := int32(near[x]), int32(near[x+1]), int32(far[x]), int32(far[x+1])
		sum := a + b + c + d + 8
		// Rounded twice, as there.
		dst[2*x+1] = uint8(((sum+2*(b+c))>>3 + a) >> 1)
		dst[2*x+2] = uint8(((sum+2*(a+d))>>3 + b) >> 1)
	}
}

// Conversion from YCbCr of limited range (ITU-R BT.601), in 14 bits of fraction of which six
// remain for the sum: 1.164, 1.596, 0.391, 0.813 and 2.018.
const (
	lumaScale = 19077
	crRed     = 26149
	cbGreen   = 6419
	crGreen   = 13320
	cbBlue    = 33050
)

func convertRow(dst, y, cb, cr []uint8) {
	cb, cr, dst = cb[:len(y)], cr[:len(y)], dst[:3*len(y)]
	for i, v := range y {
		l, u, w := int32(v)*lumaScale>>8, int32(cb[i]), int32(cr[i])
		dst[3*i] = clip(l + w*crRed>>8 - 14234)
		dst[3*i+1] = clip(l - u*cbGreen>>8 - w*crGreen>>8 + 8708)
		dst[3*i+2] = clip(l + u*cbBlue>>8 - 17685)
	}
}

// clip rounds six bits of fraction off.
func clip(v int32) uint8 {
	return uint8(max(0, min(v>>6, 255)))
}
