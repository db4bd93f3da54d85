package jpeg

// kernels is one way to compute the steps that are worth vector instructions. All give the
// same bytes; the generic one, in portable Go, is their definition. The kernels of rows
// take rows of at least sixteen samples.
type kernels struct {
	name       string
	inverseDCT func(dst []uint8, stride int, b *block, quant *[64]uint16)
	// doubleBoth, doubleColumns and doubleRows are the triangle filter in both directions
	// and in one. They take the length of in or near.
	doubleBoth    func(dst, near, far []uint8)
	doubleColumns func(dst, in []uint8)
	doubleRows    func(dst, near, far []uint8, bias int32)
	convert       func(dst, y, cb, cr []uint8)
}

var generic = kernels{"generic", inverseDCTGeneric, doubleBothGeneric, doubleColumnsGeneric, doubleRowsGeneric, convertGeneric}

// active are the kernels in use.
var active = available()[0]

// available lists the kernels that this processor can run, the fastest first.
func available() []*kernels { return append(accelerated(), &generic) }

// shortest is how many samples a row must have for the vector kernels.
const shortest = 16
