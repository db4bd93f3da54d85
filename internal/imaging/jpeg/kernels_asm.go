//go:build !purego && (amd64 || arm64)

package jpeg

// assembly are the kernels of an instruction set as they are written in assembly, with
// pointers. Those of rows take at least shortest samples, and those of the triangle filter
// read one more at each end.
type assembly struct {
	inverseDCT    func(dst *uint8, stride int, b *int16, quant *uint16)
	doubleBoth    func(dst, near, far *uint8, n int)
	doubleColumns func(dst, in *uint8, n int)
	doubleRows    func(dst, near, far *uint8, n int, bias uint32)
	convert       func(dst, y, cb, cr *uint8, n int)
}

// kernels checks lengths and leaves short rows to the definition.
func (a assembly) kernels(name string) *kernels {
	return &kernels{
		name: name,
		inverseDCT: func(dst []uint8, stride int, b *block, quant *[64]uint16) {
			_ = dst[7*stride+7]
			a.inverseDCT(&dst[0], stride, &b[0], &quant[0])
		},
		doubleBoth: func(dst, near, far []uint8) {
			inside := len(near) - 2
			if inside < shortest {
				doubleBothGeneric(dst, near, far)
				return
			}
			_, _ = dst[2*len(near)-1], far[len(near)-1]
			a.doubleBoth(&dst[2], &near[1], &far[1], inside)
			doubleBothEdges(dst, near, far)
		},
		doubleColumns: func(dst, in []uint8) {
			inside := len(in) - 2
			if inside < shortest {
				doubleColumnsGeneric(dst, in)
				return
			}
			_ = dst[2*len(in)-1]
			a.doubleColumns(&dst[2], &in[1], inside)
			doubleColumnsEdges(dst, in)
		},
		doubleRows: func(dst, near, far []uint8, bias int32) {
			if len(near) < shortest {
				doubleRowsGeneric(dst, near, far, bias)
				return
			}
			_, _ = dst[len(near)-1], far[len(near)-1]
			a.doubleRows(&dst[0], &near[0], &far[0], len(near), uint32(bias))
		},
		convert: func(dst, y, cb, cr []uint8) {
			if len(y) < shortest {
				convertGeneric(dst, y, cb, cr)
				return
			}
			_, _, _ = dst[3*len(y)-1], cb[len(y)-1], cr[len(y)-1]
			a.convert(&dst[0], &y[0], &cb[0], &cr[0], len(y))
		},
	}
}
